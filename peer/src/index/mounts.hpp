#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace xfsbus::peer::index {

/// The places below a directory at which something is mounted, by the kernel's table of this
/// process. inotify tells nothing of a mount that comes, and of one that goes only if it was the
/// last of its file system. Used by one thread.
class Mounts {
  public:
    struct Changes {
        std::set<std::string> come;  ///< names below the directory
        std::set<std::string> gone;
    };

    /// `directory` without links; `table`: of the kernel, as below() takes it.
    Mounts(std::filesystem::path const& directory, std::string_view table);

    /// What has changed since the last call: this is the table now.
    Changes read(std::string_view table);

    /// The names and numbers of the mounts below a directory, as a table of the kernel's form says
    /// (see proc_pid_mountinfo(5)).
    static std::map<std::string, std::string> below(std::string_view directory,
                                                    std::string_view table);

  private:
    std::string directory_;
    std::map<std::string, std::string> known_;
};

}  // namespace xfsbus::peer::index
