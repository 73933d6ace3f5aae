// How an experiment becomes a swarm of the simulator, and a swarm figures: all that the lab knows
// of the simulator stands here.
#include "run/workload.hpp"

#include "experiment/population.hpp"
#include "platform/platform.hpp"
#include "results/course.hpp"
#include "run/plugins.hpp"
#include "sim/must.hpp"
#include "sim/simulator.hpp"

#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::lab::run {
namespace {

using experiment::Experiment;
using experiment::Group;

/// That of the group, or that of the run, or the product's.
std::string const& select_of(Group const& group, experiment::Policy const& policy) {
    static std::string const usual = "loadlatency";
    auto const& own = group.select.empty() ? policy.select : group.select;
    return own.empty() ? usual : own;
}

// ---- an experiment as a swarm ----

sim::Nature nature_of(Group const& group, experiment::Peer const& peer) {
    sim::Nature nature;
    nature.up = static_cast<double>(peer.up);
    nature.down = static_cast<double>(peer.down);
    nature.seed = group.role == experiment::Role::seed;
    nature.conduct = group.conduct == experiment::Conduct::lies     ? sim::Conduct::lies
                     : group.conduct == experiment::Conduct::stalls ? sim::Conduct::stalls
                                                                    : sim::Conduct::honest;
    nature.stays = peer.stays;
    nature.serves = group.serves;
    nature.far = group.far;
    nature.labels = group.labels;
    nature.rack = peer.rack;
    nature.others = group.others;
    return nature;
}

sim::Swarm::Rules rules_of(Experiment const& experiment) {
    sim::Swarm::Rules rules;
    rules.file = wire::layout_of(experiment.content.bytes, experiment.content.chunk_bytes);
    rules.latency = experiment.network.latency;
    rules.rack_link = static_cast<double>(experiment.network.rack_link);
    rules.core_link = static_cast<double>(experiment.network.core_link);
    if (experiment.fetching.places) {
        rules.download.sources_most = *experiment.fetching.places;
    }
    return rules;
}

static_assert(platform::limits::path_links <= sim::Fabric::path_most);

/// The links of a platform, and which of them lie between two peers.
sim::Fabric fabric_of(experiment::Placement const& placement) {
    sim::Fabric fabric;
    for (auto const& link : placement.platform->links()) {
        fabric.links.push_back(link.bytes_per_second);
    }
    fabric.path = [&placement](sim::PeerIndex from, sim::PeerIndex to) {
        auto path = placement.platform->path(placement.hosts[from], placement.hosts[to]);
        sim::must(path.ok(), "there is a path between any two");  // it was looked at before
        return sim::Fabric::Path{std::move(path->links), path->most};
    };
    return fabric;
}

/// What the network is like where it is not the same between all.
void use_network(sim::Swarm::Rules& rules, Experiment const& experiment,
                 std::vector<experiment::Peer> const& peers) {
    if (experiment.latencies.between != experiment::Latencies::Between::nobody) {
        rules.latency_between = [&](sim::PeerIndex from, sim::PeerIndex to) {
            return latency_between(experiment, peers, from, to);
        };
    }
    if (experiment.placement) {
        rules.fabric = fabric_of(*experiment.placement);
    }
}

/// Those that the experiment leaves to the product are left empty.
void use_plugins(sim::Swarm::Rules& rules, Plugins& plugins, experiment::Policy const& policy) {
    if (!policy.chunk_order.empty()) {
        rules.chunk_order = [&](sim::Nature const& nature, std::uint64_t) {
            return plugins.chunk_order(policy.chunk_order, nature.labels);
        };
    }
    if (!policy.upload_choice.empty()) {
        rules.upload_choice = [&](sim::Nature const& nature, std::uint64_t) {
            return plugins.upload_choice(policy.upload_choice, nature.labels);
        };
    }
    if (!policy.handout.empty()) {
        rules.handout = [&](std::uint64_t) { return plugins.handout(policy.handout); };
    }
}

// ---- a swarm as figures ----

results::Course course_of(Experiment const& experiment, sim::Swarm const& swarm,
                          sim::Swarm::PeerIndex index) {
    auto const& peer = swarm.peer(index);
    return {.first_chunk = peer.first_chunk,
            .quarters = peer.quarters,
            .completed = peer.completed,
            .bytes_up = peer.bytes_sent,
            .bytes_down = std::uint64_t{peer.chunks_stored} * experiment.content.chunk_bytes,
            .messages = peer.messages,
            .failure = peer.failure ? wire::escape(peer.failure->message) : std::string()};
}

results::Run run_of(Experiment const& experiment, sim::Swarm const& swarm,
                    std::vector<experiment::Peer> const& peers) {
    results::Run run;
    for (sim::Swarm::PeerIndex index = 0; index < peers.size(); ++index) {
        run.peers.push_back(results::row_of(experiment, peers[index],
                                            course_of(experiment, swarm, index), swarm.now()));
        bool const is_seed = experiment.groups[peers[index].group].role == experiment::Role::seed;
        run.bytes_of_seeds += is_seed ? run.peers.back().bytes_up : 0;
    }
    auto const& figures = swarm.figures();
    run.stored = figures.stored;
    run.chunks_sent = figures.chunks_sent;
    run.bytes_duplicate = figures.bytes_duplicate;
    run.bytes_between_racks = figures.bytes_between_racks;
    return run;
}

/// Makes one of each that the policy names, to see whether it can be.
void try_all(Plugins& plugins, Group const& group, experiment::Policy const& policy) {
    static_cast<void>(plugins.selector(select_of(group, policy), group.labels, 1));
    if (!policy.chunk_order.empty()) {
        static_cast<void>(plugins.chunk_order(policy.chunk_order, group.labels));
    }
    if (!policy.upload_choice.empty()) {
        static_cast<void>(plugins.upload_choice(policy.upload_choice, group.labels));
    }
    if (!policy.handout.empty()) {
        static_cast<void>(plugins.handout(policy.handout));
    }
}

}  // namespace

