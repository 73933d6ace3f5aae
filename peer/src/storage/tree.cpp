#include "storage/tree.hpp"

#include "storage/sync.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// One step down: opens a directory in a directory, making it if it is to be made.
files::Fd step(int parent, std::string const& part, Tree::Make make) {
    files::Fd fd(files::openat(parent, part.c_str(), directory_flags));
    if (fd || errno != ENOENT || make == Tree::Make::no) {
        return fd;
    }
    bool const made = files::mkdirat(parent, part.c_str(), 0777) == 0;
    if (!made && errno != EEXIST) {
        return fd;
    }
    if (int const error = made && make == Tree::Make::synced ? sync_all(parent) : 0) {
        errno = error;
        return fd;
    }
    return files::Fd(files::openat(parent, part.c_str(), directory_flags));
}

/// Whether the directory is the top of a mount. A kernel before 5.8 does not tell.
bool is_mount(int fd) {
    struct statx status {};

    return files::statx(fd, "", AT_EMPTY_PATH, 0, &status) == 0 &&
           (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Error moved(std::string_view name, std::string const& why = {}) {
    return {Errc::disk, "the directory of '" + wire::escape(name) +
                            "' has been moved or replaced meanwhile" + why +
                            ": try again, and it is put where its name leads now"};
}

/// Whether two open directories, of which the second is that of a file, are one.
Result<bool> same_directory(files::Fd const& one, files::Fd const& other, std::string_view name) {
    struct stat first {};

    struct stat second {};

    if (files::fstat(one.get(), &first) != 0 || files::fstat(other.get(), &second) != 0) {
        return disk_error("cannot look at the directory of", name, errno);
    }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// Errors that are about this moment, not about the directory.
bool says_nothing(int error) {
    return error == ENOMEM || error == EINTR || error == EAGAIN || error == ETIMEDOUT;
}

}  // namespace

Error disk_error(std::string_view what, std::string_view name, int error) {
    std::string why = std::generic_category().message(error);
    if (error == ELOOP || error == ENOTDIR) {
        why = "a part of it is a symbolic link or no directory";
    } else if (error == EMFILE) {
        why += " (see `ulimit -n`)";
    } else if (error == EDQUOT) {
        why = "the disk quota is used up";
    } else if (error == ENOSPC) {
        why = "the disk is full";
    } else if (error == EFBIG) {
        why =
            "it is larger than the file size limit of this process (ulimit -f) or of the file "
            "system";
    }
    return {Errc::disk, std::string(what) + " '" + wire::escape(name) + "': " + why};
}

Tree::Tree(std::filesystem::path root, std::filesystem::path path, Root opened)
    : root_(std::move(root)), path_(std::move(path)), opened_(std::move(opened)) {}

Result<std::shared_ptr<Tree>> Tree::open(std::filesystem::path const& root) {
    auto opened = open_root(root);
    if (!opened) {
        std::string const why =
            errno == ENOTDIR ? "it is not a directory" : std::generic_category().message(errno);
        return Error{Errc::disk,
                     "cannot use directory '" + wire::escape(root.string()) + "': " + why};
    }
    std::error_code error;
    auto path = std::filesystem::absolute(root, error);

    struct stat status {};

    // A directory above may be closed to us; then the path has to do as it was given.
    if (error || files::fstatat(AT_FDCWD, path.c_str(), &status, 0) != 0 ||
        status.st_dev != opened->device || status.st_ino != opened->inode) {
        path = root;
    }
    return std::shared_ptr<Tree>(new Tree(root, std::move(path), std::move(*opened)));
}

/// Sets errno.
Result<Tree::Root> Tree::open_root(std::filesystem::path const& path) {
    // The root itself may be a link: the user named it.
    auto fd = std::make_shared<files::Fd const>(
        files::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    struct stat status {};

    if (!*fd || files::fstat(fd->get(), &status) != 0) {
        return Error{Errc::disk, "cannot be opened"};
    }
    Root root{fd, status.st_dev, status.st_ino, is_mount(fd->get()), {}};
    std::error_code unknown;
    root.real = std::filesystem::canonical(path, unknown);
    return root;
}

Result<std::shared_ptr<files::Fd const>> Tree::directory() const {
    std::lock_guard const lock(mutex_);

    struct stat status {};

    bool const found = files::fstatat(AT_FDCWD, path_.c_str(), &status, 0) == 0;
    if (!found && opened_.fd && says_nothing(errno)) {
        return opened_.fd;
    }
    if (!found || !S_ISDIR(status.st_mode)) {
        int const error = found ? ENOTDIR : errno;
        opened_.fd.reset();  // so that a disk that was taken away is let go of
        return lost(error == ENOENT || error == ENOTDIR ? "is gone" : "cannot be reached", error);
    }
    if (opened_.fd && status.st_dev == opened_.device && status.st_ino == opened_.inode) {
        return opened_.fd;
    }
    auto now = open_root(path_);
    if (!now) {
        return lost("has been replaced by one that cannot be opened", errno);
    }
    if (opened_.mounted && !now->mounted && now->real == opened_.real) {
        opened_.fd.reset();
        errno = ENOENT;
        return Error{Errc::disk, "nothing is mounted at '" + wire::escape(root_.string()) +
                                     "' any more: mount it again, or start again"};
    }
    opened_ = std::move(*now);
    return opened_.fd;
}

/// Leaves errno as it is given.
Error Tree::lost(std::string_view what, int error) const {
    auto text = "the directory '" + wire::escape(root_.string()) + "' " + std::string(what) + " (" +
                std::generic_category().message(error) +
                "): put it back, or start again with another one";
    errno = error;
    return {Errc::disk, std::move(text)};
}

std::optional<Error> Tree::not_taken(std::string_view name) {
    return name == ignore_file
               ? std::optional(Error{Errc::disk, "'" + std::string(name) +
                                                     "' says what is not shared, and is not taken "
                                                     "from others"})
               : std::nullopt;
}

Result<Place> Tree::place(std::string_view name, Make make) const {
    if (auto error = make != Make::no ? not_taken(name) : std::nullopt) {
        return *error;
    }
    auto const now = std::chrono::steady_clock::now();
    auto root = directory();
    if (!root) {
        return root.error();
    }
    auto const slash = name.rfind('/');
    bool const nested = slash != std::string_view::npos;
    auto parent = nested ? below(**root, name.substr(0, slash), make) : root;
    if (!parent) {
        return parent.error();
    }
    return Place{std::move(*parent), std::string(nested ? name.substr(slash + 1) : name),
                 std::move(*root), now};
}

Result<std::shared_ptr<files::Fd const>> Tree::below(files::Fd const& root, std::string_view name,
                                                     Make make) {
    // Walked each time: a directory that was used before may have been moved away since, or
    // swapped for a link.
    files::Fd fd;
    for (std::size_t begin = 0; begin <= name.size();) {
        auto const end = std::min(name.find('/', begin), name.size());
        fd = step(fd ? fd.get() : root.get(), std::string(name.substr(begin, end - begin)), make);
        if (!fd) {
            return disk_error(make != Make::no ? "cannot make directory" : "cannot open directory",
                              name, errno);
        }
        begin = end + 1;
    }
    return std::make_shared<files::Fd const>(std::move(fd));
}

Status Tree::root_still_there(Place const& place, std::string_view name) const {
    auto const root = directory();
    if (!root) {
        return errno == ENOENT || errno == ENOTDIR ? Status(root.error()) : done();
    }
    auto const same =
        *root == place.root ? Result(true) : same_directory(**root, *place.root, name);
    return !same || *same ? done() : Status(moved(name));
}

Status Tree::still_there(Place const& place, std::string_view name) const {
    auto const root = directory();
    if (!root) {
        return root.error();
    }
    auto const now = this->place(name, Make::no);
    if (!now) {
        return moved(name, " (" + now.error().message + ")");
    }
    auto const same = same_directory(*now->directory, *place.directory, name);
    return !same ? Status(same.error()) : *same ? done() : Status(moved(name));
}

Result<files::Fd> Tree::open_file(std::string_view name) const {
    struct stat unused {};

    auto const at = place(name, Make::no);
    return at ? open_file(*at, name, unused) : at.error();
}

Result<files::Fd> Tree::open_file(Place const& at, std::string_view name, struct stat& status) {
    // O_NONBLOCK: opening a FIFO must not hang.
    files::Fd fd(files::openat(at.directory->get(), at.leaf.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return disk_error("cannot open", name, errno);
    }
    if (files::fstat(fd.get(), &status) != 0) {
        return disk_error("cannot look at", name, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EISDIR;
        return Error{Errc::disk, "'" + wire::escape(name) + "' is not a regular file"};
    }
    return fd;
}

}  // namespace xfsbus::peer::storage
