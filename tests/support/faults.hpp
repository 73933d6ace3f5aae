#pragma once

#include <xfsbus/files/system.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::test {

/// What a call on a disk may fail with.
inline constexpr std::array disk_errors{EINVAL, ENOSYS, EPERM,  EACCES, EDQUOT, ENOSPC,
                                        EIO,    EFBIG,  ENOLCK, EMFILE, EINTR};

/// These, and that it has read or written less than it was to.
inline std::vector<files::Fault> disk_faults() {
    std::vector<files::Fault> all;
    for (int const error : disk_errors) {
        all.push_back({error});
    }
    for (std::size_t const bytes : {1U, 1000U}) {
        all.push_back({0, bytes});
    }
    return all;
}

/// Lets one call on files of this process fail, while it lives: the n-th from 0 on.
class FaultAt final : public files::Faults {
  public:
    FaultAt(std::size_t number, files::Fault fault) : number_(number), fault_(fault) {
        files::set_faults(this);
    }

    ~FaultAt() override { files::set_faults(nullptr); }

    FaultAt(FaultAt const&) = delete;
    FaultAt& operator=(FaultAt const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view path) override {
        std::scoped_lock const lock(mutex_);
        if (count_++ != number_) {
            return {};
        }
        hit_ = std::string(call) + "(" + std::string(path) + ")";
        return fault_;
    }

    /// From now on none fails.
    void disarm() {
        std::scoped_lock const lock(mutex_);
        number_ = 0;
        count_ = 1;
    }

    /// The call that failed; empty if there were fewer.
    [[nodiscard]] std::string hit() const {
        std::scoped_lock const lock(mutex_);
        return hit_;
    }

  private:
    std::size_t number_;
    files::Fault fault_;
    mutable std::mutex mutex_;
    std::size_t count_ = 0;
    std::string hit_;
};

}  // namespace xfsbus::test
