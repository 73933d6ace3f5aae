// Who has a place among the sources in use, and who comes in for whom.
#include "deciding.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Source `in` for source `out`, whenever that may be.
Deciding::Decide always(std::uint64_t in, std::uint64_t out) {
    return [in, out](auto const&, auto const& sources) {
        auto const index = [&](std::uint64_t number) {
            return std::ranges::find(sources, number, &policies::SourceView::source_id) -
                   sources.begin();
        };
        return policies::swap(static_cast<std::size_t>(index(in)),
                              static_cast<std::size_t>(index(out)));
    };
}

/// Lets time pass in which all answer.
void let_pass(Fetch& fetch, wire::Duration duration) {
    fetch.stall(duration, {1, 2, 3, 4});
}

}  // namespace

TEST_CASE("a policy that admits sees who is in use, and may leave a place free") {
    Deciding policy({XFSBUS_PURPOSE_ADMIT}, [](auto const& request, auto const& sources) {
        return request.places_used == 0 ? policies::choose(at(sources, 2)) : policies::nobody();
    });
    Fetch fetch(file_of(9), limits_of(2), &policy);
    fetch.start({});
    fetch.add(2);
    fetch.add(1);
    CHECK(fetch.progress().sources_active == 1);
    auto const& last = policy.asked.back();
    CHECK(last.sources[at(last.sources, 2)].flags == XFSBUS_SOURCE_IN_USE);
    CHECK(last.sources[at(last.sources, 1)].flags == XFSBUS_SOURCE_ANSWERABLE);
    auto const questions = policy.asked.size();
    fetch.pong(2);
    fetch.pass(100ms);
    CHECK(policy.asked.size() == questions);
    fetch.pass(400ms);
    CHECK(policy.asked.size() == questions + 1);
    fetch.add(3);
    CHECK(policy.asked.size() == questions + 2);  // there are news
}

TEST_CASE("twice a second a policy may have one that waits come in for another") {
    Deciding policy({XFSBUS_PURPOSE_REPLACE}, always(3, 2));
    Fetch fetch(file_of(100), limits_of(2), &policy);
    fetch.begin({1, 2, 3});
    policy.asked.clear();
    let_pass(fetch, 500ms - tick);
    CHECK(policy.asked.empty());
    let_pass(fetch, tick);
    REQUIRE(policy.asked.size() == 1);
    auto const& sources = policy.asked[0].sources;
    CHECK(sources[at(sources, 3)].flags == XFSBUS_SOURCE_ANSWERABLE);
    CHECK(sources[at(sources, 2)].flags == (XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_ANSWERABLE));
    CHECK(fetch.asked[3].size() == 2);
}

TEST_CASE("who gives way is asked for nothing more, but ends what it has begun") {
    Deciding policy({XFSBUS_PURPOSE_REPLACE}, always(3, 2));
    Fetch fetch(file_of(100), limits_of(2), &policy);
    fetch.begin({1, 2, 3});
    auto const begun = fetch.outstanding(2);
    let_pass(fetch, 500ms);
    CHECK(fetch.outstanding(2) == begun);
    CHECK(fetch.progress().sources_active == 2);
    CHECK(fetch.progress().sources_leaving == 1);
    CHECK(fetch.dropped.empty());
    for (auto const chunk : begun) {
        fetch.deliver(2, chunk);
    }
    CHECK(fetch.outstanding(2).empty());
    let_pass(fetch, 200ms);
    CHECK(fetch.dropped == Chunks{2});
    CHECK(fetch.progress().sources_leaving == 0);
    CHECK(fetch.progress().bytes_duplicate == 0);
    CHECK(fetch.state_of(2) == "idle");
}

TEST_CASE("the only source in use that has a chunk gives way to one that has all chunks only") {
    bool const is_whole = GENERATE(true, false);
    Deciding policy({XFSBUS_PURPOSE_REPLACE}, always(3, 2));
    Fetch fetch(file_of(100), limits_of(2), &policy);
    fetch.begin({1, 2});
    fetch.add(3, is_whole ? 1 : 0.99);
    fetch.has(1, all_but(100, 1));
    policy.asked.clear();
    let_pass(fetch, 500ms);
    REQUIRE(policy.asked.size() == 1);
    auto const& sources = policy.asked[0].sources;
    CHECK(policies::has(sources[at(sources, 2)], XFSBUS_SOURCE_SOLE_HOLDER));
    CHECK_FALSE(policies::has(sources[at(sources, 1)], XFSBUS_SOURCE_SOLE_HOLDER));
    CHECK(fetch.progress().sources_leaving == (is_whole ? 1 : 0));
}

