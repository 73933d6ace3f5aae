#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// Loads the plug-ins that choose which sources a tracker names. One thread at a time, and none
/// that others wait for, since a plug-in may take seconds.
class HandoutPlugin {
  public:
    /// directories: searched before XFS_PLUGIN_PATH and the installed places. log: of what is
    /// loaded, what it says and how it fails; called by any thread, and not any more after the end
    /// of this object and of all that it has loaded, save by a plug-in that hangs.
    HandoutPlugin(std::vector<std::filesystem::path> directories, OnLog log);

    /// An object of the plug-in that FILE[:key=value,...] names, which the built-in rule stands in
    /// for where it fails; null if spec is empty. Errc::plugin if it is refused.
    [[nodiscard]] Result<std::shared_ptr<policies::Handout>> load(std::string const& spec) const;

  private:
    std::vector<std::filesystem::path> directories_;
    std::shared_ptr<OnLog const> log_;
    std::shared_ptr<policies::PolicyHost> host_;  ///< what a plug-in has learned outlives a reload
};

}  // namespace xfsbus::tracker
