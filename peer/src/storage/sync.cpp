#include "storage/sync.hpp"

#include <xfsbus/files/system.hpp>

#include <cerrno>

#include <fcntl.h>

namespace xfsbus::peer::storage {
namespace {

int outcome(int result) {
    bool const unsupported = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
    return result == 0 || unsupported ? 0 : errno;
}

}  // namespace

int sync_data(int fd) {
    return outcome(files::fdatasync(fd));
}

int sync_all(int fd) {
    return outcome(files::fsync(fd));
}

void drop_from_memory(int fd) {
    files::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace xfsbus::peer::storage
