#pragma once

#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// A file that may be a plug-in. As much of PluginInfo is filled in as could be read.
struct PluginListing : PluginInfo {
    std::string problem;  ///< Why it would be refused; empty if it would load.
};

/// Loads a plug-in, creates an object with these parameters, or the defaults, and destroys it: the
/// plug-in's code runs. Never throws on account of the plug-in.
[[nodiscard]] PluginListing check_plugin(
    std::filesystem::path const& path,
    std::vector<std::pair<std::string, std::string>> const& parameters = {});

/// Every *.so in the directories, in the order in which they would be found. None is loaded: only
/// path is filled in, and problem, if it would be refused because others may write there.
[[nodiscard]] std::vector<PluginListing> find_plugins(PluginPath const& path);

/// check_plugin for each of them. The code of each runs, so it is for a user who asks, never for a
/// start.
[[nodiscard]] std::vector<PluginListing> list_plugins(PluginPath const& path);

}  // namespace xfsbus::policies
