#pragma once

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

/// The one door to the system's calls on files: all code that touches a disk goes through it, so
/// that a test can make any call fail with any errno, or transfer less than it was asked to. Each
/// has the name, the parameters and the result of the system's own, see section 2 of the manual;
/// one that a signal interrupts is made again. Any thread.
namespace xfsbus::files {

/// What becomes of one call.
struct Fault {
    int error = 0;  ///< errno, unless 0: then nothing is done
    /// A read or write transfers no more.
    std::size_t bytes_most = std::numeric_limits<std::size_t>::max();
};

/// Asked before each call, with the descriptor that it is about or begins at (-1: none), and the
/// path (empty: none). On the thread of the call; several may call at once.
class Faults {
  public:
    virtual ~Faults() = default;
    virtual Fault on_call(std::string_view call, int fd, std::string_view path) = 0;
};

/// For tests: all calls of this process ask this one from now on; nullptr: nobody, as at the
/// start. Whoever sets it keeps it alive until no call is under way any more.
void set_faults(Faults* faults);

int open(char const* path, int flags, mode_t mode = 0);
int openat(int directory, char const* path, int flags, mode_t mode = 0);
int mkdirat(int directory, char const* path, mode_t mode);
int unlinkat(int directory, char const* path, int flags);
int linkat(int old_directory, char const* old_path, int new_directory, char const* new_path,
           int flags);
int renameat2(int old_directory, char const* old_path, int new_directory, char const* new_path,
              unsigned flags);

int fstat(int fd, struct stat* status);
int fstatat(int directory, char const* path, struct stat* status, int flags);
int statx(int directory, char const* path, int flags, unsigned mask, struct statx* status);
int fstatfs(int fd, struct statfs* status);
int fstatvfs(int fd, struct statvfs* status);

ssize_t read(int fd, void* buffer, std::size_t bytes);
ssize_t pread(int fd, void* buffer, std::size_t bytes, off_t offset);
ssize_t write(int fd, void const* buffer, std::size_t bytes);
ssize_t pwrite(int fd, void const* buffer, std::size_t bytes, off_t offset);
/// From a file to a socket; `from` is where in the file, and is moved on.
ssize_t sendfile(int to, int from_fd, off_t* from, std::size_t bytes);
off_t lseek(int fd, off_t offset, int whence);

int fallocate(int fd, int mode, off_t offset, off_t bytes);
int ftruncate(int fd, off_t bytes);
int flock(int fd, int operation);
int fchmod(int fd, mode_t mode);
int futimens(int fd, timespec const times[2]);
int fdatasync(int fd);
int fsync(int fd);
int syncfs(int fd);
/// What is in memory begins to go to the disk; nothing is known of its arrival.
int sync_file_range(int fd, off_t offset, off_t bytes, unsigned flags);
/// 0, or the error, as posix_fadvise(2) has it.
int posix_fadvise(int fd, off_t offset, off_t bytes, int advice);

DIR* fdopendir(int fd);
/// nullptr with errno 0: the end of the directory.
dirent* readdir(DIR* directory);

int inotify_init1(int flags);
int inotify_add_watch(int fd, char const* path, unsigned events);

}  // namespace xfsbus::files
