// The end of a download: the last chunks do not wait for the slowest source.
#include "fetch.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using Verdict = Download::Verdict;

namespace {

std::size_t asked_of_two(Fetch const& fetch) {
    return static_cast<std::size_t>(fetch.progress().chunks_asked_twice);
}

/// Chunk 1 is asked of source 1, chunk 2 of source 2, and then chunk 1 of source 3, too.
struct Twice {
    Fetch fetch;

    explicit Twice(policies::PeerSelector* selector = nullptr)
        : fetch(file_of(3), limits_of(3, 100), Chunks{0}, selector) {
        fetch.begin({1, 2, 3});
        fetch.pass(200ms);
        REQUIRE(fetch.asked[3] == Chunks{1});
    }

    /// The other one of the two that are asked for chunk 1.
    static std::uint64_t other(std::uint64_t number) { return 4 - number; }

    /// This one delivers it, and source 2 the rest.
    void finish(std::uint64_t number) {
        fetch.deliver(number, 1);
        fetch.deliver(2, 2);
        CHECK(fetch.complete());
    }
};

class Told final : public policies::PeerSelector {
  public:
    std::vector<policies::OutcomeView> outcomes;

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const>,
                                    policies::Rng&) override {
        return 0;
    }

    void observe(policies::SourceView const&, policies::OutcomeView const& outcome) override {
        outcomes.push_back(outcome);
    }
};

}  // namespace

// ---- when ----

TEST_CASE("the last chunk is asked of an idle source, too, when it takes long") {
    Fetch fetch(file_of(3), limits_of(2), all_but(3, 1));
    fetch.begin({1, 2});
    CHECK(fetch.outstanding(1) == Chunks{2});
    fetch.pass(200ms - tick);
    CHECK(fetch.asked.empty());
    fetch.pass(tick);
    CHECK(fetch.asked[2] == Chunks{2});
    CHECK(fetch.credit[2] == 40);
    CHECK(asked_of_two(fetch) == 1);
}

TEST_CASE("at the end it is looked every 50 ms whether a chunk takes long") {
    Fetch fetch(file_of(3), limits_of(2), all_but(3, 1));
    fetch.begin({1, 2});
    CHECK(fetch.core.next_deadline() == fetch.now + 50ms);
    fetch.pass(30ms);
    CHECK(fetch.core.next_deadline() == fetch.now + 50ms);
}

TEST_CASE("a source whose rate is known may take twice as long as it should") {
    Fetch fetch(file_of(4), limits_of(2, 100));
    fetch.begin({1, 2});
    fetch.now += 1s;
    fetch.deliver(1, 0);  // 100 bytes a second, and 1 ms away
    fetch.deliver(2, 1);
    fetch.deliver(2, 3);
    CHECK(fetch.outstanding(1) == Chunks{2});
    fetch.forget();
    fetch.pass(2002ms - 1us);
    CHECK(fetch.asked.empty());
    fetch.pass(1us);
    CHECK(fetch.asked[2] == Chunks{2});
}

TEST_CASE("nothing is asked of two while a chunk is not asked of anybody") {
    Fetch fetch(file_of(4), limits_of(2));
    fetch.begin({1});
    fetch.add(2, 0.5);
    fetch.has(2, {0, 1});
    fetch.stall(9s, {1, 2});
    CHECK(fetch.outstanding(2).empty());
    CHECK(asked_of_two(fetch) == 0);
}

TEST_CASE("only idle sources are asked for what another is late with") {
    Fetch fetch(file_of(3), limits_of(2, 100), all_but(3, 2));
    fetch.begin({1, 2});
    fetch.stall(3s, {1, 2});
    CHECK(fetch.asked.empty());
    fetch.deliver(2, 2);
    CHECK(fetch.asked[2] == Chunks{1});
}

TEST_CASE("only sources that have it are asked for what another is late with") {
    Fetch fetch(file_of(4), limits_of(3), all_but(4, 1));
    fetch.begin({1, 2});
    fetch.has(2, {0});
    fetch.stall(3s, {1, 2});
    CHECK(fetch.asked.empty());
    fetch.gain(2, {3});
    CHECK(fetch.asked[2] == Chunks{3});
}

