#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <unistd.h>

namespace xfsbus::files {
namespace {

std::atomic<Faults*> in_use{nullptr};

Fault fault_of(std::string_view call, int fd, char const* path) {
    auto* const faults = in_use.load(std::memory_order_acquire);
    return faults == nullptr ? Fault{} : faults->on_call(call, fd, path == nullptr ? "" : path);
}

/// Makes the call, unless it is to fail, again as long as a signal interrupts it.
template <typename Call>
auto repeated(std::string_view name, int fd, char const* path, Call const& call) {
    while (true) {
        auto const fault = fault_of(name, fd, path);
        errno = fault.error;
        auto const result = fault.error != 0 ? decltype(call(fault))(-1) : call(fault);
        if (result != -1 || errno != EINTR) {
            return result;
        }
    }
}

template <typename Call>
auto unless_fault(std::string_view name, int fd, char const* path, Call const& call) {
    return repeated(name, fd, path, [&](Fault const&) { return call(); });
}

/// The same for a transfer, which may also be cut short.
template <typename Call>
ssize_t transfer(std::string_view name, int fd, std::size_t bytes, Call const& call) {
    return repeated(name, fd, nullptr,
                    [&](Fault const& fault) { return call(std::min(bytes, fault.bytes_most)); });
}

}  // namespace

void set_faults(Faults* faults) {
    in_use.store(faults, std::memory_order_release);
}

int open(char const* path, int flags, mode_t mode) {
    return unless_fault("open", -1, path, [&] { return ::open(path, flags, mode); });
}

int openat(int directory, char const* path, int flags, mode_t mode) {
    return unless_fault("openat", directory, path,
                        [&] { return ::openat(directory, path, flags, mode); });
}

int mkdirat(int directory, char const* path, mode_t mode) {
    return unless_fault("mkdirat", directory, path,
                        [&] { return ::mkdirat(directory, path, mode); });
}

int unlinkat(int directory, char const* path, int flags) {
    return unless_fault("unlinkat", directory, path,
                        [&] { return ::unlinkat(directory, path, flags); });
}

int linkat(int old_directory, char const* old_path, int new_directory, char const* new_path,
           int flags) {
    return unless_fault("linkat", old_directory, old_path, [&] {
        return ::linkat(old_directory, old_path, new_directory, new_path, flags);
    });
}

int renameat2(int old_directory, char const* old_path, int new_directory, char const* new_path,
              unsigned flags) {
    return unless_fault("renameat2", old_directory, old_path, [&] {
        return ::renameat2(old_directory, old_path, new_directory, new_path, flags);
    });
}

int fstat(int fd, struct stat* status) {
    return unless_fault("fstat", fd, nullptr, [&] { return ::fstat(fd, status); });
}

int fstatat(int directory, char const* path, struct stat* status, int flags) {
    return unless_fault("fstatat", directory, path,
                        [&] { return ::fstatat(directory, path, status, flags); });
}

int statx(int directory, char const* path, int flags, unsigned mask, struct statx* status) {
    return unless_fault("statx", directory, path,
                        [&] { return ::statx(directory, path, flags, mask, status); });
}

int fstatfs(int fd, struct statfs* status) {
    return unless_fault("fstatfs", fd, nullptr, [&] { return ::fstatfs(fd, status); });
}

int fstatvfs(int fd, struct statvfs* status) {
    return unless_fault("fstatvfs", fd, nullptr, [&] { return ::fstatvfs(fd, status); });
}

ssize_t read(int fd, void* buffer, std::size_t bytes) {
    return transfer("read", fd, bytes, [&](std::size_t most) { return ::read(fd, buffer, most); });
}

ssize_t pread(int fd, void* buffer, std::size_t bytes, off_t offset) {
    return transfer("pread", fd, bytes,
                    [&](std::size_t most) { return ::pread(fd, buffer, most, offset); });
}

ssize_t write(int fd, void const* buffer, std::size_t bytes) {
    return transfer("write", fd, bytes,
                    [&](std::size_t most) { return ::write(fd, buffer, most); });
}

ssize_t pwrite(int fd, void const* buffer, std::size_t bytes, off_t offset) {
    return transfer("pwrite", fd, bytes,
                    [&](std::size_t most) { return ::pwrite(fd, buffer, most, offset); });
}

ssize_t sendfile(int to, int from_fd, off_t* from, std::size_t bytes) {
    return transfer("sendfile", from_fd, bytes,
                    [&](std::size_t most) { return ::sendfile(to, from_fd, from, most); });
}

off_t lseek(int fd, off_t offset, int whence) {
    return unless_fault("lseek", fd, nullptr, [&] { return ::lseek(fd, offset, whence); });
}

int fallocate(int fd, int mode, off_t offset, off_t bytes) {
    return unless_fault("fallocate", fd, nullptr,
                        [&] { return ::fallocate(fd, mode, offset, bytes); });
}

int ftruncate(int fd, off_t bytes) {
    return unless_fault("ftruncate", fd, nullptr, [&] { return ::ftruncate(fd, bytes); });
}

int flock(int fd, int operation) {
    return unless_fault("flock", fd, nullptr, [&] { return ::flock(fd, operation); });
}

int fchmod(int fd, mode_t mode) {
    return unless_fault("fchmod", fd, nullptr, [&] { return ::fchmod(fd, mode); });
}

int futimens(int fd, timespec const times[2]) {
    return unless_fault("futimens", fd, nullptr, [&] { return ::futimens(fd, times); });
}

int fdatasync(int fd) {
    return unless_fault("fdatasync", fd, nullptr, [&] { return ::fdatasync(fd); });
}

int fsync(int fd) {
    return unless_fault("fsync", fd, nullptr, [&] { return ::fsync(fd); });
}

int syncfs(int fd) {
    return unless_fault("syncfs", fd, nullptr, [&] { return ::syncfs(fd); });
}

int sync_file_range(int fd, off_t offset, off_t bytes, unsigned flags) {
    return unless_fault("sync_file_range", fd, nullptr,
                        [&] { return ::sync_file_range(fd, offset, bytes, flags); });
}

int posix_fadvise(int fd, off_t offset, off_t bytes, int advice) {
    auto const fault = fault_of("posix_fadvise", fd, nullptr);
    return fault.error != 0 ? fault.error : ::posix_fadvise(fd, offset, bytes, advice);
}

DIR* fdopendir(int fd) {
    auto const fault = fault_of("fdopendir", fd, nullptr);
    errno = fault.error;
    return fault.error != 0 ? nullptr : ::fdopendir(fd);
}

dirent* readdir(DIR* directory) {
    auto const fault = fault_of("readdir", ::dirfd(directory), nullptr);
    errno = fault.error;
    return fault.error != 0 ? nullptr : ::readdir(directory);
}

int inotify_init1(int flags) {
    return unless_fault("inotify_init1", -1, nullptr, [&] { return ::inotify_init1(flags); });
}

int inotify_add_watch(int fd, char const* path, unsigned events) {
    return unless_fault("inotify_add_watch", fd, path,
                        [&] { return ::inotify_add_watch(fd, path, events); });
}

}  // namespace xfsbus::files
