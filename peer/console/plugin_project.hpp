#pragma once

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <string>

namespace xfsbus::console {

/// A plug-in that somebody is going to write.
struct PluginProject {
    std::string name;
    std::string kind = "peer-selection";
    std::string language = "c++";
};

/// Writes a project that builds, and whose test passes, into a new directory `parent`/NAME: the
/// plug-in's source, CMakeLists.txt and README.md. Errc::usage if there are no such names, kinds or
/// languages, or if the directory is there; Errc::disk. Leaves nothing behind if it fails.
[[nodiscard]] Result<std::filesystem::path> write_project(PluginProject const& project,
                                                          std::filesystem::path const& parent);

/// `xfs-peer plugins new NAME`, in the current directory; returns the exit code.
int report_project(PluginProject const& project, bool json);

}  // namespace xfsbus::console
