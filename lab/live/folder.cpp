#include "live/folder.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::lab::live {
namespace {

constexpr char const* name_begins = "xfs-lab-";
constexpr char const* mark_name = "in-use";

/// A directory that we have made, by its name and owner; no link to one.
bool is_ours(std::filesystem::path const& path) {
    struct stat found {};

    return path.filename().string().starts_with(name_begins) &&
           ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
           found.st_uid == ::geteuid();
}

}  // namespace

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Result<WorkFolder> WorkFolder::make_in(std::filesystem::path const& directory) {
    auto name = (directory / (std::string(name_begins) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
        return Error{Errc::disk, wire::escape(directory.string()) + ": no folder can be made: " +
                                     std::generic_category().message(errno)};
    }
    std::error_code error;
    auto const path = std::filesystem::absolute(name, error);
    auto folder = std::make_unique<Folder>(error ? std::filesystem::path(name) : path);
    auto mark = results::Mark::set(folder->path() / mark_name);
    if (!mark) {
        return mark.error();
    }
    std::filesystem::create_directory(folder->path() / "work", error);
    if (error) {
        return Error{Errc::disk, wire::escape(name) + ": " + error.message()};
    }
    return WorkFolder(std::move(folder), std::move(mark).value());
}

std::vector<std::string> remove_left_in(std::filesystem::path const& directory) {
    std::vector<std::string> removed;
    std::error_code error;
    for (std::filesystem::directory_iterator each(directory, error), end; !error && each != end;
         each.increment(error)) {
        auto const& path = each->path();
        if (!is_ours(path) ||
            results::Mark::look_at(path / mark_name) != results::Mark::Found::dead) {
            continue;
        }
        std::error_code failed;
        std::filesystem::remove_all(path, failed);
        removed.push_back(
            wire::escape(path.string()) +
            (failed ? ": what a run has left that was killed cannot be removed: " + failed.message()
                    : std::string(": what a run had left that was killed is removed")));
    }
    return removed;
}

Orphans::Orphans() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Orphans::~Orphans() {
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace xfsbus::lab::live