TEST_CASE("who has come just now may not give way") {
    Deciding policy({XFSBUS_PURPOSE_REPLACE}, always(4, 3));
    Fetch fetch(file_of(100), limits_of(2), &policy);
    fetch.begin({1, 2});
    let_pass(fetch, 300ms);
    fetch.lose(2);
    fetch.add(3);
    fetch.add(4);
    let_pass(fetch, 300ms);
    REQUIRE_FALSE(policy.asked.empty());
    auto const& sources = policy.asked.back().sources;
    CHECK(sources[at(sources, 3)].flags == XFSBUS_SOURCE_IN_USE);
}

TEST_CASE("near the end nobody gives way") {
    Deciding policy({XFSBUS_PURPOSE_REPLACE}, always(3, 2));
    Fetch fetch(file_of(20), limits_of(2), &policy);
    fetch.begin({1, 2, 3});
    policy.asked.clear();
    for (int i = 0; i < 4; ++i) {
        fetch.pong(1);
        fetch.pong(2);
        fetch.pong(3);
        fetch.pass(100ms);
        fetch.deliver(1, fetch.outstanding(1).front());
        fetch.deliver(2, fetch.outstanding(2).front());
    }
    let_pass(fetch, 100ms);
    CHECK(policy.asked.empty());
}

TEST_CASE("a policy without an opinion leaves it to the host's rule: the faster that is known") {
    policies::LoadLatency policy;
    Fetch fetch(file_of(400), limits_of(2), &policy);
    fetch.begin({1, 2, 3});
    // Source 2 is slow, source 1 quick: so there may be one as quick.
    for (int i = 0; i < 20; ++i) {
        for (std::uint64_t number = 1; number <= 3; ++number) {
            fetch.pong(number);
        }
        fetch.pass(100ms);
        fetch.deliver(1, fetch.outstanding(1).front());
        if (i % 8 == 0 && !fetch.outstanding(2).empty()) {
            fetch.deliver(2, fetch.outstanding(2).front());
        }
    }
    CHECK_FALSE(fetch.asked[3].empty());
}

TEST_CASE("sources of one speed are left where they are") {
    Fetch fetch(file_of(400), limits_of(2));
    fetch.begin({1, 2, 3});
    for (int i = 0; i < 20; ++i) {
        for (std::uint64_t number = 1; number <= 3; ++number) {
            fetch.pong(number);
        }
        fetch.pass(100ms);
        fetch.deliver(1, fetch.outstanding(1).front());
        fetch.deliver(2, fetch.outstanding(2).front());
    }
    CHECK(fetch.asked[3].empty());
}

TEST_CASE("with enough sources it is asked now and then how much each has by now") {
    Deciding policy({XFSBUS_PURPOSE_REPLACE},
                    [](auto const&, auto const&) { return policies::nobody(); });
    Fetch fetch(file_of(400), limits_of(1), &policy);
    fetch.add(1);
    fetch.add(2, 0.25);
    fetch.start({});
    fetch.has(1, all_but(400, 0));
    let_pass(fetch, 1s);
    fetch.search_done();  // nothing was asked for at the beginning
    fetch.forget();
    auto const go_on = [&] {
        let_pass(fetch, 1s);
        fetch.deliver(1, fetch.outstanding(1).front());
    };
    for (int second = 0; second < 14; ++second) {
        go_on();
    }
    CHECK(fetch.searches == 0);
    go_on();
    CHECK(fetch.searches == 1);
    auto const& before = policy.asked.back().sources;
    CHECK(before[at(before, 2)].completeness == 0.25);
    CHECK(before[at(before, 2)].completeness_age_us >= 14'000'000);
    fetch.add(2, 0.5);
    fetch.search_done();
    go_on();
    auto const& after = policy.asked.back().sources;
    CHECK(after[at(after, 2)].completeness == 0.5);
    CHECK(after[at(after, 2)].completeness_age_us <= 1'000'000);
}
