#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace xfsbus::peer::storage {

/// Holds a temporary file for one download: against other processes by flock(), and against other
/// downloads of this process, which is all that is left on a file system without file locks.
/// The descriptor has to stay open as long.
class PartLock {
  public:
    enum class Outcome {
        held,
        held_here_only,  ///< the file system has no locks: other processes are not kept out
        busy,            ///< somebody else holds it
        failed,          ///< errno says why
    };

    PartLock() = default;

    ~PartLock() { release(); }

    PartLock(PartLock const&) = delete;
    PartLock& operator=(PartLock const&) = delete;

    /// Never waits.
    Outcome take(int fd);
    void release();

  private:
    std::pair<std::uint64_t, std::uint64_t> file_{};  ///< its device and inode
    bool held_ = false;
};

/// Whether the open file is what has this name in the directory. It may have lost it before it was
/// locked.
bool has_name(int fd, int directory, std::string const& leaf);

}  // namespace xfsbus::peer::storage
