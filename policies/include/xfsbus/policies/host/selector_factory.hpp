#pragma once

#include <xfsbus/policies/host/guarded_selector.hpp>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace xfsbus::policies {

class PluginLibrary;

/// Makes a selector for each transfer or query: of a loaded plug-in with its parameters, or of the
/// program's own. Immutable; safe to use from several threads.
class SelectorFactory {
  public:
    using Make = GuardedSelector::Make;

    /// For load_peer_selector. Creates an object as a trial; throws PluginRefused if that fails.
    explicit SelectorFactory(std::shared_ptr<PluginLibrary const> plugin);

    /// Of the program's own. `make` may be called by any thread, several at a time.
    SelectorFactory(PluginInfo about, Make make)
        : info_(std::move(about)), make_(std::move(make)) {}

    [[nodiscard]] PluginInfo const& info() const { return info_; }

    /// The same plug-in for another peer, which shares nothing with this one; nothing is loaded.
    /// What the program's own share is the program's affair.
    [[nodiscard]] std::shared_ptr<SelectorFactory const> for_host(
        std::shared_ptr<PolicyHost> host) const;

    /// A new selector. Its decisions depend on nothing but the seed and what it is asked and told;
    /// and on what the plug-in shares, if it does.
    /// To create an object may take its time: not for a thread that others wait for. If it cannot,
    /// though it could before, the default decides all; strict: PolicyFault.
    [[nodiscard]] std::unique_ptr<GuardedSelector> make(std::uint64_t seed,
                                                        GuardOptions options = {}) const;

  private:
    PluginInfo info_;
    Make make_;
    std::shared_ptr<PluginLibrary const> plugin_;  ///< null: it is the program's own
};

/// Finds, checks and loads a plug-in. Throws PluginRefused; there is no silent default. host: what
/// its objects are given; by default one that nothing else uses.
[[nodiscard]] std::shared_ptr<SelectorFactory const> load_peer_selector(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

}  // namespace xfsbus::policies
