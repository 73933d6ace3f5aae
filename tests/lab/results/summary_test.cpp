// The figures of runs, and the files that they are written to.
#include "results/summary.hpp"

#include "catch.hpp"
#include "results/encoding.hpp"
#include "results/folder.hpp"
#include "runs.hpp"

#include <algorithm>
#include <set>
#include <sstream>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::results;
using namespace xfsbus::lab::test;

namespace {

/// Two policies with two seeds: the first takes 20 and 22 s, the second 30 and fails.
std::pair<experiment::Experiment, std::vector<Outcome>> four_runs() {
    auto experiment = crowd(4);
    experiment.policies.push_back(experiment.policies[0]);
    experiment.policies[1].name = "a, \"b\"";
    experiment.policies[1].parameters = {{"x", "1"}, {"y", "2"}};
    experiment.seeds = {1, 2};
    return {experiment,
            {outcome_of(0, 1, run_of(experiment, {20, 10})),
             outcome_of(0, 2, run_of(experiment, {22, 12})),
             outcome_of(1, 1, run_of(experiment, {30})), outcome_of(1, 2, "crashed: Killed")}};
}

}  // namespace

TEST_CASE("a run's figures are of those that count") {
    auto const experiment = crowd(4);
    auto run = run_of(experiment, {20, 10});
    run.bytes_duplicate = experiment.content.bytes;
    run.bytes_of_seeds = 2 * experiment.content.bytes;
    run.peers[1].messages = tally::Messages{{1, 2, 397}};
    run.peers[2].messages = tally::Messages{{0, 0, 400}};
    auto const figures = figures_of(experiment, 1, run);
    CHECK(figures.unfinished == 0);
    CHECK(figures.makespan_s == Approx(20));
    CHECK(figures.mean_s == Approx(15));
    CHECK(figures.p50_s == Approx(10));
    CHECK(figures.p99_s == Approx(20));
    CHECK(figures.fairness == Approx(0.9));  // rates of 1, 2, 1, 2
    CHECK(figures.duplicate_share == Approx(0.2));
    CHECK(figures.seed_upload_ratio == Approx(2));
    CHECK(figures.messages_per_chunk == Approx(2));
    CHECK(figures.messages_by_kind[0] == Approx(0.0025));
    CHECK(figures.messages_by_kind[2] == Approx(1.9925));
    CHECK(figures.bound.seconds == Approx(10.2));
    CHECK(figures.regret == Approx(20 / 10.2));
}

TEST_CASE("a run that leaves some without the file has no times to praise it with") {
    auto const experiment = crowd(4);
    auto run = run_of(experiment, {20});
    run.peers[2].completed.reset();
    auto const figures = figures_of(experiment, 1, run);
    CHECK(figures.unfinished == 1);
    CHECK_FALSE(figures.makespan_s);
    CHECK_FALSE(figures.mean_s);
    CHECK_FALSE(figures.regret);
}

TEST_CASE("a run that beats its bound has failed") {
    auto const experiment = crowd(1);
    auto right = outcome_of(0, 1, run_of(experiment, {10}));
    judge(experiment, right);
    CHECK(std::holds_alternative<Run>(right.what));
    auto wrong = outcome_of(0, 1, run_of(experiment, {9.99}));
    judge(experiment, wrong);
    REQUIRE(std::holds_alternative<std::string>(wrong.what));
    CHECK_THAT(std::get<std::string>(wrong.what),
               ContainsSubstring("9.990000 s, and the least possible is 10.000000 s for seeds'"));
}

TEST_CASE("a live run may beat its bound by two chunks and a hundredth, and by no more") {
    auto const experiment = crowd(1);
    auto right = outcome_of(0, 1, run_of(experiment, {9.71}));
    judge(experiment, right, experiment::Where::live);
    CHECK(std::holds_alternative<Run>(right.what));
    auto wrong = outcome_of(0, 1, run_of(experiment, {9.69}));
    judge(experiment, wrong, experiment::Where::live);
    REQUIRE(std::holds_alternative<std::string>(wrong.what));
    CHECK_THAT(std::get<std::string>(wrong.what), ContainsSubstring("a link is faster than"));
}

