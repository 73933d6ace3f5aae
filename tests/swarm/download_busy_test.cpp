// Sources that live but have no place for us: they are waited for.
#include "fetch.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// From one refusal to the next question.
wire::Duration until_asked_again(Fetch& fetch) {
    auto const begun = fetch.now;
    fetch.asked.clear();
    fetch.opened.clear();
    fetch.dropped.clear();
    while (fetch.asked.empty() && fetch.opened.empty()) {
        auto const deadline = fetch.core.next_deadline();
        REQUIRE(deadline);
        REQUIRE(*deadline > fetch.now);
        fetch.now = *deadline;
        fetch.core.on_tick(fetch.now);
        fetch.take();
        if (fetch.searches > 0) {
            fetch.searches = 0;
            fetch.search_done();
        }
    }
    return fetch.now - begun;
}

/// A policy that counts what it is told.
class Counting final : public policies::PeerSelector {
  public:
    int told = 0;

    std::optional<std::size_t> pick(policies::RequestView const& request,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng& rng) override {
        static_cast<void>(request);
        static_cast<void>(rng);
        return sources.empty() ? std::nullopt : std::optional<std::size_t>(0);
    }

    void observe(policies::SourceView const& source,
                 policies::OutcomeView const& outcome) override {
        static_cast<void>(source);
        static_cast<void>(outcome);
        ++told;
    }
};

}  // namespace

TEST_CASE("a source that is busy is asked again soon, then ever more seldom, at odd times") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    wire::Duration usual = 100ms;
    wire::Duration sum{};
    for (int times = 0; times < 50; ++times) {
        fetch.refuse(1, wire::ErrorCode::busy);
        CHECK(fetch.dropped == Chunks{1});
        CHECK(fetch.forgotten.empty());
        auto const rested = until_asked_again(fetch);
        CHECK(rested >= usual * 3 / 4);
        CHECK(rested <= usual * 5 / 4);
        sum += rested;
        usual = std::min<wire::Duration>(2 * usual, 2s);
    }
    CHECK(sum / 50 > 1700ms);
    CHECK(sum / 50 < 2100ms);
}

TEST_CASE("after a source has delivered it is asked again soon if it is busy") {
    Fetch fetch(file_of(9));
    fetch.begin({1});
    for (int times = 0; times < 8; ++times) {
        fetch.refuse(1, wire::ErrorCode::busy);
        until_asked_again(fetch);
    }
    fetch.has(1, {0, 1, 2, 3, 4, 5, 6, 7, 8});
    fetch.deliver(1, fetch.outstanding(1).front());
    fetch.refuse(1, wire::ErrorCode::busy);
    CHECK(until_asked_again(fetch) <= 125ms);
}

TEST_CASE("a source that lives and is busy is waited for, however long that takes") {
    auto const chunks = GENERATE(2U, 9U);  // of a swarm, too, where it is asked what it has first
    Fetch fetch(file_of(chunks));
    fetch.begin({1});
    auto const begun = fetch.now;
    int refusals = 0;
    for (; fetch.now - begun < 1h; ++refusals) {
        fetch.now += 1ms;
        fetch.refuse(1, wire::ErrorCode::busy);
        REQUIRE_FALSE(fetch.progress().failure.has_value());
        until_asked_again(fetch);
    }
    CHECK(refusals <= 2200);
    CHECK(fetch.known(1)->failures == 0);
    fetch.has(1, {0, 1});
    fetch.deliver(1, 0);
}

TEST_CASE("a source that was busy and falls silent is not waited for any longer than others") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.refuse(1, wire::ErrorCode::busy);
    auto const begun = fetch.now;
    while (!fetch.progress().failure) {
        fetch.now = fetch.core.next_deadline().value();
        fetch.core.on_tick(fetch.now);
        fetch.take();
        if (fetch.searches > 0) {
            fetch.searches = 0;
            fetch.search_done();
        }
    }
    CHECK(fetch.failure() == Errc::timeout);
    CHECK(fetch.now - begun <= 10s);
}

TEST_CASE("it is said that a source is busy, and when it is asked again") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (int times = 0; times < 8; ++times) {
        fetch.refuse(1, wire::ErrorCode::busy);
        CHECK_THAT(fetch.state_of(1), Catch::Matchers::StartsWith("busy, asked again in "));
        CHECK_THAT(fetch.state_of(1), Catch::Matchers::EndsWith(" s"));
        until_asked_again(fetch);
        CHECK(fetch.state_of(1) == "active");
    }
}

TEST_CASE("while one source is busy another is asked for what it was to send") {
    Fetch fetch(file_of(6), limits_of(2));
    fetch.begin({1, 2});
    fetch.refuse(1, wire::ErrorCode::busy);
    fetch.deliver(2, 2);
    fetch.deliver(2, 3);
    CHECK(fetch.asked[2] == Chunks{0, 1});
}

TEST_CASE("the policy is not told that a request failed because its source is busy") {
    Counting policy;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.begin({1});
    fetch.refuse(1, wire::ErrorCode::busy);
    CHECK(policy.told == 0);
    until_asked_again(fetch);
    fetch.deliver(1, 0);
    CHECK(policy.told == 1);
}

TEST_CASE("who waits for a busy source looks for others ever more seldom") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    auto const begun = fetch.now;
    int searches = 0;
    while (fetch.now - begun < 5min) {
        fetch.asked.clear();
        fetch.refuse(1, wire::ErrorCode::busy);
        while (fetch.asked.empty()) {
            fetch.now = fetch.core.next_deadline().value();
            fetch.core.on_tick(fetch.now);
            fetch.take();
            if (std::exchange(fetch.searches, 0) > 0) {
                ++searches;
                fetch.search_done();
            }
        }
    }
    CHECK(searches >= 10);
    CHECK(searches <= 30);
}
