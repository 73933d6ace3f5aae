// How an experiment becomes a swarm of the simulator, and a swarm figures: all that the lab knows
// of the simulator stands here.
#include "run/workload.hpp"

#include "experiment/population.hpp"
#include "sim/simulator.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::lab::run {
namespace {

using experiment::Experiment;
using experiment::Group;

/// What a simulated peer lends to a policy: a clock that stands still, and its labels.
std::shared_ptr<policies::PolicyHost> host_of(std::string const& labels) {
    policies::PolicyHost::Options options;
    options.clock = [] { return std::chrono::nanoseconds(0); };
    options.labels = labels;
    return std::make_shared<policies::PolicyHost>(std::move(options));
}

/// Makes the policies of sinks. A plug-in is loaded once for all peers that have the same labels.
class Selectors {
  public:
    explicit Selectors(policies::PluginPath path) : path_(std::move(path)) {}

    std::unique_ptr<policies::PeerSelector> make(std::string const& spec, std::string const& labels,
                                                 std::uint64_t seed) {
        auto& factory = factories_[{spec, labels}];
        if (!factory) {
            factory = policies::load_peer_selector(policies::parse_plugin_spec(spec), path_,
                                                   host_of(labels));
        }
        policies::GuardOptions guard;
        guard.strict = true;  // a run that the built-in rule decides says nothing of the policy
        return factory->make(seed, guard);
    }

  private:
    policies::PluginPath path_;
    std::map<std::pair<std::string, std::string>, std::shared_ptr<policies::SelectorFactory const>>
        factories_;
};

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
    if (experiment.fetching.places) {
        rules.download.sources_most = *experiment.fetching.places;
    }
    return rules;
}

/// What the simulator does not have yet.
Status supported(Experiment const& experiment) {
    auto const refuse = [](std::string const& what) -> Status {
        return Error{Errc::usage, what + " cannot be simulated yet; leave it out"};
    };
    if (experiment.network.core_link != 0) {
        return refuse("[network] core-link");
    }
    for (auto const& policy : experiment.policies) {
        for (auto const& [key, value] : {std::pair("chunk-order", policy.chunk_order),
                                         std::pair("upload-choice", policy.upload_choice),
                                         std::pair("handout", policy.handout)}) {
            if (!value.empty()) {
                return refuse("[[policy]] " + policy.name + ": " + key);
            }
        }
    }
    return done();
}

// ---- a swarm as figures ----

bool crashed_before(std::optional<wire::Duration> crashes, std::optional<wire::Duration> completed,
                    wire::Duration now) {
    return crashes && *crashes <= completed.value_or(now);
}

results::PeerRow row_of(Experiment const& experiment, sim::Swarm const& swarm,
                        sim::Swarm::PeerIndex index, experiment::Peer const& peer) {
    auto const& group = experiment.groups[peer.group];
    bool const is_sink = group.role == experiment::Role::sink;
    results::PeerRow row;
    row.group = peer.group;
    row.arrived = peer.arrives;
    row.first_chunk = swarm.first_chunk(index);
    row.completed = swarm.completed(index);
    row.bytes_up = swarm.bytes_sent(index);
    auto const stored = std::uint64_t{swarm.chunks_stored(index)} * experiment.content.chunk_bytes;
    row.bytes_down = is_sink ? std::min(stored, experiment.content.bytes) : 0;
    bool const crashed = is_sink && crashed_before(peer.crashes, row.completed, swarm.now());
    row.counts = is_sink && group.conduct == experiment::Conduct::honest && !crashed;
    if (auto const failure = swarm.failure(index)) {
        row.failure = wire::escape(failure->message);
    } else if (crashed) {
        row.failure = "crashed";
    } else if (row.counts && !row.completed) {
        row.failure = "not complete when the run ended";
    }
    return row;
}

results::Run run_of(Experiment const& experiment, sim::Swarm const& swarm,
                    std::vector<experiment::Peer> const& peers) {
    results::Run run;
    for (sim::Swarm::PeerIndex index = 0; index < peers.size(); ++index) {
        run.peers.push_back(row_of(experiment, swarm, index, peers[index]));
        bool const is_seed = experiment.groups[peers[index].group].role == experiment::Role::seed;
        run.bytes_of_seeds += is_seed ? run.peers.back().bytes_up : 0;
    }
    auto const& figures = swarm.figures();
    run.messages = figures.messages;
    run.chunks_sent = figures.chunks_sent;
    run.bytes_duplicate = figures.bytes_duplicate;
    return run;
}

}  // namespace

Status check(Experiment const& experiment, policies::PluginPath const& path) {
    if (auto all = supported(experiment); !all) {
        return all;
    }
    Selectors selectors(path);
    for (auto const& policy : experiment.policies) {
        for (auto const& group : experiment.groups) {
            try {
                selectors.make(select_of(group, policy), group.labels, 1);
            } catch (std::exception const& refused) {
                return Error{Errc::plugin, "[[policy]] " + policy.name + ": " + refused.what()};
            }
        }
    }
    return done();
}

results::Run simulate(Experiment const& experiment, std::size_t policy, std::uint64_t seed,
                      policies::PluginPath const& path) {
    Selectors selectors(path);
    auto const peers = experiment::draw(experiment, seed);
    std::size_t next = 0;  // add() makes a peer's policy at once
    auto rules = rules_of(experiment);
    rules.policy = [&](sim::Nature const& nature, std::uint64_t own_seed) {
        auto const& group = experiment.groups[peers[next].group];
        return selectors.make(select_of(group, experiment.policies[policy]), nature.labels,
                              own_seed);
    };
    sim::Swarm swarm(rules, seed);
    for (; next < peers.size(); ++next) {
        auto const& peer = peers[next];
        auto const index = swarm.add(nature_of(experiment.groups[peer.group], peer), peer.arrives);
        if (peer.crashes) {
            swarm.at(*peer.crashes, [&swarm, index] { swarm.crash(index); });
        }
    }
    swarm.run(experiment.stop);
    return run_of(experiment, swarm, peers);
}

}  // namespace xfsbus::lab::run
