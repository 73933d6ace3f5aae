#pragma once

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace xfsbus::lab::run {

/// Makes what the peers and the tracker of a run decide by, from plug-ins as they are shipped: a
/// specification is a file or a name, with parameters. Each is loaded once for all peers that have
/// the same labels. The clock that plug-ins see stands still. Whatever a plug-in does wrong is
/// thrown, PolicyFault, since a run that the built-in rule decides says nothing of it; one that
/// cannot be loaded, PluginRefused. For one thread.
class Plugins {
  public:
    explicit Plugins(policies::PluginPath path);

    [[nodiscard]] std::unique_ptr<policies::PeerSelector> selector(std::string const& spec,
                                                                   std::string const& labels,
                                                                   std::uint64_t seed);
    [[nodiscard]] std::unique_ptr<policies::ChunkRanker> chunk_order(std::string const& spec,
                                                                     std::string const& labels);
    [[nodiscard]] std::unique_ptr<policies::UploadChoice> upload_choice(std::string const& spec,
                                                                        std::string const& labels);
    [[nodiscard]] std::unique_ptr<policies::Handout> handout(std::string const& spec);

  private:
    /// By specification and labels.
    template <class Factory>
    using Loaded = std::map<std::pair<std::string, std::string>, std::shared_ptr<Factory const>>;

    template <class Factory, class Load>
    Factory const& loaded(Loaded<Factory>& known, std::string const& spec,
                          std::string const& labels, Load load);

    policies::PluginPath path_;
    Loaded<policies::SelectorFactory> selectors_;
    Loaded<policies::ChunkOrderFactory> chunk_orders_;
    Loaded<policies::UploadChoiceFactory> upload_choices_;
    Loaded<policies::HandoutFactory> handouts_;
};

}  // namespace xfsbus::lab::run
