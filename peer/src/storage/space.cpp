#include "storage/space.hpp"

#include "storage/leftovers.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <linux/magic.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {

bool is_no_room(int error) {
    return error == ENOSPC || error == EDQUOT;
}

namespace {

/// What is left to others: this part of the disk, and no more than so much.
constexpr std::uint64_t reserve_part = 128;
constexpr std::uint64_t reserve_most = 256ULL * 1024 * 1024;
constexpr std::uint64_t stat_block = 512;

std::string mib(std::uint64_t bytes) {
    return std::to_string((bytes + 1048575) / 1048576) + " MiB";
}

/// What btrfs may set aside of a quota while a call renames a file (measured: 3 MiB). If bytes had
/// all of the quota, no file could be given its name.
constexpr std::uint64_t btrfs_spare = 4ULL * 1024 * 1024;

std::uint64_t kind_of_file_system(int fd) {
    struct statfs status {};

    return files::fstatfs(fd, &status) == 0 ? static_cast<std::uint64_t>(status.f_type) : 0;
}

int allocate(int fd, std::uint64_t bytes) {
    int const failed = files::fallocate(fd, 0, 0, static_cast<off_t>(bytes));
    return failed != 0 && is_no_room(errno) ? errno : 0;
}

/// Allocates what the file is to have, while a file without a name has the spare: what a file gives
/// back counts until btrfs has written, but not what is gone at once.
int allocate_on_btrfs(int directory, int fd, std::uint64_t bytes) {
    files::Fd const other(files::openat(directory, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
    int const error = other ? allocate(other.get(), btrfs_spare) : 0;
    return error != 0 ? error : allocate(fd, bytes);
}

/// 0 if there is room for the file to grow to this size, else ENOSPC.
int find_space(int fd, std::uint64_t bytes) {
    struct statvfs space {};

    struct stat file {};

    if (files::fstatvfs(fd, &space) != 0 || files::fstat(fd, &file) != 0 || space.f_blocks == 0) {
        return 0;  // not known, or without a limit: it shows as it is written
    }
    auto const there = static_cast<std::uint64_t>(file.st_blocks) * stat_block;
    auto const free = std::uint64_t{space.f_bavail} * space.f_frsize;
    auto const all = std::uint64_t{space.f_blocks} * space.f_frsize;
    auto const reserve = std::min(all / reserve_part, reserve_most);
    return bytes <= there || bytes - there + reserve <= free ? 0 : ENOSPC;
}

}  // namespace

int reserve_space(int directory, int fd, std::uint64_t bytes) {
    if (int const error = find_space(fd, bytes)) {
        return error;
    }

    struct stat before {};

    auto const size = static_cast<off_t>(bytes);
    auto const kind = kind_of_file_system(fd);
    // A file system in memory has nothing to gain from it: it would only write zeros to every page.
    if (bytes > 0 && kind != TMPFS_MAGIC && files::fstat(fd, &before) == 0) {
        int const error = kind == BTRFS_SUPER_MAGIC ? allocate_on_btrfs(directory, fd, bytes)
                                                    : allocate(fd, bytes);
        if (error != 0) {
            static_cast<void>(files::ftruncate(fd, std::min(before.st_size, size)));
            return error;
        }
    }
    // A longer leftover of something else is cut.
    return files::ftruncate(fd, size) == 0 ? 0 : errno;
}

Error no_room(int error, int directory, std::string const& name, std::uint64_t bytes,
              std::uint64_t there) {
    std::string text = error == EDQUOT ? "the disk quota is used up" : "the disk is full";
    text += ": '" + wire::escape(name) + "' needs " + mib(bytes - std::min(bytes, there));

    struct statvfs status {};

    if (error == ENOSPC && files::fstatvfs(directory, &status) == 0) {
        text += ", " + mib(std::uint64_t{status.f_bavail} * status.f_frsize) + " are free";
        if (status.f_files > 0 && status.f_favail == 0) {
            text += ", and there is no room for more files (inodes)";
        }
    }
    if (there > 0) {
        text += "; what was fetched is kept for the next try";
    }
    if (auto const others = unfinished_in(directory); others.count > 1) {
        text += "; " + std::to_string(others.count) + " unfinished downloads take " +
                mib(others.bytes) + " there, see `xfs-peer cleanup`";
    }
    return {Errc::disk, text};
}

}  // namespace xfsbus::peer::storage
