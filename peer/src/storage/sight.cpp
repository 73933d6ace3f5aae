#include "storage/sight.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace xfsbus::peer::storage {
namespace {

bool is_readable_by_us(uid_t owner) {
    auto const user = ::geteuid();
    return user == 0 || user == owner;
}

/// Of what cannot be looked at: by errno.
Sight sight_of_error() {
    Sight sight;
    // A part that is no directory, or a link, any more: the file of this name is gone.
    bool const gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    sight.kind = gone                 ? Sight::Kind::gone
                 : is_shortage(errno) ? Sight::Kind::unknown
                                      : Sight::Kind::refused;
    return sight;
}

}  // namespace

bool is_temporary(std::string_view part) {
    return part.starts_with(".xfs-");
}

swarm::FileStamp stamp_from(struct stat const& status) {
    auto const ns = [](timespec const& time) {
        constexpr std::int64_t second = 1'000'000'000;
        return time.tv_sec * second + time.tv_nsec;
    };
    return {static_cast<std::uint64_t>(status.st_size), ns(status.st_mtim), status.st_ino,
            ns(status.st_ctim), (status.st_mode & S_IXUSR) != 0};
}

Sight judge(struct stat const& status) {
    Sight sight;
    if (S_ISREG(status.st_mode)) {
        sight.kind = Sight::Kind::file;
        sight.stamp = stamp_from(status);
        sight.linked = status.st_nlink > 1;
        sight.is_private =
            (status.st_mode & (S_IRGRP | S_IROTH)) == 0 && is_readable_by_us(status.st_uid);
        if (sight.stamp.size > wire::limits::file_bytes) {
            sight.kind = Sight::Kind::refused;
            sight.why = "is larger than 4 TiB";
        }
    } else if (S_ISDIR(status.st_mode)) {
        sight.kind = Sight::Kind::directory;
    } else if (S_ISLNK(status.st_mode)) {
        sight.kind = Sight::Kind::link;
    } else {
        sight.kind = Sight::Kind::refused;
        sight.why = "is not a regular file";
    }
    return sight;
}

files::Fd open_beneath(int root, std::string_view name, int flags) {
    files::Fd parent;
    std::string part;
    auto const open_part = [&](int how) {
        return files::Fd(files::openat(parent ? parent.get() : root, part.c_str(),
                                       how | O_NOFOLLOW | O_CLOEXEC));
    };
    for (auto slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
        part = name.substr(0, slash);
        parent = open_part(O_PATH | O_DIRECTORY);
        if (!parent) {
            return {};
        }
        name.remove_prefix(slash + 1);
    }
    part = name.empty() ? "." : name;
    return open_part(flags);
}

Sight look_at(int root, std::string_view name) {
    return Looks().at(root, name);
}

Sight Looks::at(int root, std::string_view name) {
    auto const slash = name.rfind('/');
    bool const nested = slash != std::string_view::npos;
    auto const directory = nested ? name.substr(0, slash) : std::string_view();
    if (!open_ || directory_ != directory) {
        directory_ = directory;
        open_ = open_beneath(root, directory, O_PATH | O_DIRECTORY);
    }

    struct stat status {};

    std::string const leaf(nested ? name.substr(slash + 1) : name);
    if (open_ && files::fstatat(open_.get(), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return judge(status);
    }
    return sight_of_error();
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

std::string errno_text(int error) {
    return std::generic_category().message(error);
}

std::optional<swarm::FileStamp> stamp_of(int fd) {
    struct stat status {};

    if (files::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return stamp_from(status);
}

bool settle(int fd, std::optional<std::int64_t> mtime_ns) {
    constexpr std::int64_t second = 1'000'000'000;
    constexpr std::int64_t back = 3 * second;  // more than the coarsest tick, see settling_time
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    auto const latest = now.tv_sec * second + now.tv_nsec - back;
    auto const mtime = std::clamp<std::int64_t>(mtime_ns.value_or(latest), 0, latest);
    timespec const times[] = {{0, UTIME_OMIT}, {mtime / second, mtime % second}};
    return files::futimens(fd, times) == 0;
}

}  // namespace xfsbus::peer::storage
