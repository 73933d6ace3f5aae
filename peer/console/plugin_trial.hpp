#pragma once

#include <xfsbus/policies/host/plugin_listing.hpp>

#include <filesystem>

namespace xfsbus::console {

/// check_plugin in a process of its own, so that a plug-in may crash, leave or hang: then that is
/// the problem of it. What it writes to stdout goes to stderr. Call it before there are threads.
[[nodiscard]] policies::PluginListing try_plugin(std::filesystem::path const& path);

}  // namespace xfsbus::console
