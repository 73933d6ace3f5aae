#pragma once

#include <xfsbus/policies/host/plugin_listing.hpp>
#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::console {

/// check_plugin by ask_apart: what the plug-in did instead of an answer is the problem of it.
[[nodiscard]] policies::PluginListing try_plugin(
    std::filesystem::path const& path,
    std::vector<std::pair<std::string, std::string>> const& parameters = {});

/// The same where there are threads: has another instance of this program check
/// FILE[:key=value,...] as a user would, and takes the SHA-256 of its file from it, in hex.
/// Errc::plugin, with the problem, if that finds one; a plug-in that it cannot find or name is
/// none: who loads it says that better, and the SHA-256 is empty. Errc::interrupted when it is to
/// stop.
[[nodiscard]] Result<std::string> try_plugin_apart(
    std::string const& spec, std::vector<std::filesystem::path> const& directories,
    std::stop_token const& stop);

}  // namespace xfsbus::console
