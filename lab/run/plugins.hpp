#pragma once

#include "results/run.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace xfsbus::lab::run {

/// Makes what the peers and the tracker of a run decide by, from plug-ins as they are shipped: a
/// specification is a file or a name, with parameters. Each is loaded once, and each peer has what
/// a process of its own would have: its labels, and states that it shares with no other. Whatever
/// a plug-in does wrong is thrown, PolicyFault, since a run that the built-in rule decides says
/// nothing of it; one that cannot be loaded, PluginRefused. For one thread.
class Plugins {
  public:
    /// The time that plug-ins see. It must not call the plug-ins.
    using Clock = std::function<std::chrono::nanoseconds()>;

    Plugins(policies::PluginPath path, Clock clock);

    [[nodiscard]] std::unique_ptr<policies::PeerSelector> selector(std::string const& spec,
                                                                   std::string const& labels,
                                                                   std::uint64_t seed);
    [[nodiscard]] std::unique_ptr<policies::ChunkRanker> chunk_order(std::string const& spec,
                                                                     std::string const& labels);
    [[nodiscard]] std::unique_ptr<policies::UploadChoice> upload_choice(std::string const& spec,
                                                                        std::string const& labels);
    [[nodiscard]] std::unique_ptr<policies::Handout> handout(std::string const& spec);

    /// So far, by all selections together.
    [[nodiscard]] results::Decisions decisions() const;

  private:
    /// By specification.
    template <class Factory>
    using Loaded = std::map<std::string, std::shared_ptr<Factory const>>;

    template <class Factory, class Load>
    std::shared_ptr<Factory const> of_peer(Loaded<Factory>& known, std::string const& spec,
                                           std::string const& labels, Load load);
    [[nodiscard]] std::shared_ptr<policies::PolicyHost> host_of(std::string const& labels) const;

    class Counter;

    policies::PluginPath path_;
    Clock clock_;
    Loaded<policies::SelectorFactory> selectors_;
    Loaded<policies::ChunkOrderFactory> chunk_orders_;
    Loaded<policies::UploadChoiceFactory> upload_choices_;
    Loaded<policies::HandoutFactory> handouts_;
    std::shared_ptr<Counter> counter_;
};

}  // namespace xfsbus::lab::run
