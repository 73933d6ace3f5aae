#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include <sys/mount.h>

namespace xfsbus::test {

/// Shows a directory at another place, too, until the end of the scope; where that is not allowed
/// there is a problem instead.
class BindMount {
  public:
    BindMount(std::filesystem::path const& directory, std::filesystem::path at)
        : at_(std::move(at)) {
        if (::mount(directory.c_str(), at_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
            problem_ = std::strerror(errno);
        }
    }

    ~BindMount() { unmount(); }

    BindMount(BindMount const&) = delete;
    BindMount& operator=(BindMount const&) = delete;

    /// Also while it is in use.
    void unmount() {
        if (problem_.empty()) {
            ::umount2(at_.c_str(), MNT_DETACH);
            problem_ = "unmounted";
        }
    }

    /// Empty while it is mounted.
    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    std::filesystem::path at_;
    std::string problem_;
};

}  // namespace xfsbus::test
