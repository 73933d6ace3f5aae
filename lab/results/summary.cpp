#include "results/summary.hpp"

#include "results/text.hpp"

#include <algorithm>

namespace xfsbus::lab::results {
namespace {

using experiment::Experiment;

/// By which share of its bound a run may be quicker. A simulator rounds each chunk's time to a
/// nanosecond. What limits a real rate lets a chunk through first and has it paid for afterwards,
/// where it is sent and where it is passed on.
double rounding_of(Experiment const& experiment, experiment::Where where) {
    constexpr double simulated = 1e-6;
    constexpr double real = 0.01;
    auto const& content = experiment.content;
    return where == experiment::Where::sim
               ? simulated
               : real + 2.0 * content.chunk_bytes / static_cast<double>(content.bytes);
}

/// When the last of those that count, and have the file, had it.
double last_of(Run const& run) {
    double last = 0;
    for (auto const& row : run.peers) {
        if (row.counts && row.completed) {
            last = std::max(last, seconds_of(*row.completed));
        }
    }
    return last;
}

/// Of the downloads that count, unsorted.
std::vector<double> durations_of(Run const& run) {
    std::vector<double> all;
    for (auto const& row : run.peers) {
        if (row.counts && row.completed) {
            all.push_back(seconds_of(*row.completed - row.arrived));
        }
    }
    return all;
}

std::size_t unfinished_of(Run const& run) {
    return static_cast<std::size_t>(std::ranges::count_if(
        run.peers, [](auto const& row) { return row.counts && !row.completed; }));
}

void add_times(RunFigures& figures, Run const& run) {
    auto durations = durations_of(run);
    if (durations.empty() || figures.unfinished > 0) {
        return;  // means over those that were quick would praise a policy that leaves some behind
    }
    std::vector<double> rates;
    rates.reserve(durations.size());
    for (double const duration : durations) {
        rates.push_back(duration > 0 ? 1 / duration : 0);
    }
    std::ranges::sort(durations);
    constexpr double half = 0.5;
    constexpr double most = 0.99;
    figures.makespan_s = last_of(run);
    figures.mean_s = mean_of(durations);
    figures.p50_s = quantile_of(durations, half);
    figures.p99_s = quantile_of(durations, most);
    figures.fairness = fairness_of(rates);
    if (figures.bound.seconds > 0) {
        figures.regret = *figures.makespan_s / figures.bound.seconds;
    }
}

/// Of all peers, if they were counted.
void add_messages(RunFigures& figures, Run const& run, double chunks) {
    tally::Messages all;
    bool counted = false;
    for (auto const& row : run.peers) {
        counted |= row.messages.has_value();
        all += row.messages.value_or(tally::Messages());
    }
    if (!counted || chunks <= 0) {
        return;
    }
    figures.messages_per_chunk = static_cast<double>(all.total()) / chunks;
    for (std::size_t kind = 0; kind < all.counts.size(); ++kind) {
        figures.messages_by_kind[kind] = static_cast<double>(all.counts[kind]) / chunks;
    }
}

template <typename Value>
std::optional<Estimate> estimate(std::vector<RunFigures> const& runs, Value RunFigures::*member) {
    std::vector<double> values;
    for (auto const& run : runs) {
        if (std::optional<double> const value = run.*member) {
            values.push_back(*value);
        }
    }
    return values.empty() ? std::nullopt : std::optional(estimate_of(values));
}

std::string most_often(std::vector<RunFigures> const& runs) {
    std::map<Bound::Term, std::size_t> counts;
    for (auto const& run : runs) {
        ++counts[run.bound.term];
    }
    auto const most =
        std::ranges::max_element(counts, {}, [](auto const& each) { return each.second; });
    return most == counts.end() ? std::string() : std::string(name_of(most->first));
}

/// The mean over the runs, in steps that all of them have.
Rates rates_of(std::vector<RunFigures> const& runs) {
    tally::Timeline all;
    for (auto const& run : runs) {
        all.add(run.stored);
    }
    Rates rates{.step_s = seconds_of(all.step()), .bytes_per_s = {}};
    for (auto const bytes : all.bytes()) {
        rates.bytes_per_s.push_back(static_cast<double>(bytes) /
                                    (rates.step_s * static_cast<double>(runs.size())));
    }
    return rates;
}

void add_estimates(PolicySummary& policy) {
    auto const& runs = policy.runs;
    policy.makespan_s = estimate(runs, &RunFigures::makespan_s);
    policy.mean_s = estimate(runs, &RunFigures::mean_s);
    policy.p50_s = estimate(runs, &RunFigures::p50_s);
    policy.p99_s = estimate(runs, &RunFigures::p99_s);
    policy.regret = estimate(runs, &RunFigures::regret);
    policy.fairness = estimate(runs, &RunFigures::fairness);
    policy.duplicate_share = estimate(runs, &RunFigures::duplicate_share);
    policy.seed_upload_ratio = estimate(runs, &RunFigures::seed_upload_ratio);
    policy.messages_per_chunk = estimate(runs, &RunFigures::messages_per_chunk);
    policy.binding = most_often(runs);
    policy.rates = rates_of(runs);
    for (auto const& run : runs) {
        policy.bound_s += run.bound.seconds / static_cast<double>(runs.size());
        for (std::size_t kind = 0; kind < policy.messages_by_kind.size(); ++kind) {
            policy.messages_by_kind[kind] +=
                run.messages_by_kind[kind] / static_cast<double>(runs.size());
        }
    }
    std::ranges::sort(policy.durations);
    for (auto& [way, bytes] : policy.bytes_between_racks) {
        bytes /= static_cast<double>(runs.size());
    }
}

void add(PolicySummary& policy, Experiment const& experiment, Outcome const& outcome) {
    auto const* const run = std::get_if<Run>(&outcome.what);
    if (run == nullptr) {
        policy.failed.push_back({outcome.seed, std::get<std::string>(outcome.what)});
        return;
    }
    policy.runs.push_back(figures_of(experiment, outcome.seed, *run));
    auto const durations = durations_of(*run);
    policy.durations.insert(policy.durations.end(), durations.begin(), durations.end());
    for (auto const& [way, bytes] : run->bytes_between_racks) {
        policy.bytes_between_racks[way] += static_cast<double>(bytes);
    }
}

}  // namespace

void judge(Experiment const& experiment, Outcome& outcome, experiment::Where where) {
    auto const* const run = std::get_if<Run>(&outcome.what);
    if (run == nullptr) {
        return;
    }
    auto const peers = experiment::draw(experiment, outcome.seed);
    bool const fits =
        run->peers.size() == peers.size() && std::ranges::all_of(run->peers, [&](auto const& row) {
            return row.group < experiment.groups.size();
        });
    if (!fits) {
        outcome.what = "what its process has written is not of this experiment";
        return;
    }
    auto const bound = lower_bound(experiment, peers, *run);
    double const last = last_of(*run);
    bool const simulated = where == experiment::Where::sim;
    if (last < bound.seconds * (1 - rounding_of(experiment, where))) {
        outcome.what = "it took " + number_text("%.6f", last) + " s, and the least possible is " +
                       number_text("%.6f", bound.seconds) + " s for " +
                       std::string(name_of(bound.term)) + ": " +
                       (simulated ? "the simulation or the bound is wrong"
                                  : "a link is faster than the experiment says");
    }
}

RunFigures figures_of(Experiment const& experiment, std::uint64_t seed, Run const& run) {
    RunFigures figures;
    figures.seed = seed;
    figures.unfinished = unfinished_of(run);
    figures.bound = lower_bound(experiment, experiment::draw(experiment, seed), run);
    std::uint64_t stored = 0;
    for (auto const& row : run.peers) {
        stored += row.bytes_down;
    }
    auto const bytes = static_cast<double>(experiment.content.bytes);
    auto const delivered = static_cast<double>(stored + run.bytes_duplicate);
    auto const chunks = static_cast<double>(stored) / experiment.content.chunk_bytes;
    figures.duplicate_share =
        delivered > 0 ? static_cast<double>(run.bytes_duplicate) / delivered : 0;
    figures.seed_upload_ratio = static_cast<double>(run.bytes_of_seeds) / bytes;
    add_messages(figures, run, chunks);
    figures.stored = run.stored;
    figures.busy = run.busy;
    add_times(figures, run);
    return figures;
}

Summary summarise(Experiment const& experiment, std::vector<Outcome> const& outcomes,
                  experiment::Where where) {
    Summary summary{.experiment = experiment.name,
                    .situation = situation_hash(experiment),
                    .where = where,
                    .notes = {},
                    .seeds = experiment.seeds,
                    .policies = {}};
    for (auto const& policy : experiment.policies) {
        summary.policies.push_back({.name = policy.name, .parameters = parameters_text(policy)});
    }
    for (auto const* const outcome : by_policy_and_seed(outcomes)) {
        add(summary.policies[outcome->policy], experiment, *outcome);
    }
    for (auto& policy : summary.policies) {
        add_estimates(policy);
    }
    summary.interrupted = outcomes.size() < experiment.policies.size() * experiment.seeds.size();
    return summary;
}

std::vector<std::string> warnings_of(Summary const& summary) {
    std::vector<std::string> warnings;
    for (auto const& policy : summary.policies) {
        double most = 0;
        for (auto const& run : policy.runs) {
            most = std::max(most, run.busy.value_or(0));
        }
        if (most > busy_most) {
            constexpr double percent = 100;
            warnings.push_back(label_of(policy) + ": the machine was busy to " +
                               number_text("%.0f %%", percent * most) +
                               ", so the times may say more of it than of the policy; use fewer "
                               "peers or slower links");
        }
    }
    return warnings;
}

std::vector<Outcome const*> by_policy_and_seed(std::vector<Outcome> const& outcomes) {
    std::vector<Outcome const*> all;
    all.reserve(outcomes.size());
    for (auto const& outcome : outcomes) {
        all.push_back(&outcome);
    }
    std::ranges::sort(all, {}, [](auto* each) { return std::pair(each->policy, each->seed); });
    return all;
}

std::string label_of(PolicySummary const& policy) {
    return policy.parameters.empty() ? policy.name : policy.name + " " + policy.parameters;
}

}  // namespace xfsbus::lab::results
