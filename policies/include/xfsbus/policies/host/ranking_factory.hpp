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

/// Makes the objects of a kind that ranks: of a loaded plug-in with its parameters, or of the
/// program's own. Guarded: what stands around them. Immutable; safe to use from several threads.
template <class Guarded>
class RankingFactory {
  public:
    using Make = typename Guarded::Make;

    /// For the functions below. Creates an object as a trial; throws PluginRefused if that fails.
    explicit RankingFactory(std::shared_ptr<PluginLibrary const> plugin);

    /// Of the program's own. `make` may be called by any thread, several at a time.
    RankingFactory(PluginInfo about, Make make) : info_(std::move(about)), make_(std::move(make)) {}

    [[nodiscard]] PluginInfo const& info() const { return info_; }

    /// The same plug-in for another peer, which shares nothing with this one; nothing is loaded.
    /// What the program's own share is the program's affair.
    [[nodiscard]] std::shared_ptr<RankingFactory const> for_host(
        std::shared_ptr<PolicyHost> host) const;

    /// A new object. To create it may take its time: not for a thread that others wait for. If a
    /// plug-in cannot, though it could before, the default decides all; strict:
    /// PolicyFault.
    [[nodiscard]] std::unique_ptr<Guarded> make(GuardOptions options = {}) const;

  private:
    PluginInfo info_;
    Make make_;
    std::shared_ptr<PluginLibrary const> plugin_;  ///< null: it is the program's own
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