TEST_CASE("a summary says where it was run, and warns where the machine was too busy") {
    auto const experiment = crowd(1);
    auto run = run_of(experiment, {20});
    CHECK_THAT(json_of(summarise(experiment, {outcome_of(0, 1, run)})),
               ContainsSubstring("\"where\": \"sim\""));
    run.busy = 0.6;
    auto summary = summarise(experiment, {outcome_of(0, 1, run)}, experiment::Where::live);
    CHECK(warnings_of(summary).empty());
    summary.policies[0].runs[0].busy = 0.61;
    REQUIRE(warnings_of(summary).size() == 1);
    CHECK_THAT(warnings_of(summary)[0], ContainsSubstring("usual: the machine was busy to 61 %"));
    summary.notes = {"a note"};
    auto const json = json_of(summary);
    CHECK_THAT(json, ContainsSubstring("\"where\": \"live\""));
    CHECK_THAT(json, ContainsSubstring("a note"));
    CHECK_THAT(json, ContainsSubstring("\"messages_per_chunk\": null"));
    CHECK_THAT(json, ContainsSubstring("\"messages_by_kind\": null"));
}

TEST_CASE("a run that beats its bound while others are left without the file has failed, too") {
    auto const experiment = crowd(4);
    auto run = run_of(experiment, {9});
    run.peers[1].completed.reset();
    auto outcome = outcome_of(0, 1, run);
    judge(experiment, outcome);
    CHECK(std::holds_alternative<std::string>(outcome.what));
}

TEST_CASE("a run of another number of peers has failed") {
    auto outcome = outcome_of(0, 1, run_of(crowd(3), {20}));
    judge(crowd(4), outcome);
    CHECK(std::holds_alternative<std::string>(outcome.what));
    auto strange = run_of(crowd(4), {20});
    strange.peers[0].group = 7;
    outcome = outcome_of(0, 1, strange);
    judge(crowd(4), outcome);
    CHECK(std::holds_alternative<std::string>(outcome.what));
}

TEST_CASE("what is written does not depend on the order in which runs end") {
    auto const [experiment, outcomes] = four_runs();
    auto other = outcomes;
    std::ranges::reverse(other);
    other[0].timing.wall_s = 7;
    CHECK(csv_of(experiment, outcomes) == csv_of(experiment, other));
    CHECK(json_of(summarise(experiment, outcomes)) == json_of(summarise(experiment, other)));
}

TEST_CASE("a summary has a policy's runs, and those that failed with the reason") {
    auto const [experiment, outcomes] = four_runs();
    auto const summary = summarise(experiment, outcomes);
    REQUIRE(summary.policies.size() == 2);
    CHECK_FALSE(summary.interrupted);
    CHECK(summary.policies[0].makespan_s->mean == Approx(21));
    CHECK(summary.policies[0].makespan_s->low == Approx(20));
    CHECK(summary.policies[0].durations.size() == 8);
    CHECK(summary.policies[0].binding == "rounds of chunks");
    CHECK(summary.policies[1].runs.size() == 1);
    REQUIRE(summary.policies[1].failed.size() == 1);
    CHECK(summary.policies[1].failed[0].why == "crashed: Killed");
    CHECK_THAT(table_of(summary), ContainsSubstring("FAILED: a, \"b\" x=1,y=2, seed 2: crashed"));
    CHECK(summarise(experiment, {outcomes[0]}).interrupted);
}

TEST_CASE("a row of results is quoted as CSV has it, and times are whole microseconds") {
    auto const [experiment, outcomes] = four_runs();
    auto const csv = csv_of(experiment, outcomes);
    CHECK_THAT(csv, ContainsSubstring(
                        "\r\nusual,,1,1,sinks,0.000000,,,,,20.000000,0,10000000,,,,,,,,,\r\n"));
    CHECK_THAT(csv, ContainsSubstring("\r\n\"a, \"\"b\"\"\",\"x=1,y=2\",1,0,seed,"));
    CHECK_THAT(csv, ContainsSubstring("2,,,,,,,,,,,,,,,,,,,run: crashed: Killed\r\n"));
    auto const lines = std::ranges::count(csv, '\n');
    CHECK(lines == 1 + 3 * 5 + 1);
}

TEST_CASE("a row of results has quarters of the file and messages by kind where they are known") {
    auto const experiment = crowd(1);
    auto run = run_of(experiment, {20});
    run.peers[1].quarters.reached(30, 100, 5s);
    run.peers[1].quarters.reached(80, 100, 7s);
    run.peers[1].messages = tally::Messages{{1, 2, 3, 4, 5, 6, 7, 8}};
    auto const csv = csv_of(experiment, {outcome_of(0, 1, run)});
    CHECK_THAT(
        csv, ContainsSubstring("quarter_s,half_s,three_quarters_s,completed_s,bytes_up,bytes_down,"
                               "find_sent,announce_sent,want_sent,have_sent,ping_sent,pong_sent,"
                               "close_sent,refused_sent,failure\r\n"));
    CHECK_THAT(csv, ContainsSubstring(
                        "5.000000,7.000000,7.000000,20.000000,0,10000000,1,2,3,4,5,6,7,8,\r\n"));
    // As many columns in each line.
    std::set<std::ptrdiff_t> commas;
    std::istringstream lines(csv_of(experiment, {outcome_of(0, 1, run), outcome_of(0, 2, "why")}));
    for (std::string line; std::getline(lines, line);) {
        commas.insert(std::ranges::count(line, ','));
    }
    CHECK(commas.size() == 1);
}

