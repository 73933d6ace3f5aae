#include "results/mark.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xfsbus::lab::results {
namespace {

constexpr mode_t mode = 0600;

/// Of this process, and of none that it begins.
bool lock(int descriptor, short kind) {
    struct flock whole {};

    whole.l_type = kind;
    whole.l_whence = SEEK_SET;
    return ::fcntl(descriptor, F_SETLK, &whole) == 0;
}

Error trouble(std::filesystem::path const& file) {
    return {Errc::disk,
            wire::escape(file.string()) + ": " + std::generic_category().message(errno)};
}

}  // namespace

Mark::Found Mark::look_at(std::filesystem::path const& file) {
    files::Fd const descriptor(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!descriptor) {
        return errno == ENOENT ? Found::nothing : Found::alive;
    }
    return lock(descriptor.get(), F_WRLCK) ? Found::dead : Found::alive;
}

Result<Mark> Mark::set(std::filesystem::path const& file) {
    files::Fd descriptor(
        ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode));
    if (!descriptor) {
        return trouble(file);
    }
    if (!lock(descriptor.get(), F_WRLCK)) {
        return Error{Errc::usage, wire::escape(file.parent_path().string()) +
                                      ": another xfs-lab is at work there; wait for its end, or "
                                      "name another folder with --out"};
    }
    return Mark(file, std::move(descriptor));
}

Status Mark::remove() {
    if (::unlink(file_.c_str()) != 0) {
        return trouble(file_);
    }
    locked_ = files::Fd();
    return done();
}

}  // namespace xfsbus::lab::results
