#pragma once

#include "experiment/experiment.hpp"
#include "experiment/population.hpp"
#include "results/run.hpp"
#include "results/summary.hpp"

#include <string>
#include <vector>

namespace xfsbus::lab::test {

using namespace std::chrono_literals;

inline constexpr std::uint64_t rate = 1'000'000;  ///< of every link

inline experiment::Rates constant(std::uint64_t value) {
    experiment::Rates rates;
    rates.values = {value};
    return rates;
}

/// A seed and so many sinks, with equal links; a file that takes ten seconds over one, in 100
/// chunks.
inline experiment::Experiment crowd(std::uint32_t sinks) {
    experiment::Experiment experiment;
    experiment.name = "crowd";
    experiment::Group seed;
    seed.name = "seed";
    seed.up = constant(rate);
    seed.down = constant(4 * rate);
    auto others = seed;
    others.name = "sinks";
    others.count = sinks;
    seed.role = experiment::Role::seed;
    experiment.groups = {seed, others};
    experiment.content = {10 * rate, static_cast<std::uint32_t>(rate / 10)};
    experiment::Policy policy;
    policy.name = "usual";
    experiment.policies = {policy};
    experiment.seeds = {1};
    return experiment;
}

/// All sinks are done at these seconds, in turn.
inline results::Run run_of(experiment::Experiment const& experiment,
                           std::vector<double> const& seconds, std::uint64_t seed = 1) {
    results::Run run;
    std::size_t next = 0;
    for (auto const& peer : experiment::draw(experiment, seed)) {
        auto const& group = experiment.groups[peer.group];
        results::PeerRow row;
        row.group = peer.group;
        row.arrived = peer.arrives;
        row.counts =
            group.role == experiment::Role::sink && group.conduct == experiment::Conduct::honest;
        if (row.counts) {
            row.completed = std::chrono::duration_cast<wire::Duration>(
                std::chrono::duration<double>(seconds[next++ % seconds.size()]));
            row.bytes_down = experiment.content.bytes;
        }
        run.peers.push_back(row);
    }
    return run;
}

inline results::Outcome outcome_of(std::size_t policy, std::uint64_t seed,
                                   std::variant<results::Run, std::string> what) {
    return {policy, seed, std::move(what), {}};
}

}  // namespace xfsbus::lab::test
