#pragma once

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>

namespace xfsbus::console {

/// `xfs-peer plugins test FILE`: tries, in a process apart, whether the plug-in keeps the contract
/// of its kind, and says so rule by rule. Returns the exit code: that of Errc::plugin if it does
/// not. Throws policies::PluginRefused if it is not found.
int report_contract(policies::PluginSpec const& spec, policies::PluginPath const& path, bool json);

}  // namespace xfsbus::console
