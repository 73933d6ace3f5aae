#pragma once

#include <xfsbus/files/fd.hpp>

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

    /// `directory` without links. Knows nothing, for ever, where there is no /proc.
    explicit Mounts(std::filesystem::path const& directory);

    /// Of interest to poll(2), for POLLPRI: some mount has come or gone, anywhere. Negative if
    /// there is no /proc.
    [[nodiscard]] int fd() const { return table_.get(); }

    /// What has changed since the last call.
    Changes read();

    /// The names and numbers of the mounts below a directory, as a table of the kernel's form says
    /// (see proc_pid_mountinfo(5)).
    static std::map<std::string, std::string> below(std::string_view directory,
                                                    std::string_view table);

  private:
    [[nodiscard]] std::string text() const;

    std::string directory_;
    files::Fd table_;
    std::map<std::string, std::string> known_;
};

}  // namespace xfsbus::peer::index
