#include "disk/tree.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// One step down: opens a directory in a directory, making it if it is to be made.
files::Fd step(int parent, std::string const& part, bool make) {
    files::Fd fd(files::openat(parent, part.c_str(), directory_flags));
    if (!fd && errno == ENOENT && make) {
        if (files::mkdirat(parent, part.c_str(), 0777) == 0 || errno == EEXIST) {
            fd = files::Fd(files::openat(parent, part.c_str(), directory_flags));
        }
    }
    return fd;
}

}  // namespace

Error disk_error(std::string_view what, std::string_view name, int error) {
    std::string why = std::generic_category().message(error);
    if (error == ELOOP || error == ENOTDIR) {
        why = "a part of it is a symbolic link or no directory";
    } else if (error == EMFILE) {
        why += " (see `ulimit -n`)";
    } else if (error == EFBIG) {
        why =
            "it is larger than the file size limit of this process (ulimit -f) or of the file "
            "system";
    }
    return {Errc::disk, std::string(what) + " '" + wire::escape(name) + "': " + why};
}

Tree::Tree(std::filesystem::path root, files::Fd fd)
    : root_(std::move(root)), fd_(std::make_shared<files::Fd const>(std::move(fd))) {}

Result<std::shared_ptr<Tree>> Tree::open(std::filesystem::path const& root) {
    // The root itself may be a link: the user named it.
    files::Fd fd(files::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        std::string const why =
            errno == ENOTDIR ? "it is not a directory" : std::generic_category().message(errno);
        return Error{Errc::disk,
                     "cannot use directory '" + wire::escape(root.string()) + "': " + why};
    }
    return std::shared_ptr<Tree>(new Tree(root, std::move(fd)));
}

Result<Place> Tree::place(std::string_view name, bool make) const {
    auto const slash = name.rfind('/');
    if (slash == std::string_view::npos) {
        return Place{fd_, std::string(name)};
    }
    auto parent = directory(name.substr(0, slash), make);
    if (!parent) {
        return parent.error();
    }
    return Place{std::move(*parent), std::string(name.substr(slash + 1))};
}

Result<std::shared_ptr<files::Fd const>> Tree::directory(std::string_view name, bool make) const {
    // Walked each time: a directory that was used before may have been moved away since, or
    // swapped for a link.
    files::Fd fd;
    for (std::size_t begin = 0; begin <= name.size();) {
        auto const end = std::min(name.find('/', begin), name.size());
        fd = step(fd ? fd.get() : fd_->get(), std::string(name.substr(begin, end - begin)), make);
        if (!fd) {
            return disk_error(make ? "cannot make directory" : "cannot open directory", name,
                              errno);
        }
        begin = end + 1;
    }
    return std::make_shared<files::Fd const>(std::move(fd));
}

Result<files::Fd> Tree::open_file(std::string_view name) const {
    auto const at = place(name, false);
    if (!at) {
        return at.error();
    }
    // O_NONBLOCK: opening a FIFO must not hang.
    files::Fd fd(files::openat(at->directory->get(), at->leaf.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return disk_error("cannot open", name, errno);
    }

    struct stat status {};

    if (files::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return Error{Errc::disk, "'" + wire::escape(name) + "' is not a regular file"};
    }
    return fd;
}

}  // namespace xfsbus::peer
