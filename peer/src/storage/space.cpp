#include "storage/space.hpp"

#include "storage/leftovers.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <linux/magic.h>

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

/// What is left to others: this part of the disk, and no more than so much.
constexpr std::uint64_t reserve_part = 128;
constexpr std::uint64_t reserve_most = 256ULL * 1024 * 1024;
constexpr std::uint64_t stat_block = 512;

std::string mib(std::uint64_t bytes) {
    return std::to_string((bytes + 1048575) / 1048576) + " MiB";
}

/// A file system in memory has nothing to gain from preallocation: it would only write zeros to
/// every page first.
bool in_memory(int fd) {
    struct statfs status {};

    return files::fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
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

bool is_no_room(int error) {
    return error == ENOSPC || error == EDQUOT;
}

int reserve_space(int fd, std::uint64_t bytes) {
    if (int const error = find_space(fd, bytes)) {
        return error;
    }

    struct stat before {};

    auto const size = static_cast<off_t>(bytes);
    bool const reserves = bytes > 0 && !in_memory(fd) && files::fstat(fd, &before) == 0;
    if (reserves && files::fallocate(fd, 0, 0, size) != 0 && is_no_room(errno)) {
        int const error = errno;
        static_cast<void>(files::ftruncate(fd, std::min(before.st_size, size)));
        return error;
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
