#pragma once

#include "experiment/experiment.hpp"
#include "results/bound.hpp"
#include "results/run.hpp"
#include "results/statistics.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::lab::results {

/// One run in figures. Seconds of a download are counted from when its peer came.
struct RunFigures {
    std::uint64_t seed = 0;
    std::size_t unfinished = 0;          ///< of those that count, have not got the file
    std::optional<double> makespan_s{};  ///< since the beginning; if all that count have the file
    std::optional<double> mean_s{};
    std::optional<double> p50_s{};
    std::optional<double> p99_s{};
    std::optional<double> fairness{};  ///< Jain's, of the rates at which they were served
    double duplicate_share = 0;        ///< of the bytes that were delivered
    double seed_upload_ratio = 0;      ///< files that the seeds have sent
    /// Other than chunks, for each chunk that was stored; of all kinds, and of each by MessageKind.
    std::optional<double> messages_per_chunk{};
    std::array<double, tally::message_names.size()> messages_by_kind{};
    tally::Timeline stored{};      ///< bytes, by all sinks
    std::optional<double> busy{};  ///< the share of the machine's processors
    Bound bound{};
    std::optional<double> regret{};  ///< makespan over the bound
};

/// How fast something came, over time.
struct Rates {
    double step_s = 0;
    std::vector<double> bytes_per_s{};  ///< in each step, from the beginning on
};

struct FailedRun {
    std::uint64_t seed = 0;
    std::string why{};
};

/// A policy over all seeds.
struct PolicySummary {
    std::string name{};
    std::string parameters{};
    std::vector<RunFigures> runs{};  ///< those that did not fail, by seed
    std::vector<FailedRun> failed{};
    // Over the runs that have it; nullopt: none has.
    std::optional<Estimate> makespan_s{};
    std::optional<Estimate> mean_s{};
    std::optional<Estimate> p50_s{};
    std::optional<Estimate> p99_s{};
    std::optional<Estimate> regret{};
    std::optional<Estimate> fairness{};
    std::optional<Estimate> duplicate_share{};
    std::optional<Estimate> seed_upload_ratio{};
    std::optional<Estimate> messages_per_chunk{};
    /// The mean for each chunk, by MessageKind; of no meaning without messages_per_chunk.
    std::array<double, tally::message_names.size()> messages_by_kind{};
    Rates rates{};                    ///< of all sinks together, the mean; later is nothing
    double bound_s = 0;               ///< the mean
    std::string binding{};            ///< the term that binds most often
    std::vector<double> durations{};  ///< of all downloads of all seeds, sorted
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> bytes_between_racks{};  ///< the mean
};

struct Summary {
    std::string experiment{};
    std::string situation{};  ///< experiment::situation_hash()
    experiment::Where where = experiment::Where::sim;
    std::vector<std::string> notes{};  ///< what to know of all runs, a sentence each
    std::vector<std::uint64_t> seeds{};
    bool interrupted = false;
    std::vector<PolicySummary> policies{};  ///< in the order of the file
};

/// A run that beats its bound, or that is not one of this experiment, becomes one that failed: then
/// the simulation or the bound is wrong, or links are not as slow as the experiment says.
void judge(experiment::Experiment const& experiment, Outcome& outcome,
           experiment::Where where = experiment::Where::sim);

/// The figures of a run of this experiment, which has not failed.
RunFigures figures_of(experiment::Experiment const& experiment, std::uint64_t seed, Run const& run);

/// `outcomes`: in any order, judged.
Summary summarise(experiment::Experiment const& experiment, std::vector<Outcome> const& outcomes,
                  experiment::Where where = experiment::Where::sim);

/// A share of the machine's processors above which a live run says more of it than of policies.
inline constexpr double busy_most = 0.6;

/// A sentence for each policy that has runs in which the machine was busier.
std::vector<std::string> warnings_of(Summary const& summary);

/// The outcomes in the order in which they are written.
std::vector<Outcome const*> by_policy_and_seed(std::vector<Outcome> const& outcomes);

/// "NAME", or "NAME PARAMETERS".
std::string label_of(PolicySummary const& policy);

}  // namespace xfsbus::lab::results