TEST_CASE("of a file's chunks one in 128 is asked of two at a time, but at least one") {
    struct Case {
        std::uint32_t chunks;
        std::size_t twice;
    };

    auto const c = GENERATE(Case{10, 1}, Case{255, 1}, Case{256, 2}, Case{399, 3}, Case{600, 4});
    Fetch fetch(file_of(c.chunks), limits_of(12, 100), all_but(c.chunks, 4));
    fetch.begin({1, 2, 3, 4, 5, 6, 7, 8, 9});
    fetch.stall(fetch.limits.patience_least - tick, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(asked_of_two(fetch) == c.twice);
    std::size_t outstanding = 0;
    for (std::uint64_t number = 1; number <= 9; ++number) {
        outstanding += fetch.outstanding(number).size();
    }
    CHECK(outstanding == 4 + c.twice);
}

TEST_CASE("all that is asked of who has delivered nothing for long is asked of others, too") {
    Fetch fetch(file_of(10), limits_of(12, 100), all_but(10, 4));
    fetch.begin({1, 2, 3, 4, 5, 6, 7, 8, 9});
    fetch.stall(fetch.limits.patience_least, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(asked_of_two(fetch) == 4);
}

TEST_CASE("who was slow and then delivers nothing is not waited for as long as it was slow") {
    Fetch fetch(file_of(4), limits_of(2, 100));
    fetch.begin({1, 2});
    fetch.has(2, {1, 3});
    fetch.now += 10ms;
    fetch.deliver(2, 1);
    fetch.deliver(2, 3);
    fetch.stall(8s, {1, 2});
    fetch.deliver(1, 0);  // 12 bytes a second
    REQUIRE(fetch.outstanding(1) == Chunks{2});
    fetch.gain(2, {2});
    fetch.forget();
    fetch.stall(1s - tick, {1, 2});
    CHECK(fetch.asked.empty());
    fetch.pass(50ms);
    CHECK(fetch.asked[2] == Chunks{2});
}

TEST_CASE("where all are slow nobody is stuck who takes as long as the others") {
    Fetch fetch(file_of(4), limits_of(2, 100));
    fetch.begin({1, 2});
    fetch.stall(5s, {1, 2});
    fetch.deliver(1, 0);
    fetch.deliver(2, 1);
    fetch.deliver(2, 3);
    REQUIRE(fetch.outstanding(1) == Chunks{2});
    fetch.forget();
    fetch.stall(4s, {1, 2});
    CHECK(fetch.asked.empty());
}

TEST_CASE("a chunk is asked of a third when neither of two delivers, and of no fourth") {
    Fetch fetch(file_of(400), limits_of(4), all_but(400, 1));
    fetch.begin({1, 2, 3, 4});
    fetch.pass(200ms);
    REQUIRE(asked_of_two(fetch) == 1);
    fetch.stall(2s - tick, {1, 2, 3, 4});
    CHECK(asked_of_two(fetch) == 1);
    fetch.pass(50ms);
    CHECK(asked_of_two(fetch) == 2);
    fetch.stall(7s, {1, 2, 3, 4});
    CHECK(asked_of_two(fetch) == 2);
}

TEST_CASE(
    "what is stuck is asked of one that delivers, as soon as it has room, not of an unknown") {
    Fetch fetch(file_of(40), limits_of(3));
    fetch.begin({1, 2});
    REQUIRE(fetch.outstanding(1) == Chunks{0, 1});
    fetch.add(3, 0.5);
    fetch.has(3, {});
    fetch.has(2, all_but(40, 0));  // so that its word is not waited for
    fetch.now += 10ms;
    while (fetch.outstanding(2) != Chunks{38, 39}) {
        REQUIRE_FALSE(fetch.outstanding(2).empty());
        fetch.deliver(2, fetch.outstanding(2).front());
    }
    fetch.forget();
    fetch.stall(900ms, {1, 2, 3});
    fetch.deliver(2, 38);
    CHECK(fetch.asked.empty());
    fetch.now += 100ms;
    fetch.has(3, {0, 1});
    CHECK(fetch.asked[2] == Chunks{0});
    fetch.deliver(2, 39);
    CHECK(fetch.asked[2] == Chunks{0, 1});
    CHECK(fetch.outstanding(3).empty());
}

// ---- which copy counts ----

TEST_CASE("of two copies the first is taken, the second dropped and counted") {
    Told policy;
    Twice twice(&policy);
    Fetch& fetch = twice.fetch;
    auto const first = GENERATE(as<std::uint64_t>{}, 1, 3);
    auto const second = Twice::other(first);
    CHECK(fetch.arrive(first, 1) == Verdict::take);
    CHECK(fetch.arrive(second, 1) == Verdict::drop);
    CHECK(fetch.outstanding(second).empty());
    CHECK(fetch.progress().chunks_surplus == 1);
    CHECK(fetch.progress().bytes_duplicate == 100);
    CHECK(fetch.known(second)->duplicate_bytes == 100);
    CHECK(fetch.arrive(second, 1) == Verdict::drop);  // once more: nobody asked for that
    CHECK(fetch.progress().bytes_duplicate == 100);
    fetch.store(first, 1);
    CHECK(fetch.spared.empty());  // it has come
    fetch.deliver(2, 2);
    CHECK(fetch.complete());
    CHECK(fetch.known(first)->delivered_bytes == 100);
    CHECK(fetch.known(second)->delivered_bytes == 0);
    CHECK(policy.outcomes.size() == 3);
    CHECK(std::ranges::all_of(policy.outcomes,
                              [](auto const& o) { return o.reason <= XFSBUS_OUTCOME_DUPLICATE; }));
}

TEST_CASE("who was asked as well for what is stored by now is told that it need not send it") {
    Told policy;
    Twice twice(&policy);
    Fetch& fetch = twice.fetch;
    auto const first = GENERATE(as<std::uint64_t>{}, 1, 3);
    auto const second = Twice::other(first);
    fetch.has(second, {0, 1});
    CHECK(fetch.arrive(first, 1) == Verdict::take);
    CHECK(fetch.spared.empty());  // it may be corrupt
    fetch.store(first, 1);
    CHECK(fetch.spared == std::map<std::uint64_t, Chunks>{{second, {1}}});
    CHECK(fetch.outstanding(second).empty());
    CHECK(fetch.known(second)->outstanding_bytes == 0);
    fetch.pass(1s);
    fetch.deliver(2, 2);
    CHECK(fetch.complete());
    CHECK(fetch.progress().bytes_duplicate == 0);
    CHECK(policy.outcomes.size() == 2);  // who was spared has neither delivered nor failed
    CHECK(std::ranges::all_of(policy.outcomes,
                              [](auto const& o) { return o.reason <= XFSBUS_OUTCOME_DUPLICATE; }));
}

TEST_CASE("a copy that was on its way when it was spared is dropped and counted, once") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.deliver(3, 1);
    REQUIRE(fetch.spared[1] == Chunks{1});
    for (int times = 0; times < 2; ++times) {
        CHECK(fetch.arrive(1, 1) == Verdict::drop);
        CHECK(fetch.progress().bytes_duplicate == 100);
        CHECK(fetch.known(1)->duplicate_bytes == 100);
    }
    CHECK(fetch.progress().chunks_surplus == 2);
}

TEST_CASE("a second copy that was spared leaves room for one of another chunk") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    CHECK(asked_of_two(fetch) == 1);
    fetch.forget();
    fetch.deliver(3, 1);
    // Source 1 is idle, too, but has delivered nothing yet.
    CHECK(fetch.asked == std::map<std::uint64_t, Chunks>{{3, {2}}});
    CHECK(asked_of_two(fetch) == 2);
}

