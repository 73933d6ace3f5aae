#include "results/report.hpp"

#include "catch.hpp"
#include "runs.hpp"

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::results;
using namespace xfsbus::lab::test;

namespace {

/// How often it stands in the text.
std::size_t count(std::string const& text, std::string const& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

Summary two_policies() {
    auto experiment = crowd(4);
    experiment.policies.push_back(experiment.policies[0]);
    experiment.policies[1].name = "<script>\"&";
    auto run = run_of(experiment, {20, 30});
    run.bytes_between_racks[{1, 2}] = 5'000'000;
    run.stored.add(0s, 10 << 20);
    run.stored.add(15ms, 20 << 20);
    run.peers[1].messages = tally::Messages{{0, 0, 600}};
    return summarise(
        experiment, {outcome_of(0, 1, run), outcome_of(1, 1, run), outcome_of(1, 2, "<b>why</b>")});
}

}  // namespace

TEST_CASE("a report has a line, two intervals and a row for each policy") {
    auto const page = report_of(two_policies());
    CHECK(count(page, "class=\"steps\"") == 2);
    CHECK(count(page, "class=\"rates\"") == 2);
    CHECK(count(page, "class=\"whisker\"") == 4);
    CHECK(count(page, "<svg class=\"chart\"") == 4);
    CHECK_THAT(page, ContainsSubstring("<td>usual</td><td>2.941</td>"));
    CHECK_THAT(page, ContainsSubstring("rounds of chunks"));
}

TEST_CASE("lines of a report differ in black and white") {
    auto const page = report_of(two_policies());
    CHECK(count(page, "stroke-dasharray=\"none\"") == 3);  // two lines, and their key
    CHECK(count(page, "stroke-dasharray=\"7 3\"") == 3);
    CHECK(count(page, "<circle class=\"mark\"") > 0);
    CHECK(count(page, "<rect class=\"mark\"") > 0);
}

TEST_CASE("a report has the bytes between racks where they were counted") {
    CHECK_THAT(report_of(two_policies()), ContainsSubstring("<td>5.0</td>"));
    auto summary = two_policies();
    for (auto& policy : summary.policies) {
        policy.bytes_between_racks.clear();
    }
    CHECK(count(report_of(summary), "between racks") == 0);
}

TEST_CASE("a report has the rates over time, from the top at the most to the bottom at the end") {
    auto const page = report_of(two_policies());
    // 10 ms each: half of the most, the most, and nothing.
    CHECK_THAT(page, ContainsSubstring("d=\"M46.00 300.00V156.00H335.00V12.00H624.00V300.00\""));
    CHECK_THAT(page, ContainsSubstring("MiB per second"));
    CHECK_THAT(report_of(summarise(crowd(1), {})), ContainsSubstring("Nothing has come."));
}

TEST_CASE("a report has the messages of each kind for each chunk where they were counted") {
    auto const page = report_of(two_policies());
    CHECK_THAT(page, ContainsSubstring("<table id=\"messages\">"));
    CHECK_THAT(page, ContainsSubstring("<td>usual</td><td>0.000</td><td>0.000</td><td>1.500</td>"));
    auto summary = two_policies();
    for (auto& policy : summary.policies) {
        policy.messages_per_chunk.reset();
    }
    CHECK(count(report_of(summary), "id=\"messages\"") == 0);
}

TEST_CASE("names in a report are text, whatever they are") {
    auto const page = report_of(two_policies());
    CHECK(count(page, "<script") == 0);
    CHECK_THAT(page,
               ContainsSubstring("&lt;script&gt;&quot;&amp;, seed 2: &lt;b&gt;why&lt;/b&gt;"));
}

TEST_CASE("a report needs nothing but itself") {
    auto const page = report_of(two_policies());
    for (std::string const from : {"http:", "https:", "src=", "href=", "url(", "@import"}) {
        CHECK(count(page, from) == 0);
    }
}

TEST_CASE("a report of nothing says so") {
    auto const page = report_of(summarise(crowd(1), {}));
    CHECK_THAT(page, ContainsSubstring("No download has ended."));
    CHECK_THAT(page, ContainsSubstring("It was ended early"));
}

TEST_CASE("a report of many downloads stays small") {
    auto const experiment = crowd(50000);
    std::vector<double> seconds;
    for (int i = 0; i < 5000; ++i) {
        seconds.push_back(20 + i / 100.0);
    }
    auto const page =
        report_of(summarise(experiment, {outcome_of(0, 1, run_of(experiment, seconds))}));
    CHECK(page.size() < 100'000);
}
