#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// The directories in which plug-ins are looked for, in order. The current directory is searched
/// only if the user names it. A value; safe to read from several threads.
class PluginPath {
  public:
    /// Exactly these directories; relative ones are taken from the current directory of now.
    explicit PluginPath(std::vector<std::filesystem::path> const& directories);

    /// First the given directories (--plugin-dir), then those of XFS_PLUGIN_PATH (passed in as its
    /// value: separated by ':', empty parts mean nothing), then the installed places.
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
    /// Throws PluginRefused, naming every path tried, if there is no such file.
    [[nodiscard]] std::filesystem::path find(std::string const& file) const;

  private:
    void append(std::filesystem::path const& directory);

    std::vector<std::filesystem::path> directories_;
};

}  // namespace xfsbus::policies
