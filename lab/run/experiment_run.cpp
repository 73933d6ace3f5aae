#include "run/experiment_run.hpp"

#include "experiment/parse.hpp"
#include "results/folder.hpp"
#include "results/report.hpp"
#include "run/processes.hpp"
#include "run/progress.hpp"
#include "run/workload.hpp"

#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::lab::run {
namespace {

/// Seed by seed, so that the policies are alike far if it is ended early.
std::vector<Job> jobs_of(experiment::Experiment const& experiment) {
    std::vector<Job> jobs;
    for (auto const seed : experiment.seeds) {
        for (std::size_t policy = 0; policy < experiment.policies.size(); ++policy) {
            jobs.push_back({policy, seed});
        }
    }
    return jobs;
}

Status write_all(std::filesystem::path const& folder, experiment::Experiment const& experiment,
                 std::vector<results::Outcome> const& outcomes, results::Summary const& summary) {
    for (auto const& [name, text] :
         {std::pair("results.csv", results::csv_of(experiment, outcomes)),
          std::pair("timings.csv", results::timings_of(experiment, outcomes)),
          std::pair("summary.json", results::json_of(summary)),
          std::pair("report.html", results::report_of(summary))}) {
        if (auto written = results::write(folder / name, text); !written) {
            return written;
        }
    }
    return done();
}

}  // namespace

Result<Done> run_experiment(Request const& request, policies::PluginPath const& path) {
    auto const experiment = experiment::read(request.file);
    if (!experiment) {
        return experiment.error();
    }
    if (auto const can = check(*experiment, path); !can) {
        return can.error();
    }
    if (auto const ready = results::prepare(request.out, request.force); !ready) {
        return ready.error();
    }
    auto ended = run_all(
        jobs_of(*experiment), {request.at_once, request.time_limit, request.memory_limit},
        [&](Job const& job) { return simulate(*experiment, job.policy, job.seed, path); },
        [&](Progress const& progress) {
            if (request.tell) {
                request.tell(line_of(progress));
            }
        });
    Done result;
    result.signal = ended.signal;
    for (auto& outcome : ended.outcomes) {
        results::judge(*experiment, outcome);
        result.failed += std::holds_alternative<std::string>(outcome.what) ? 1 : 0;
    }
    auto const summary = results::summarise(*experiment, ended.outcomes);
    if (auto const written = write_all(request.out, *experiment, ended.outcomes, summary);
        !written) {
        return written.error();
    }
    result.table = results::table_of(summary);
    return result;
}

}  // namespace xfsbus::lab::run
