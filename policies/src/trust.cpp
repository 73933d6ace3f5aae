#include "trust.hpp"

#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

bool is_trusted(uid_t owner) {
    struct stat program {};

    return owner == 0 || owner == ::geteuid() ||
           (files::fstatat(AT_FDCWD, "/proc/self/exe", &program, 0) == 0 &&
            owner == program.st_uid);
}

/// What is wrong with a file or a directory; nullopt, if nothing is or it is not there. Of what
/// cannot be looked at nobody can say that it is in order.
std::optional<std::string> problem_of(fs::path const& path) {
    struct stat about {};

    if (files::fstatat(AT_FDCWD, path.c_str(), &about, 0) != 0) {
        bool const missing = errno == ENOENT || errno == ENOTDIR;
        return missing ? std::nullopt
                       : std::optional(path.string() + " cannot be looked at: " +
                                       std::generic_category().message(errno));
    }
    if ((about.st_mode & S_IWOTH) != 0) {
        return "anybody may write to " + path.string();
    }
    if (!is_trusted(about.st_uid)) {
        return path.string() + " belongs to another user (" + std::to_string(about.st_uid) + ")";
    }
    return std::nullopt;
}

bool is_at_or_below(fs::path const& path, std::vector<fs::path> const& directories) {
    std::error_code error;
    auto at = fs::canonical(path, error);
    while (!error && !at.empty()) {
        if (std::ranges::any_of(directories, [&](auto const& directory) {
                std::error_code missing;
                return fs::equivalent(at, directory, missing);
            })) {
            return true;
        }
        at = at.has_relative_path() ? at.parent_path() : fs::path();
    }
    return false;
}

}  // namespace

std::optional<std::string> why_distrusted(fs::path const& file) {
    std::error_code error;
    auto const real = fs::canonical(file, error);
    for (auto const& path : {file.parent_path(), real.parent_path(), real}) {
        if (auto problem = problem_of(path)) {
            return problem;
        }
    }
    return std::nullopt;
}

PluginRefused distrusted(fs::path const& file, std::string const& why) {
    return {file.string(), why + ", so it cannot be trusted",
            "mend that, or name the plug-in with its path"};
}

bool lies_below(fs::path const& file, std::vector<fs::path> const& directories) {
    return is_at_or_below(file, directories) || is_at_or_below(file.parent_path(), directories);
}

}  // namespace xfsbus::policies
