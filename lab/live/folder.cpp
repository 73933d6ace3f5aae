#include "live/folder.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace xfsbus::lab::live {

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Result<std::filesystem::path> new_folder_in(std::filesystem::path const& directory) {
    auto name = (directory / "xfs-lab-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        return Error{Errc::disk, wire::escape(directory.string()) + ": no folder can be made: " +
                                     std::generic_category().message(errno)};
    }
    std::error_code error;
    auto const path = std::filesystem::absolute(name, error);
    return error ? std::filesystem::path(name) : path;
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
