#pragma once

#include <xfsbus/policies/host/guarded_chunk_order.hpp>
#include <xfsbus/policies/host/guarded_handout.hpp>
#include <xfsbus/policies/host/guarded_upload_choice.hpp>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>

#include <memory>
#include <utility>

namespace xfsbus::policies {

class PluginLibrary;

/// A loaded plug-in of a kind that ranks, with its parameters: makes the objects that are asked.
/// Guarded: what stands around them. Immutable; safe to use from several threads.
template <class Guarded>
class RankingFactory {
  public:
    /// For the functions below. Creates an object as a trial; throws PluginRefused if that fails.
    explicit RankingFactory(std::shared_ptr<PluginLibrary const> plugin);

    [[nodiscard]] PluginInfo const& info() const;

    /// The same plug-in for another peer, which shares nothing with this one; nothing is loaded.
    [[nodiscard]] std::shared_ptr<RankingFactory const> for_host(
        std::shared_ptr<PolicyHost> host) const;

    /// A new object. The plug-in creates it, which may take its time: not for a thread that others
    /// wait for. If it cannot, though it could before, the default decides all; strict:
    /// PolicyFault.
    [[nodiscard]] std::unique_ptr<Guarded> make(GuardOptions options = {}) const;

  private:
    struct Tried {};

    RankingFactory(std::shared_ptr<PluginLibrary const> plugin, Tried)
        : plugin_(std::move(plugin)) {}

    std::shared_ptr<PluginLibrary const> plugin_;
};

/// Makes an order for each file that is downloaded. Its ranks depend on nothing but the generator
/// and what it is asked.
using ChunkOrderFactory = RankingFactory<GuardedChunkOrder>;
/// Makes the object that a tracker asks.
using HandoutFactory = RankingFactory<GuardedHandout>;
/// Makes the object that a peer asks which sink is served.
using UploadChoiceFactory = RankingFactory<GuardedUploadChoice>;

extern template class RankingFactory<GuardedChunkOrder>;
extern template class RankingFactory<GuardedHandout>;
extern template class RankingFactory<GuardedUploadChoice>;

// Each finds, checks and loads a plug-in of its kind. They throw PluginRefused; there is no silent
// default. host: what the objects are given; by default one that nothing else uses.

[[nodiscard]] std::shared_ptr<ChunkOrderFactory const> load_chunk_order(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

[[nodiscard]] std::shared_ptr<HandoutFactory const> load_handout(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

[[nodiscard]] std::shared_ptr<UploadChoiceFactory const> load_upload_choice(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

}  // namespace xfsbus::policies
