#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// The directories in which plug-ins are looked for, in order; all are absolute. The current
/// directory is searched only if the user names it. What is found where others may write is
/// refused. A value; safe to read from several threads.
class PluginPath {
  public:
    /// Exactly these directories; relative ones are taken from the current directory of now.
    explicit PluginPath(std::vector<std::filesystem::path> const& directories);

    /// First the given directories (--plugin-dir), then those of XFS_PLUGIN_PATH (passed in as its
    /// value: separated by ':', empty parts mean nothing), then the installed places. Throws
    /// PluginRefused if a part of the environment is relative: nobody can say relative to what.
    PluginPath(std::vector<std::filesystem::path> const& given, std::string_view environment);

    /// The same with the value that XFS_PLUGIN_PATH has. For main functions: it reads the
    /// environment, which library code does not.
    [[nodiscard]] static PluginPath standard(std::vector<std::filesystem::path> const& given = {});

    [[nodiscard]] std::vector<std::filesystem::path> const& directories() const& {
        return directories_;
    }

    /// By value, so that a loop over the directories of a temporary is no trap.
    [[nodiscard]] std::vector<std::filesystem::path> directories() && {
        return std::move(directories_);
    }

    /// The file a user means. A name with '/' is that file and no other; any other name,
    /// "loadlatency", "libloadlatency" or "libloadlatency.so", is searched in the directories.
    /// Throws PluginRefused, naming every path tried, if there is no such file, or if it was found
    /// by a search and others than root, we and the owner of this program may write there.
    [[nodiscard]] std::filesystem::path find(std::string const& file) const;

    /// Files of others are put into this directory: what stands in it or below, wherever links
    /// lead, is never found for a stranger.
    void distrust(std::filesystem::path const& directory);

    /// The file that somebody else means, who may name a plug-in but no path: a name of
    /// [a-z0-9-]{1,32}, searched as find does. Throws PluginRefused.
    [[nodiscard]] std::filesystem::path find_for_stranger(std::string const& name) const;

  private:
    void append(std::filesystem::path const& directory);
    [[nodiscard]] std::optional<std::filesystem::path> search(
        std::string const& name, std::vector<std::filesystem::path> const& except,
        std::string& tried) const;

    std::vector<std::filesystem::path> directories_;
    std::vector<std::filesystem::path> strangers_;
};

}  // namespace xfsbus::policies
