#include "storage/part_lock.hpp"

#include <xfsbus/files/system.hpp>

#include <cerrno>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

/// The files that this process holds.
class Held {
  public:
    using File = std::pair<std::uint64_t, std::uint64_t>;

    bool insert(File const& file) {
        std::scoped_lock const lock(mutex_);
        return files_.insert(file).second;
    }

    void erase(File const& file) {
        std::scoped_lock const lock(mutex_);
        files_.erase(file);
    }

  private:
    std::mutex mutex_;
    std::set<File> files_;
};

Held& held_here() {
    static Held held;
    return held;
}

bool has_no_locks(int error) {
    return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL || error == ENOLCK;
}

}  // namespace

PartLock::Outcome PartLock::take(int fd) {
    release();

    struct stat status {};

    if (files::fstat(fd, &status) != 0) {
        return Outcome::failed;
    }
    file_ = {status.st_dev, status.st_ino};
    held_ = held_here().insert(file_);
    if (!held_) {
        return Outcome::busy;
    }
    if (files::flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return Outcome::held;
    }
    int const error = errno;
    if (has_no_locks(error)) {
        return Outcome::held_here_only;
    }
    release();
    errno = error;
    return error == EWOULDBLOCK ? Outcome::busy : Outcome::failed;
}

void PartLock::release() {
    if (std::exchange(held_, false)) {
        held_here().erase(file_);
    }
}

bool has_name(int fd, int directory, std::string const& leaf) {
    struct stat opened {};

    struct stat named {};

    return files::fstat(fd, &opened) == 0 &&
           files::fstatat(directory, leaf.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace xfsbus::peer::storage
