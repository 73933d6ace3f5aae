#include "results/compare.hpp"

#include "catch.hpp"
#include "results/folder.hpp"
#include "runs.hpp"
#include "temp_dir.hpp"

#include <fstream>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::results;
using namespace xfsbus::lab::test;

namespace {

/// A folder with one policy's runs, which take 20 s and `more`, with eight seeds.
void write_runs(std::filesystem::path const& folder, experiment::Experiment experiment, double more,
                std::uint64_t seeds = 8, experiment::Where where = experiment::Where::sim) {
    experiment.seeds.clear();
    std::vector<Outcome> outcomes;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        experiment.seeds.push_back(seed);
        auto const chance = 0.1 * static_cast<double>(seed % 3);
        outcomes.push_back(
            outcome_of(0, seed, run_of(experiment, {20 + chance + more * (1 + chance)})));
    }
    std::filesystem::create_directories(folder);
    REQUIRE(write(folder / "summary.json", json_of(summarise(experiment, outcomes, where))));
}

}  // namespace

TEST_CASE("a difference that all seeds have is real") {
    xfsbus::test::TempDir const dir;
    write_runs(dir.path() / "a", crowd(4), 0);
    write_runs(dir.path() / "b", crowd(4), 1);
    auto const text = compare({dir.path() / "a"}, {dir.path() / "b"});
    INFO((text ? *text : text.error().message));
    REQUIRE(text);
    CHECK_THAT(*text, ContainsSubstring("B usual less A usual, 8 seeds"));
    CHECK_THAT(*text, ContainsSubstring("makespan: real, +1."));
    CHECK_THAT(*text, ContainsSubstring("p 0.0078"));
}

TEST_CASE("a difference between a simulation and a live run is called so") {
    xfsbus::test::TempDir const dir;
    write_runs(dir.path() / "a", crowd(4), 0);
    write_runs(dir.path() / "b", crowd(4), 1, 8, experiment::Where::netns);
    auto const text = compare({dir.path() / "a"}, {dir.path() / "b"});
    REQUIRE(text);
    CHECK_THAT(*text, ContainsSubstring("B usual (netns) less A usual (sim), 8 seeds"));
    CHECK_THAT(*text, ContainsSubstring("One policy in two places: what differs is where it ran."));
    auto other = crowd(4);
    other.policies[0].name = "other";
    write_runs(dir.path() / "c", other, 1, 8, experiment::Where::live);
    auto const both = compare({dir.path() / "a"}, {dir.path() / "c"});
    REQUIRE(both);
    CHECK_THAT(*both, ContainsSubstring("B other (live) less A usual (sim)"));
    CHECK_THAT(*both, ContainsSubstring("Two policies in two places"));
    auto const same = compare({dir.path() / "b"}, {dir.path() / "b"});
    REQUIRE(same);
    CHECK_THAT(*same, ContainsSubstring("B usual less A usual, 8 seeds\nmakespan"));
}

TEST_CASE("results that do not say where they come from are simulated") {
    auto const all = read_measured(
        R"({"situation":"s","policies":[{"name":"p","parameters":"","runs":[]}]})", "f");
    REQUIRE(all);
    CHECK(all->front().where == "sim");
}

TEST_CASE("no difference is not shown") {
    xfsbus::test::TempDir const dir;
    write_runs(dir.path() / "a", crowd(4), 0);
    auto const text = compare({dir.path() / "a"}, {dir.path() / "a"});
    REQUIRE(text);
    CHECK_THAT(*text, ContainsSubstring("makespan: not shown, +0.000 s"));
    CHECK_THAT(*text, ContainsSubstring("p 1.0000, effect 0.00"));
}

TEST_CASE("few seeds show nothing, and are told so") {
    xfsbus::test::TempDir const dir;
    write_runs(dir.path() / "a", crowd(4), 0, 5);
    write_runs(dir.path() / "b", crowd(4), 1, 9);
    auto const text = compare({dir.path() / "a"}, {dir.path() / "b"});
    REQUIRE(text);
    CHECK_THAT(*text, ContainsSubstring("makespan: not shown"));
    CHECK_THAT(*text, ContainsSubstring("5 seeds can show nothing: take 6 or more"));
}

TEST_CASE("a difference that goes this way and that is not shown") {
    auto const found =
        difference_of({{1, 10}, {2, 10}, {3, 10}, {4, 10}, {5, 10}, {6, 10}},
                      {{1, 11}, {2, 9}, {3, 12}, {4, 8.5}, {5, 10.5}, {6, 9}, {7, 100}});
    REQUIRE(found);
    CHECK(found->seeds == 6);
    CHECK_FALSE(found->real);
    CHECK(found->difference.mean == Approx(0));
}

TEST_CASE("different experiments are not compared") {
    xfsbus::test::TempDir const dir;
    write_runs(dir.path() / "a", crowd(4), 0);
    write_runs(dir.path() / "b", crowd(5), 0);
    auto const text = compare({dir.path() / "a"}, {dir.path() / "b"});
    REQUIRE_FALSE(text);
    CHECK(text.error().code == Errc::usage);
    CHECK_THAT(text.error().message, ContainsSubstring("these are different experiments"));
}

TEST_CASE("of several policies one has to be named, with its parameters") {
    xfsbus::test::TempDir const dir;
    auto experiment = crowd(2);
    experiment.policies.push_back(experiment.policies[0]);
    experiment.policies[1].name = "grid";
    experiment.policies[1].parameters = {{"x", "1"}};
    write_runs(dir.path() / "a", experiment, 0);
    auto const vague = compare({dir.path() / "a"}, {dir.path() / "a", "usual"});
    REQUIRE_FALSE(vague);
    CHECK_THAT(vague.error().message,
               ContainsSubstring("--policy-a takes one of 'usual', 'grid x=1'"));
    auto const none = compare({dir.path() / "a", "usual"}, {dir.path() / "a", "grid x=1"});
    REQUIRE_FALSE(none);
    CHECK_THAT(none.error().message, ContainsSubstring("no seed with which both have finished"));
    CHECK(compare({dir.path() / "a", "usual"}, {dir.path() / "a", "usual"}));
}

TEST_CASE("a folder without a summary, or with another's file, is told") {
    xfsbus::test::TempDir const dir;
    auto const missing = compare({dir.path()}, {dir.path()});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::disk);
    for (std::string const text :
         {"", "7", "{}", "{\"situation\": 3, \"policies\": [{}]}",
          "{\"situation\": \"x\", \"policies\": [{\"name\": \"n\", \"parameters\": \"\", \"runs\": "
          "[{\"seed\": -1.5, \"makespan_s\": \"long\"}]}]}"}) {
        INFO(text);
        std::ofstream(dir.path() / "summary.json") << text;
        auto const wrong = compare({dir.path()}, {dir.path()});
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().code == Errc::usage);
        CHECK_THAT(wrong.error().message, ContainsSubstring("is no summary of xfs-lab run"));
    }
}
