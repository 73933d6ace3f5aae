// What the plug-ins that decide more than who is next do for their own parts.
#include "catch.hpp"
#include "sources.hpp"

#include <xfsbus/policies/replacing.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

constexpr auto may = XFSBUS_SOURCE_ANSWERABLE;
constexpr auto used = XFSBUS_SOURCE_IN_USE | may;
constexpr auto with_room = used | XFSBUS_SOURCE_HAS_CHUNK | XFSBUS_SOURCE_HAS_ROOM;
constexpr auto busy = used | XFSBUS_SOURCE_HAS_CHUNK;

SourceView with(std::uint64_t id, std::uint32_t flags, double rate, char const* labels = "") {
    auto view = source(id);
    view.flags = flags;
    view.rate_bytes_per_s = rate;
    view.labels = labels;
    return view;
}

RequestView asking(std::uint32_t purpose) {
    auto view = request();
    view.purpose = purpose;
    return view;
}

Answer ask(std::string const& plugin, std::uint32_t purpose,
           std::vector<SourceView> const& sources) {
    SeededRandom random(1);
    return selector(plugin)->decide(asking(purpose), sources, random.rng());
}

Answer replaced(std::vector<SourceView> const& sources) {
    return Replacing(asking(XFSBUS_PURPOSE_REPLACE), sources).answer();
}

}  // namespace