Status check(Experiment const& experiment, policies::PluginPath const& path) {
    Plugins plugins(path, [] { return std::chrono::nanoseconds(0); });
    for (auto const& policy : experiment.policies) {
        try {
            for (auto const& group : experiment.groups) {
                try_all(plugins, group, policy);
            }
        } catch (std::exception const& refused) {
            return Error{Errc::plugin, "[[policy]] " + policy.name + ": " + refused.what()};
        }
    }
    return done();
}

results::Run simulate(Experiment const& experiment, std::size_t policy, std::uint64_t seed,
                      policies::PluginPath const& path) {
    std::optional<sim::Swarm> swarm;
    Plugins plugins(path, [&] {
        return swarm ? std::chrono::nanoseconds(swarm->now()) : std::chrono::nanoseconds(0);
    });
    auto const peers = experiment::draw(experiment, seed);
    std::size_t next = 0;  // add() makes a peer's policy at once
    auto rules = rules_of(experiment);
    use_network(rules, experiment, peers);
    use_plugins(rules, plugins, experiment.policies[policy]);
    rules.policy = [&](sim::Nature const& nature, std::uint64_t own_seed) {
        auto const& group = experiment.groups[peers[next].group];
        return plugins.selector(select_of(group, experiment.policies[policy]), nature.labels,
                                own_seed);
    };
    swarm.emplace(rules, seed);
    for (; next < peers.size(); ++next) {
        auto const& peer = peers[next];
        auto const index = swarm->add(nature_of(experiment.groups[peer.group], peer), peer.arrives);
        if (peer.crashes) {
            swarm->at(*peer.crashes, [&swarm, index] { swarm->crash(index); });
        }
    }
    swarm->run(experiment.stop);
    auto run = run_of(experiment, *swarm, peers);
    run.decisions = plugins.decisions();
    return run;
}

}  // namespace xfsbus::lab::run