TEST_CASE("rates over time are the mean of the seeds, in the longest steps that a run has") {
    auto const experiment = crowd(1);
    auto first = run_of(experiment, {20});
    auto second = first;
    first.stored.add(5ms, 3'000'000);
    second.stored.add(5ms, 1'000'000);
    second.stored.add(1000ms, 6'000'000);  // steps of 20 ms
    auto const summary = summarise(experiment, {outcome_of(0, 1, first), outcome_of(0, 2, second)});
    auto const& rates = summary.policies[0].rates;
    CHECK(rates.step_s == Approx(0.02));
    REQUIRE(rates.bytes_per_s.size() == 51);
    CHECK(rates.bytes_per_s[0] == Approx(4e6 / 0.02 / 2));
    CHECK(rates.bytes_per_s[1] == 0);
    CHECK(rates.bytes_per_s[50] == Approx(6e6 / 0.02 / 2));
    auto const table = table_of(summary);
    CHECK_THAT(table, ContainsSubstring("usual          0.02 s  *"));
    CHECK_THAT(table, ContainsSubstring(" @\n@ is 143.1 MiB/s, of all sinks together\n"));
    CHECK_THAT(json_of(summary), ContainsSubstring("\"step_s\": 0.02"));
}

TEST_CASE(
    "a table has the messages for each chunk by kind, and nothing of them where nobody counts") {
    auto const experiment = crowd(1);
    auto run = run_of(experiment, {20});
    CHECK(table_of(summarise(experiment, {outcome_of(0, 1, run)})).find("MESSAGES") ==
          std::string::npos);
    run.peers[1].messages = tally::Messages{{1, 0, 150}};
    auto const summary = summarise(experiment, {outcome_of(0, 1, run)});
    CHECK_THAT(table_of(summary), ContainsSubstring("usual             0.010     0.000  1.500"));
    CHECK_THAT(json_of(summary), ContainsSubstring("\"want\": 1.5"));
}

TEST_CASE("bytes between racks are the mean over the seeds") {
    auto const experiment = crowd(1);
    auto first = run_of(experiment, {20});
    auto second = first;
    first.bytes_between_racks[{1, 2}] = 10;
    second.bytes_between_racks[{1, 2}] = 20;
    second.bytes_between_racks[{2, 1}] = 4;
    auto const summary = summarise(experiment, {outcome_of(0, 1, first), outcome_of(0, 2, second)});
    CHECK(summary.policies[0].bytes_between_racks.at({1, 2}) == 15);
    CHECK(summary.policies[0].bytes_between_racks.at({2, 1}) == 2);
}

TEST_CASE("a run goes from one process to another unchanged") {
    auto run = run_of(crowd(3), {20, 10});
    run.peers[1].first_chunk = 3ms;
    run.peers[1].quarters.reached(2, 3, 5ms);
    run.peers[1].messages = tally::Messages{{1, 2, 3, 4, 5, 6, 7, 8}};
    run.stored.add(10s, 77);
    run.peers[2].failure = "no \"source\"\n";
    run.busy = 0.25;
    run.bytes_between_racks[{1, 2}] = 1ULL << 60U;
    run.decisions = Decisions{1234, 0.5};
    auto const there = decode(encode(run));
    REQUIRE(there);
    CHECK(std::get<Run>(*there) == run);
    CHECK(std::get<Run>(*there).decisions->seconds == 0.5);
    auto const failed = decode(encode("why"));
    REQUIRE(failed);
    CHECK(std::get<std::string>(*failed) == "why");
}

TEST_CASE("what is not a run is told") {
    auto const text = encode(run_of(crowd(3), {20, 10}));
    for (std::size_t size = 0; size < text.size(); size += 7) {
        CHECK_FALSE(decode(text.substr(0, size)));
    }
    for (std::string const wrong : {"[]", "7", "null", "{\"peers\": 3}", "{\"failed\": 3}"}) {
        CHECK_FALSE(decode(wrong));
    }
}