TEST_CASE("a second copy that came in vain is the last where one is allowed") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.forget();
    CHECK(fetch.arrive(3, 1) == Verdict::take);
    CHECK(fetch.arrive(1, 1) == Verdict::drop);
    fetch.store(3, 1);
    fetch.stall(800ms - tick, {1, 2, 3});
    CHECK(fetch.asked.empty());
    CHECK(asked_of_two(fetch) == 1);
}

TEST_CASE("when the first of two copies is corrupt the second is taken") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.forget();
    fetch.corrupt(3, 1);
    CHECK(fetch.dropped == Chunks{3});
    CHECK(fetch.asked.empty());  // it is on its way already
    twice.finish(1);
    CHECK(fetch.progress().chunks_rejected == 1);
}

TEST_CASE("when the second of two copies was dropped and the first is corrupt it is asked again") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    CHECK(fetch.arrive(3, 1) == Verdict::take);
    CHECK(fetch.arrive(1, 1) == Verdict::drop);
    fetch.forget();
    fetch.reject(3, 1);
    CHECK(fetch.dropped == Chunks{3});
    CHECK(fetch.asked[1] == Chunks{1});
    twice.finish(1);
}

TEST_CASE("when one of two that were asked goes the other's copy is waited for") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.forget();
    auto const gone = GENERATE(as<std::uint64_t>{}, 1, 3);
    fetch.lose(gone);
    CHECK(fetch.asked.empty());
    twice.finish(Twice::other(gone));
}

TEST_CASE("when both that were asked go the chunk is asked of somebody else") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.forget();
    fetch.lose(1);
    fetch.lose(3);
    CHECK(fetch.asked.empty());
    fetch.deliver(2, 2);
    CHECK(fetch.asked[2] == Chunks{1});
}

TEST_CASE("nobody is late with what another has brought") {
    Twice twice;
    Fetch& fetch = twice.fetch;
    fetch.has(1, {0, 1});
    fetch.has(3, {0, 1});
    fetch.deliver(3, 1);
    fetch.stall(9s, {1, 2, 3});
    CHECK(fetch.dropped.empty());
    fetch.stall(1s, {1, 2, 3});
    CHECK(fetch.dropped == Chunks{2});
}

TEST_CASE("a second copy that was spared is not waited for") {
    Fetch fetch(file_of(4), limits_of(3, 100), all_but(4, 2));
    fetch.begin({1, 2, 3});
    fetch.has(3, {2});
    fetch.pass(200ms);
    REQUIRE(fetch.asked[3] == Chunks{2});
    fetch.has(1, {2});
    fetch.deliver(1, 2);
    CHECK(fetch.spared[3] == Chunks{2});
    fetch.refuse(2, wire::ErrorCode::gone);  // the only one that had chunk 3
    CHECK(fetch.searches == 1);
    fetch.stall(10s, {1, 3});
    CHECK(fetch.dropped == Chunks{2});
    fetch.stall(60s, {1, 3});
    CHECK(fetch.failure() == Errc::timeout);
}
