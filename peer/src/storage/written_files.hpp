#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>

namespace xfsbus::peer::storage {

/// The files that one download has put in place, so that it never replaces what it wrote itself:
/// on a disk that does not tell upper from lower case, two names can be one file. Thread-safe.
class WrittenFiles {
  public:
    using Identity = std::pair<std::uint64_t, std::uint64_t>;  ///< device and inode

    static Identity identity(struct stat const& status) { return {status.st_dev, status.st_ino}; }

    /// Held while a file is given its name, with what is asked before.
    [[nodiscard]] std::unique_lock<std::mutex> turn() { return std::unique_lock(turn_); }

    void add(Identity const& file, std::string name) {
        std::scoped_lock const lock(mutex_);
        names_.insert_or_assign(file, std::move(name));
    }

    /// Under which other name this file was put in place.
    [[nodiscard]] std::optional<std::string> other_name(Identity const& file,
                                                        std::string const& name) const {
        std::scoped_lock const lock(mutex_);
        auto const found = names_.find(file);
        return found == names_.end() || found->second == name ? std::nullopt
                                                              : std::optional(found->second);
    }

  private:
    std::mutex turn_;
    mutable std::mutex mutex_;
    std::map<Identity, std::string> names_;
};

}  // namespace xfsbus::peer::storage
