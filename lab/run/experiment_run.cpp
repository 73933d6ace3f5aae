#include "run/experiment_run.hpp"

#include "experiment/parse.hpp"
#include "live/folder.hpp"
#include "live/run.hpp"
#include "results/decisions.hpp"
#include "results/folder.hpp"
#include "results/out_folder.hpp"
#include "results/report.hpp"
#include "run/processes.hpp"
#include "run/progress.hpp"
#include "run/workload.hpp"

#include <array>
#include <functional>
#include <string>
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

Status write_all(results::OutFolder& folder, experiment::Experiment const& experiment,
                 std::vector<results::Outcome> const& outcomes, results::Summary const& summary) {
    std::array const texts = {results::csv_of(experiment, outcomes),
                              results::timings_of(experiment, outcomes), results::json_of(summary),
                              results::report_of(summary)};
    static_assert(texts.size() == results::result_files.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (auto written = folder.write(results::result_files[i], texts[i]); !written) {
            return written;
        }
    }
    return folder.finish();
}

/// What does one run, and what there is to know of all of them.
struct Worker {
    std::function<results::Run(Job const&)> run;
    std::vector<std::string> notes{};
    std::vector<std::string> found{};  ///< what runs had left that were killed
};

Worker simulating(experiment::Experiment const& experiment, policies::PluginPath const& path) {
    return {
        .run = [&](Job const& job) { return simulate(experiment, job.policy, job.seed, path); }};
}

/// Runs all, judges them and writes the folder.
Result<Done> run_and_write(Request const& request, experiment::Experiment const& experiment,
                           Worker const& worker) {
    auto folder = results::OutFolder::open(request.out, request.force);
    if (!folder) {
        return folder.error();
    }
    auto ended =
        run_all(jobs_of(experiment), {request.at_once, request.time_limit, request.memory_limit},
                worker.run, [&](Progress const& progress) {
                    if (request.tell) {
                        request.tell(line_of(progress));
                    }
                });
    Done result;
    result.signal = ended.signal;
    for (auto& outcome : ended.outcomes) {
        results::judge(experiment, outcome, request.where);
        result.failed += std::holds_alternative<std::string>(outcome.what) ? 1 : 0;
    }
    auto summary = results::summarise(experiment, ended.outcomes, request.where);
    summary.notes = worker.notes;
    if (auto const written = write_all(*folder, experiment, ended.outcomes, summary); !written) {
        return written.error();
    }
    result.table = results::table_of(summary);
    result.decisions = results::decisions_line(experiment, ended.outcomes);
    result.warnings = worker.found;
    if (!folder->found().empty()) {
        result.warnings.push_back(folder->found());
    }
    result.warnings.insert(result.warnings.end(), worker.notes.begin(), worker.notes.end());
    auto const more = results::warnings_of(summary);
    result.warnings.insert(result.warnings.end(), more.begin(), more.end());
    return result;
}

/// With real programs, one run after the other. Nothing of them is left, files or processes.
Result<Done> run_live(Request const& request, experiment::Experiment const& experiment,
                      policies::PluginPath const& path) {
    auto const found = live::remove_left_in(request.work_dir);
    auto const folder = live::WorkFolder::make_in(request.work_dir);
    if (!folder) {
        return folder.error();
    }
    live::Orphans const orphans;
    live::Place const place{.where = request.where,
                            .programs = request.programs,
                            .work = folder->work(),
                            .plugin_dirs = path.directories()};
    if (auto const can = live::check(experiment, place); !can) {
        return can.error();
    }
    auto one_by_one = request;
    one_by_one.at_once = 1;
    return run_and_write(
        one_by_one, experiment,
        {.run = [&](Job const& job) { return live::run(experiment, job.policy, job.seed, place); },
         .notes = live::notes_of(experiment, request.where),
         .found = found});
}

}  // namespace

Result<Done> run_experiment(Request const& request, policies::PluginPath const& path) {
    auto experiment = experiment::read(request.file, request.where);
    if (!experiment) {
        return experiment.error();
    }
    for (auto const& policy : request.policies) {
        if (auto const added = experiment::add_policy(*experiment, policy); !added) {
            return added.error();
        }
    }
    if (auto const can = check(*experiment, path); !can) {
        return can.error();
    }
    if (request.where != experiment::Where::sim) {
        return run_live(request, *experiment, path);
    }
    return run_and_write(request, *experiment, simulating(*experiment, path));
}

}  // namespace xfsbus::lab::run
