#pragma once

#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace xfsbus::policies {

/// What has to be true of every plug-in of a kind, whatever its rule.
struct ContractRule {
    std::string sentence;
    std::string problem;  ///< why it is not true of this one; empty: it is
};

/// What came of trying a plug-in.
struct ContractTrial {
    PluginInfo plugin;
    std::vector<ContractRule> rules;
    std::uint64_t decisions = 0;
    std::chrono::nanoseconds spent{};  ///< in all of them

    [[nodiscard]] bool kept() const;
};

/// Loads a plug-in and tries whether it keeps the contract of its kind, by thousands of random
/// questions, always the same ones. Its code runs; what it does to the process it does to the
/// caller. Throws PluginRefused if it would not be loaded, or if its kind has no contract here.
[[nodiscard]] ContractTrial try_contract(PluginSpec const& spec, PluginPath const& path);

}  // namespace xfsbus::policies
