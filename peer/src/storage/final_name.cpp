#include "storage/final_name.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/fnv.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

namespace xfsbus::peer::storage {
namespace {

constexpr int make_flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
/// An empty file that is so much younger than its claim may be somebody else's.
constexpr std::int64_t claim_seconds_most = 10;
/// FAT's times go in steps of so many seconds.
constexpr std::int64_t time_steps = 2;

/// The call is not known here, or not for this kind of file system.
bool is_unsupported(int error) {
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

int rename_to(int directory, std::string const& from, std::string const& to, unsigned flags) {
    return files::renameat2(directory, from.c_str(), directory, to.c_str(), flags) == 0 ? 0 : errno;
}

int unlink_in(int directory, std::string const& leaf) {
    return files::unlinkat(directory, leaf.c_str(), 0) == 0 || errno == ENOENT ? 0 : errno;
}

/// Two names for a moment: should the second step fail, it is undone.
int link_to(int directory, std::string const& from, std::string const& to) {
    if (files::linkat(directory, from.c_str(), directory, to.c_str(), 0) != 0) {
        return errno;
    }
    if (files::unlinkat(directory, from.c_str(), 0) == 0) {
        return 0;
    }
    int const error = errno;
    unlink_in(directory, to);
    return error;
}

/// The time that the empty file is given, some day in the nineties. By that it is known later on:
/// no other empty file has it. Its number does not last: where names are claimed, files have other
/// numbers when the disk is mounted anew.
std::int64_t mark_of(TemporaryNames const& names) {
    constexpr std::int64_t first = 631'152'000;
    constexpr std::uint64_t seconds = 1U << 28U;
    auto const some = wire::fnv1a(names.claim) % seconds;
    return first + static_cast<std::int64_t>(some - some % time_steps);
}

/// What the claim file says: whose name, and whether the empty file has its mark.
struct Claim {
    std::string leaf;
    bool marked = false;
};

bool write_line(int fd, std::string const& text, std::uint64_t offset) {
    auto const line = text + "\n";
    return files::write_at(fd, std::as_bytes(std::span(line)), offset).bytes == line.size();
}

std::optional<Claim> read_claim(int directory, std::string const& claim_leaf, struct stat& status) {
    files::Fd const fd(files::openat(directory, claim_leaf.c_str(),
                                     O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd || files::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    std::array<char, 512> buffer{};
    auto const read = files::read_at(fd.get(), std::as_writable_bytes(std::span(buffer)), 0).bytes;
    std::istringstream lines(std::string(buffer.data(), read));
    Claim claim;
    std::string mark;
    if (!std::getline(lines, claim.leaf) || lines.eof() || claim.leaf.empty() ||
        claim.leaf.find('/') != std::string::npos) {
        return std::nullopt;
    }
    claim.marked = std::getline(lines, mark) && !lines.eof();
    return claim;
}

/// Whether it is the empty file that this claim speaks of.
bool is_claimed_file(struct stat const& file, Claim const& claim, struct stat const& its_claim,
                     std::int64_t mark) {
    if (!S_ISREG(file.st_mode) || file.st_size != 0 || file.st_nlink != 1) {
        return false;
    }
    bool const has_mark = file.st_mtim.tv_sec == mark;
    if (has_mark || claim.marked) {
        return has_mark;
    }
    auto const later = file.st_ctim.tv_sec - its_claim.st_mtim.tv_sec;
    return later >= 0 && later <= claim_seconds_most;
}

/// Makes the empty file under the name, with the claim before it.
int claim_name(int directory, TemporaryNames const& names, std::string const& leaf) {
    files::Fd const claim(files::openat(directory, names.claim.c_str(), make_flags, 0666));
    if (!claim) {
        return errno;
    }
    if (!write_line(claim.get(), leaf, 0)) {
        int const error = errno;
        unlink_in(directory, names.claim);
        return error;
    }
    files::Fd const empty(files::openat(directory, leaf.c_str(), make_flags, 0666));
    if (!empty) {
        int const error = errno;
        unlink_in(directory, names.claim);
        return error;
    }

    // Both times: FUSE's older library leaves them as they are if only one is to be set.
    auto const mark = mark_of(names);
    timespec const times[] = {{mark, 0}, {mark, 0}};

    struct stat status {};

    if (files::futimens(empty.get(), times) == 0 && files::fstat(empty.get(), &status) == 0 &&
        status.st_mtim.tv_sec == mark) {
        write_line(claim.get(), "marked", leaf.size() + 1);
    }
    return 0;
}

int replace_claimed(int directory, TemporaryNames const& names, std::string const& leaf) {
    if (int const error = claim_name(directory, names, leaf)) {
        return error;
    }
    if (int const error = rename_to(directory, names.part, leaf, 0)) {
        release_claim(directory, names);
        return error;
    }
    unlink_in(directory, names.claim);  // else the next that sees it does
    return 0;
}

}  // namespace

int give_name(int directory, TemporaryNames const& names, std::string const& leaf, bool replace) {
    if (replace) {
        return rename_to(directory, names.part, leaf, 0);
    }
    int error = rename_to(directory, names.part, leaf, RENAME_NOREPLACE);
    if (is_unsupported(error)) {
        error = link_to(directory, names.part, leaf);
    }
    if (is_unsupported(error) || error == EMLINK) {
        error = replace_claimed(directory, names, leaf);
    }
    return error;
}

bool is_claimed(int directory, TemporaryNames const& names) {
    struct stat status {};

    return files::fstatat(directory, names.claim.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string claimed_name(int directory, TemporaryNames const& names) {
    struct stat unused {};

    auto const claim = read_claim(directory, names.claim, unused);
    return claim ? claim->leaf : std::string();
}

int release_claim(int directory, TemporaryNames const& names) {
    struct stat its_claim {};

    auto const claim = read_claim(directory, names.claim, its_claim);
    if (claim) {
        struct stat file {};

        bool const there =
            files::fstatat(directory, claim->leaf.c_str(), &file, AT_SYMLINK_NOFOLLOW) == 0;
        if (there && is_claimed_file(file, *claim, its_claim, mark_of(names))) {
            if (int const error = unlink_in(directory, claim->leaf)) {
                return error;
            }
        }
    }
    return unlink_in(directory, names.claim);
}

}  // namespace xfsbus::peer::storage
