#pragma once

#include "figures.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <memory>
#include <string>
#include <utility>

namespace xfsbus::swarm::test {

using namespace lab::sim;

/// What a simulated peer lends to a policy: a clock that stands still, and its labels.
inline std::shared_ptr<policies::PolicyHost> host_of(Nature const& nature) {
    policies::PolicyHost::Options options;
    options.clock = [] { return std::chrono::nanoseconds(0); };
    options.labels = nature.labels;
    return std::make_shared<policies::PolicyHost>(std::move(options));
}

/// Has every sink use this plug-in as it is shipped, "libNAME.so:key=value". It throws at any
/// fault.
inline void use(Swarm::Rules& rules, std::string const& plugin) {
    rules.policy = [spec = policies::parse_plugin_spec(plugin)](
                       Nature const& nature,
                       std::uint64_t seed) -> std::unique_ptr<policies::PeerSelector> {
        policies::GuardOptions guard;
        guard.strict = true;
        return policies::load_peer_selector(spec, policies::PluginPath({XFS_TEST_PLUGINS}),
                                            host_of(nature))
            ->make(seed, guard);
    };
}

/// The same for the order of chunks.
inline void use_order(Swarm::Rules& rules, std::string const& plugin) {
    auto const factory = policies::load_chunk_order(policies::parse_plugin_spec(plugin),
                                                    policies::PluginPath({XFS_TEST_PLUGINS}));
    rules.chunk_order = [factory](Nature const&,
                                  std::uint64_t) -> std::unique_ptr<policies::ChunkRanker> {
        policies::GuardOptions guard;
        guard.strict = true;
        return factory->make(guard);
    };
}

}  // namespace xfsbus::swarm::test
