// The experiments in examples/lab.
#include "catch.hpp"
#include "experiment/parse.hpp"
#include "results/summary.hpp"
#include "run/workload.hpp"

#include <filesystem>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab;

namespace {

/// Runs each policy with the first seed.
void run_first_seed(experiment::Experiment const& experiment, policies::PluginPath const& path) {
    auto const seed = experiment.seeds.front();
    for (std::size_t policy = 0; policy < experiment.policies.size(); ++policy) {
        INFO(experiment.policies[policy].name);
        results::Outcome outcome{policy, seed, run::simulate(experiment, policy, seed, path), {}};
        results::judge(experiment, outcome);
        auto const* const run = std::get_if<results::Run>(&outcome.what);
        INFO((run != nullptr ? std::string() : std::get<std::string>(outcome.what)));
        REQUIRE(run != nullptr);
        CHECK(results::figures_of(experiment, seed, *run).unfinished == 0);
    }
}

std::vector<std::filesystem::path> experiments_in(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> found;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".toml") {
            found.push_back(entry.path());
        }
    }
    return found;
}

}  // namespace

TEST_CASE("each example of an experiment is one, runs, and keeps its bound") {
    policies::PluginPath const path({XFS_TEST_PLUGINS});
    auto const examples = experiments_in(XFS_LAB_EXAMPLES);
    for (auto const& file : examples) {
        INFO(file);
        auto const experiment = experiment::read(file);
        INFO((experiment ? "" : experiment.error().message));
        REQUIRE(experiment);
        auto const possible = run::check(*experiment, path);
        INFO((possible ? "" : possible.error().message));
        REQUIRE(possible);
        run_first_seed(*experiment, path);
    }
    CHECK(examples.size() >= 8);
}

TEST_CASE("each example for real programs can be run with them, and is simulated, too") {
    policies::PluginPath const path({XFS_TEST_PLUGINS});
    auto const examples = experiments_in(std::filesystem::path(XFS_LAB_EXAMPLES) / "live");
    for (auto const& file : examples) {
        INFO(file);
        auto const experiment = experiment::read(file, experiment::Where::netns);
        INFO((experiment ? "" : experiment.error().message));
        REQUIRE(experiment);
        run_first_seed(*experiment, path);
    }
    CHECK(examples.size() >= 6);
}