TEST_CASE("earliest: a chunk waits for a busy source that will have delivered it first") {
    std::vector sources{with(1, busy, 10e6), with(2, with_room, 1e6)};
    sources[0].outstanding_bytes = 2U << 20U;
    auto const wait = ask("earliest", XFSBUS_PURPOSE_REQUEST, sources);
    CHECK(wait.action == XFSBUS_ANSWER_WAIT_FOR);
    CHECK(wait.source == 0);
    sources[0].held_bytes = 20U << 20U;
    auto const choice = ask("earliest", XFSBUS_PURPOSE_REQUEST, sources);
    CHECK(choice.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(choice.source == 1);
}

TEST_CASE("earliest: a source with one sink gives way to who is known to be faster, and no other") {
    std::vector sources{with(1, may, 0), with(2, used, 2e6), with(3, used, 9e6)};
    sources[1].load = 1;
    sources[2].load = 1;
    auto const answer = ask("earliest", XFSBUS_PURPOSE_REPLACE, sources);
    CHECK(answer.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(answer.gives_way == 1);
    sources.pop_back();
    CHECK(ask("earliest", XFSBUS_PURPOSE_REPLACE, sources).action == XFSBUS_ANSWER_NONE);
}

TEST_CASE("earliest: of many sinks of a source some go to an idle one, and others stay") {
    std::vector sources{with(1, may, 0), with(2, used, 2e6)};
    sources[1].load = 5;
    auto asked = asking(XFSBUS_PURPOSE_REPLACE);
    asked.places_used = 1;
    SeededRandom random(1);
    auto const policy = selector("earliest");
    int go = 0;
    for (int i = 0; i < 1000; ++i) {
        go += policy->decide(asked, sources, random.rng()).action == XFSBUS_ANSWER_CHOOSE ? 1 : 0;
    }
    // One of the two is drawn, and a tenth of the rate is kept: 1/2 x (1 - 2 / 10).
    CHECK(go > 350);
    CHECK(go < 450);
}

TEST_CASE("earliest: a source that was left while it had many sinks is worth more when they went") {
    std::vector sources{with(1, may, 0), with(2, used, 2e6)};
    auto const policy = selector("earliest");
    SeededRandom random(1);
    auto const answer = [&] {
        return policy->decide(asking(XFSBUS_PURPOSE_REPLACE), sources, random.rng()).action;
    };
    sources[1].load = 4;  // 8 MB/s in all
    answer();
    sources[1].flags = may;
    sources[1].load = 1;
    sources[0] = with(1, used, 3e6);
    sources[0].load = 1;
    CHECK(answer() == XFSBUS_ANSWER_CHOOSE);
    sources[1].load = 3;
    CHECK(answer() == XFSBUS_ANSWER_NONE);
}

TEST_CASE("earliest: with a limit, neighbours come first and in place of those beyond the rack") {
    std::vector sources{with(1, may, 0, "rack=2"), with(2, may, 0, "rack=2")};
    CHECK(ask("earliest:rack=1,far=1", XFSBUS_PURPOSE_ADMIT, sources).action ==
          XFSBUS_ANSWER_CHOOSE);
    sources[1].flags = used;
    CHECK(ask("earliest:rack=1,far=1", XFSBUS_PURPOSE_ADMIT, sources).action == XFSBUS_ANSWER_NONE);
    sources.push_back(with(3, may, 0, "rack=1"));
    CHECK(ask("earliest:rack=1,far=1", XFSBUS_PURPOSE_ADMIT, sources).source == 2);
    auto const swapped = ask("earliest:rack=1,far=0", XFSBUS_PURPOSE_REPLACE, sources);
    CHECK(swapped.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(swapped.source == 2);
    CHECK(swapped.gives_way == 1);
}

TEST_CASE("earliest: with a limit, no fast source beyond the rack comes in for a neighbour") {
    std::vector sources{with(1, may, 9e6, "rack=2"), with(2, used, 1e6, "rack=1")};
    sources[0].history_bytes_per_s = 9e6;
    CHECK(ask("earliest:rack=1", XFSBUS_PURPOSE_REPLACE, sources).action == XFSBUS_ANSWER_CHOOSE);
    CHECK(ask("earliest:rack=1,far=0", XFSBUS_PURPOSE_REPLACE, sources).action ==
          XFSBUS_ANSWER_NONE);
}

TEST_CASE("earliest: with a limit, one chunk at a time comes from beyond, for who has neighbours") {
    auto const policy = selector("earliest:rack=1,far=1");
    SeededRandom random(1);
    std::vector const far{with(1, used, 1e6, "rack=2")};
    auto const window = [&] {
        return policy->decide(asking(XFSBUS_PURPOSE_WINDOW), far, random.rng());
    };
    CHECK(window().action == XFSBUS_ANSWER_DEFAULT);
    std::vector const both{far[0], with(2, may, 0, "rack=1")};
    policy->decide(asking(XFSBUS_PURPOSE_ADMIT), both, random.rng());
    CHECK(window().action == XFSBUS_ANSWER_LIMIT);
    CHECK(window().bytes == asking(XFSBUS_PURPOSE_WINDOW).bytes);
}

TEST_CASE("rackaware: one source beyond the rack, however many places are free") {
    std::vector sources{with(1, may, 0, "rack=2"), with(2, may, 0, "rack=2")};
    CHECK(ask("rackaware:rack=1", XFSBUS_PURPOSE_ADMIT, sources).action == XFSBUS_ANSWER_CHOOSE);
    sources[1].flags = XFSBUS_SOURCE_IN_USE;
    CHECK(ask("rackaware:rack=1", XFSBUS_PURPOSE_ADMIT, sources).action == XFSBUS_ANSWER_NONE);
    CHECK(ask("rackaware:rack=1,far=2", XFSBUS_PURPOSE_ADMIT, sources).action ==
          XFSBUS_ANSWER_CHOOSE);
    sources.push_back(with(3, may, 0, "zone=b,rack=1"));
    CHECK(ask("rackaware:rack=1", XFSBUS_PURPOSE_ADMIT, sources).source == 2);
}

TEST_CASE("nearest: farther sources are not asked while the nearest delivers") {
    std::vector sources{with(1, with_room, 1e6), with(2, busy, 1e6), with(3, with_room, 1e6)};
    sources[1].latency_ms = 0.5;
    auto const answer = ask("nearest", XFSBUS_PURPOSE_REQUEST, sources);
    CHECK(answer.action == XFSBUS_ANSWER_WAIT_FOR);
    CHECK(answer.source == 1);
    sources[1].flags = XFSBUS_SOURCE_IN_USE;  // it does not have the chunk
    CHECK(ask("nearest", XFSBUS_PURPOSE_REQUEST, sources).action == XFSBUS_ANSWER_DEFAULT);
}

TEST_CASE("bandit: who was never tried comes in for the one that delivered least") {
    std::vector const sources{with(1, may, 0), with(2, used, 1e6), with(3, used, 9e6)};
    auto const policy = selector("bandit");
    OutcomeView outcome{};
    for (int i = 0; i < 50; ++i) {
        policy->observe(sources[1], outcome);
        policy->observe(sources[2], outcome);
    }
    SeededRandom random(1);
    auto const answer = policy->decide(asking(XFSBUS_PURPOSE_REPLACE), sources, random.rng());
    CHECK(answer.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(answer.source == 0);
    CHECK(answer.gives_way == 1);
}

TEST_CASE("worst: the slowest, be it busy; and it comes in for the fastest") {
    CHECK(ask("worst", XFSBUS_PURPOSE_REQUEST, {with(1, with_room, 9e6), with(2, busy, 1e6)})
              .action == XFSBUS_ANSWER_WAIT_FOR);
    auto const answer = ask("worst", XFSBUS_PURPOSE_REPLACE,
                            {with(1, may, 1e3), with(2, used, 1e6), with(3, used, 9e6)});
    CHECK(answer.source == 0);
    CHECK(answer.gives_way == 2);
}

TEST_CASE("completeness: who has all, then an origin, then the others") {
    std::vector sources{with(1, may, 0), with(2, may, 0, "origin=1"), with(3, may, 0)};
    sources[0].completeness = 0.5;
    CHECK(selector("completeness")->pick(request(), sources) == 2U);
    sources.pop_back();
    CHECK(selector("completeness")->pick(request(), sources) == 1U);
}

TEST_CASE("adaptive: the fastest that is known, and for other places who was not tried") {
    std::vector sources{with(1, may, 0), with(2, may, 0), with(3, may, 0)};
    sources[1].history_bytes_per_s = 5e6;
    sources[2].history_bytes_per_s = 9e6;
    auto asked = asking(XFSBUS_PURPOSE_ADMIT);
    CHECK(selector("adaptive")->pick(asked, sources) == 2U);
    asked.places_used = 2;
    CHECK(selector("adaptive")->pick(asked, sources) == 0U);
    sources[0].history_bytes_per_s = 1e6;
    sources[1].history_age_us = 10;
    CHECK(selector("adaptive")->pick(asked, sources) == 1U);
}

TEST_CASE("leastoutstanding, twochoices, weighted: fewer requests, a shorter queue, less load") {
    std::vector sources{with(1, with_room, 0), with(2, with_room, 0)};
    sources[0].requests = 2;
    sources[1].requests = 1;
    CHECK(selector("leastoutstanding")->pick(request(), sources) == 1U);
    sources[0].load = 1;
    CHECK(selector("weighted")->pick(request(), sources) == 1U);
    sources[0].outstanding_bytes = 10;
    auto const policy = selector("twochoices");
    int best = 0;
    for (int i = 0; i < 400; ++i) {
        best += policy->pick(request(), sources) == 1U ? 1 : 0;
    }
    CHECK(best > 250);  // three in four
    CHECK(best < 350);
}

TEST_CASE("the host's rule: a candidate that is known to be faster comes in for the slowest") {
    std::vector sources{with(1, may, 3e6), with(2, may, 5e6), with(3, used, 2e6),
                        with(4, used, 6e6)};
    auto const answer = replaced(sources);
    CHECK(answer.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(answer.source == 1);
    CHECK(answer.gives_way == 2);
    sources[1].rate_bytes_per_s = 2.2e6;
    sources[0].rate_bytes_per_s = 0;
    sources[0].history_bytes_per_s = 2.3e6;
    sources[3].rate_bytes_per_s = 2e6;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
}

TEST_CASE("the host's rule: a source counts as what it delivers to all of its sinks") {
    std::vector sources{with(1, may, 3e6), with(2, used, 2e6), with(3, used, 6e6)};
    sources[1].load = 8;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
    sources[1].load = 1;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_CHOOSE);
}

TEST_CASE("the host's rule: an unknown source is tried where there is enough to gain") {
    std::vector sources{with(1, may, 0), with(2, used, 2e6), with(3, used, 6e6)};
    CHECK(replaced(sources).action == XFSBUS_ANSWER_CHOOSE);
    auto late = asking(XFSBUS_PURPOSE_REPLACE);
    late.left_bytes = 1U << 20U;
    CHECK(Replacing(late, sources).answer().action == XFSBUS_ANSWER_NONE);
    sources[1].rate_bytes_per_s = 5.9e6;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
    sources[1].rate_bytes_per_s = 2e6;
    sources[0].load = 1;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
    sources[0].load = 0;
    sources[2].completeness = 0.5;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
    sources[2].completeness = 1;
    sources[0].failures = 1;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
}

TEST_CASE("the host's rule: where others fetch the file it leaves all as it is") {
    std::vector sources{with(1, may, 9e6), with(2, used, 2e6)};
    sources[0].completeness = 0.9;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_NONE);
    sources[0].completeness = 1;
    CHECK(replaced(sources).action == XFSBUS_ANSWER_CHOOSE);
}
