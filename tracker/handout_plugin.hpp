#pragma once

#include "handout_trace.hpp"

#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// Loads the plug-ins that choose which sources a tracker names. One thread at a time, and none
/// that others wait for, since a plug-in may take seconds.
class HandoutPlugin {
  public:
    /// directories: searched before XFS_PLUGIN_PATH and the installed places. strict: what fails is
    /// thrown, and not made good. log: of what is loaded, what it says and how it fails; called by
    /// any thread, and not any more after the end of this object and of all that it has loaded,
    /// save by a plug-in that hangs.
    HandoutPlugin(std::vector<std::filesystem::path> directories, bool strict, OnLog log);

    /// An object of the plug-in that FILE[:key=value,...] names, which the built-in rule stands in
    /// for where it fails, unless that is strict; that rule alone if spec is empty. Errc::plugin if
    /// it is refused.
    [[nodiscard]] Result<LoadedHandout> load(std::string const& spec) const;

    /// Loads it and asks it thousands of random questions, as it answers or does not. Errc::plugin
    /// if it is refused. What it does to this process it does to the caller.
    [[nodiscard]] Status try_out(std::string const& spec) const;

    /// Has this program try it with --check in a process of its own. Errc::plugin, with what it did
    /// to that one, if it crashed, left or hung; what is refused in good order is refused by load()
    /// in better words, and is good here. Errc::interrupted when it is to stop. Any thread.
    [[nodiscard]] Status try_apart(std::string const& spec, std::stop_token const& stop) const;

  private:
    std::vector<std::filesystem::path> directories_;
    bool strict_;
    std::shared_ptr<OnLog const> log_;
    std::shared_ptr<policies::PolicyHost> host_;  ///< what a plug-in has learned outlives a reload
};

}  // namespace xfsbus::tracker
