// What a policy may answer when it is asked about chunks, and what becomes of it.
#include "deciding.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Waits for the first source whatever the chunk, even if it is busy.
policies::Answer first_only(policies::RequestView const&, Deciding::Sources const& sources) {
    auto const first = at(sources, 1);
    return policies::has(sources[first], XFSBUS_SOURCE_HAS_ROOM) ? policies::choose(first)
                                                                 : policies::wait_for(first);
}

policies::Answer no_one(policies::RequestView const&, Deciding::Sources const&) {
    return policies::nobody();
}

}  // namespace

TEST_CASE("a policy that decides sees all sources in use, and which of them it may answer") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, first_only);
    Fetch fetch(file_of(9), limits_of(3), &policy);
    fetch.begin({1, 2, 3});
    fetch.has(3, {5});
    policy.asked.clear();
    fetch.pass(500ms);
    REQUIRE_FALSE(policy.asked.empty());
    auto const& [request, sources] = policy.asked.front();
    REQUIRE(sources.size() == 3);
    CHECK(sources[at(sources, 2)].flags == (XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_ANSWERABLE |
                                            XFSBUS_SOURCE_HAS_CHUNK | XFSBUS_SOURCE_HAS_ROOM));
    CHECK_FALSE(policies::has(sources[at(sources, 3)], XFSBUS_SOURCE_ANSWERABLE));
}

TEST_CASE("a chunk that waits for a busy source is asked of it as soon as it has room") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, first_only);
    Fetch fetch(file_of(4), limits_of(2), &policy);
    fetch.start({1, 2});
    CHECK(fetch.asked[1] == Chunks{0, 1});
    CHECK_FALSE(fetch.asked.contains(2));
    auto const questions = policy.asked.size();
    fetch.forget();
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{2});
    CHECK(policy.asked.size() == questions);
}

TEST_CASE("a chunk that waits counts as queued at the source that it waits for") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, first_only);
    Fetch fetch(file_of(6), limits_of(2), &policy);
    fetch.start({1, 2});
    auto const& last = policy.asked.back();
    CHECK(last.request.chunk == 5);
    CHECK(last.sources[at(last.sources, 1)].outstanding_bytes == 200);
    CHECK(last.sources[at(last.sources, 1)].held_bytes == 300);
}

TEST_CASE("a chunk that waits does so for a while, and the policy sees for how long") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, first_only);
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.start({1, 2});
    auto const questions = policy.asked.size();
    fetch.pass(500ms - tick);
    CHECK(policy.asked.size() == questions);
    CHECK(fetch.core.next_deadline() == fetch.now + tick);
    fetch.pass(tick);
    REQUIRE(policy.asked.size() == questions + 1);
    CHECK(policy.asked.back().request.chunk == 2);
    CHECK(policy.asked.back().request.held_us == 500'000);
}

TEST_CASE("who is waited for and goes is waited for no more") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, [](auto const& request, auto const& sources) {
        return sources.size() == 2 ? first_only(request, sources) : policies::choose(0);
    });
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.begin({1, 2});
    fetch.lose(1);
    CHECK(fetch.asked[2] == Chunks{0, 1});
}

TEST_CASE("a chunk that is held back does not keep the end from beginning") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, [](auto const& request, auto const& sources) {
        return request.chunk == 2 ? policies::nobody(5s) : first_only(request, sources);
    });
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.begin({1, 2});
    fetch.pass(250ms);
    CHECK(fetch.progress().chunks_asked_twice == 1);
    CHECK(fetch.outstanding(2).size() == 1);
}

TEST_CASE("a policy that wants nobody is not asked again at every event") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, [](auto const& request, auto const& sources) {
        return request.chunk < 2 ? first_only(request, sources) : policies::nobody();
    });
    Fetch fetch(file_of(5), limits_of(2), &policy);
    fetch.begin({1, 2});
    policy.asked.clear();
    fetch.pong(1);
    fetch.pass(100ms);
    fetch.deliver(1, 0);
    CHECK(policy.asked.empty());
    fetch.has(2, {2, 3, 4});
    CHECK(policy.asked.size() == 3);  // there are news of a source
    policy.asked.clear();
    fetch.pass(500ms);
    CHECK(policy.asked.size() == 3);
}

TEST_CASE("a policy says itself when it wants to be asked again, within bounds") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, [](auto const& request, auto const& sources) {
        return request.chunk == 0   ? first_only(request, sources)
               : request.chunk == 1 ? policies::nobody(1200ms)
                                    : policies::nobody(1h);
    });
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.begin({1, 2});
    policy.asked.clear();
    fetch.stall(1200ms, {1, 2});
    REQUIRE(policy.asked.size() == 1);
    CHECK(policy.asked[0].request.chunk == 1);
    fetch.stall(3800ms, {1, 2});
    CHECK(policy.asked.back().request.chunk == 2);
}

TEST_CASE("at one event a policy is asked thirty-two times at most") {
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, no_one);
    Fetch fetch(file_of(1000), limits_of(2), &policy);
    fetch.start({1, 2});
    CHECK(policy.asked.size() == 30);  // beside two for the places
    fetch.pass(10ms);
    fetch.pass(10ms);
    fetch.pass(10ms);
    CHECK(policy.asked.size() == 32);  // as many chunks as may be held
}

TEST_CASE("an answer that does not fit is nobody") {
    auto const answer = GENERATE(policies::choose(7), policies::choose(~0U), policies::wait_for(2),
                                 policies::limit(5), policies::answer(77, 0));
    Deciding policy({XFSBUS_PURPOSE_REQUEST}, [&](auto const&, auto const&) { return answer; });
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.start({1, 2});
    CHECK(fetch.asked.empty());
}

TEST_CASE("a policy may say how much one source, and all together, are asked for") {
    Deciding policy({XFSBUS_PURPOSE_WINDOW, XFSBUS_PURPOSE_TOTAL}, [](auto const& request,
                                                                      auto const& sources) {
        bool const of_one = request.purpose == XFSBUS_PURPOSE_WINDOW;
        return policies::limit(!of_one ? 500 : sources[0].source_id == 1 ? 400 : 100);
    });
    Fetch fetch(file_of(20), limits_of(2, 1000), &policy);
    fetch.begin({1, 2});
    fetch.pass(100ms);
    CHECK(fetch.outstanding(1).size() + fetch.outstanding(2).size() == 5);
    fetch.deliver(2, fetch.outstanding(2).front());
    CHECK(fetch.outstanding(1).size() == 4);
    CHECK(fetch.outstanding(2).size() == 1);
    fetch.deliver(1, fetch.outstanding(1).front());
    CHECK(fetch.outstanding(1).size() == 4);
}

TEST_CASE("a policy that allows nothing is not taken at its word: one chunk may always be asked") {
    Deciding policy({XFSBUS_PURPOSE_WINDOW, XFSBUS_PURPOSE_TOTAL},
                    [](auto const&, auto const&) { return policies::limit(0); });
    Fetch fetch(file_of(6), limits_of(1), &policy);
    fetch.start({1});
    while (!fetch.complete()) {
        REQUIRE_FALSE(fetch.outstanding(1).empty());
        fetch.pass(100ms);
        fetch.deliver(1, fetch.outstanding(1).front());
    }
}
