// What another policy would have answered to recorded questions.
#include "replay/replay.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>

#include <fstream>
#include <string>

using namespace xfsbus;
using namespace xfsbus::lab;

namespace {

std::shared_ptr<policies::SelectorFactory const> plugin(std::string const& spec) {
    return policies::load_peer_selector(policies::parse_plugin_spec(spec),
                                        policies::PluginPath({XFS_TEST_PLUGINS}));
}

std::string begun(std::string const& policy) {
    return R"({"record":"trace","format":1,"version":"0","seed":7,"policy":{"name":")" + policy +
           R"(","version":"1","sha256":"","parameters":{}},"chunk_order":{}})"
           "\n";
}

std::string seen(std::string const& peer, double latency_ms) {
    return R"({"peer":")" + peer + R"(","flags":["in_use","answerable","has_chunk","has_room"],)" +
           R"("latency_ms":)" + std::to_string(latency_ms) + "}";
}

/// Of two sources, of which the second is nearer, one was asked for this chunk.
std::string asked(int chunk, std::string const& chosen) {
    return R"({"record":"decision","t_us":1,"transfer":1,"purpose":"request","chunk":)" +
           std::to_string(chunk) + R"(,"copies":2,"bytes":1000,"asked":"pick","sources":[)" +
           seen("far:1", 50) + "," + seen("near:1", 5) + R"(],"answer":"choose","peer":")" +
           chosen +
           R"(","by_default":false,"cost_ns":1})"
           "\n";
}

std::string came(int chunk, std::string const& peer, int elapsed_us) {
    return R"({"record":"outcome","t_us":2,"transfer":1,"chunk":)" + std::to_string(chunk) +
           R"(,"peer":")" + peer + R"(","reason":"delivered","bytes":1000,"elapsed_us":)" +
           std::to_string(elapsed_us) + "}\n";
}

/// The near one takes 1 ms, the far one 10.
std::string asked_and_came(int chunk, std::string const& peer) {
    return asked(chunk, peer) + came(chunk, peer, peer == "near:1" ? 1000 : 10'000);
}

Result<replay::Trace> read(std::string const& text) {
    xfsbus::test::TempDir const dir;
    auto const file = dir.path() / "peer.trace";
    std::ofstream(file) << text;
    return replay::Trace::read(file);
}

replay::Comparison compared(std::string const& text, std::string const& other) {
    auto const trace = read(text);
    INFO((trace ? "" : trace.error().message));
    REQUIRE(trace);
    auto const result = replay::compare(*trace, *plugin(trace->policy.spec), *plugin(other));
    REQUIRE(result);
    return *result;
}

std::string refusal_of(std::string const& text) {
    auto const trace = read(text);
    REQUIRE_FALSE(trace);
    return trace.error().message;
}

/// What `random` may have done with a hundred chunks.
std::string random_trace() {
    auto text = begun("random");
    for (int chunk = 0; chunk < 100; ++chunk) {
        text += asked_and_came(chunk, chunk % 2 == 0 ? "near:1" : "far:1");
    }
    return text;
}

}  // namespace

TEST_CASE("the recorded policy gives the recorded answers") {
    auto const comparison =
        compared(begun("loadlatency") + asked_and_came(0, "near:1") + asked_and_came(1, "near:1"),
                 "loadlatency");
    CHECK(comparison.all().asked == 2);
    CHECK(comparison.all().same == 2);
}

TEST_CASE("what another policy would have answered otherwise is counted") {
    auto const comparison =
        compared(begun("loadlatency") + asked(0, "near:1") + asked(1, "near:1"), "worst");
    auto const& tally = comparison.tallies.at(XFSBUS_PURPOSE_REQUEST);
    CHECK(tally.asked == 2);
    CHECK(tally.same == 0);
    CHECK(tally.other == 2);
}

TEST_CASE("what the built-in rule has answered is no answer of the policy") {
    auto text = asked(0, "near:1");
    text.replace(text.find("false"), 5, "true");
    auto const comparison = compared(begun("loadlatency") + text, "loadlatency");
    CHECK(comparison.all().asked == 0);
    CHECK(comparison.not_its_own == 1);
}

TEST_CASE("from choices by chance it is estimated what another policy's would have brought") {
    auto const comparison = compared(random_trace(), "loadlatency");
    auto const& estimate = comparison.estimate;
    // Half of the requests brought 1 MB/s, and half a tenth; the near one alone brings 1 MB/s.
    CHECK(estimate.recorded == Approx(550'000));
    INFO(estimate.why_not);
    REQUIRE(estimate.other);
    CHECK(*estimate.other == Approx(1'000'000).epsilon(0.01));
    CHECK(estimate.effective_samples > 30);
}

TEST_CASE("of a policy that leaves nothing to chance nothing else can be said") {
    auto text = begun("loadlatency");
    for (int chunk = 0; chunk < 100; ++chunk) {
        text += asked_and_came(chunk, "near:1");
    }
    auto const comparison = compared(text, "worst");
    CHECK_FALSE(comparison.estimate.other);
    CHECK_THAT(comparison.estimate.why_not, ContainsSubstring("chance"));
    CHECK_THAT(replay::to_text(comparison), ContainsSubstring("it cannot be said"));
}

TEST_CASE("where too little is alike nothing is estimated") {
    auto text = begun("random");
    for (int chunk = 0; chunk < 20; ++chunk) {
        text += asked_and_came(chunk, "near:1");
    }
    auto const comparison = compared(text, "worst");
    CHECK_FALSE(comparison.estimate.other);
    CHECK_THAT(comparison.estimate.why_not, ContainsSubstring("too few"));
}

TEST_CASE("what another policy decided is left out") {
    auto const trace =
        read(begun("loadlatency") + asked(0, "near:1") +
             R"({"record":"policy","t_us":3,"policy":{}})" + "\n" + asked(1, "near:1"));
    REQUIRE(trace);
    CHECK(trace->ends_at_swap);
    CHECK(trace->events.size() == 1);
}

TEST_CASE("a line that was not written to its end is the last") {
    auto const whole = asked(1, "near:1");
    auto const trace =
        read(begun("loadlatency") + asked(0, "near:1") + whole.substr(0, whole.size() / 2));
    REQUIRE(trace);
    CHECK(trace->events.size() == 1);
}

TEST_CASE("what is no trace is refused by file and line") {
    CHECK_THAT(refusal_of(""), ContainsSubstring("peer.trace: this is no trace"));
    CHECK_THAT(refusal_of("hello\nyou\n"), ContainsSubstring("peer.trace:1: "));
    CHECK_THAT(refusal_of("{\"record\":\"trace\",\"format\":2}\n\n"),
               ContainsSubstring("no trace of format 1"));
    CHECK_THAT(
        refusal_of(R"({"record":"trace","format":1,"of":"tracker","handout":{"name":"random"}})"
                   "\n\n"),
        ContainsSubstring("peer.trace:1: this is no trace: a tracker has written it"));
    CHECK_THAT(
        refusal_of(begun("loadlatency") + R"({"record":"outcome","reason":"fine"})" + "\n\n"),
        ContainsSubstring("peer.trace:2: "));
    CHECK_FALSE(replay::Trace::read("/nonexistent/trace"));
}
