// What a Download shows to the policy that decides for it.
#include "fetch.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Takes the first source, and keeps what it was shown and told.
class Witness final : public policies::PeerSelector {
  public:
    std::vector<policies::RequestView> requests;
    std::vector<policies::SourceView> firsts;  ///< of each list, the first
    std::vector<policies::OutcomeView> outcomes;

    std::optional<std::size_t> pick(policies::RequestView const& request,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng&) override {
        requests.push_back(request);
        firsts.push_back(sources.front());
        return 0;
    }

    void observe(policies::SourceView const&, policies::OutcomeView const& outcome) override {
        outcomes.push_back(outcome);
    }

    [[nodiscard]] std::vector<std::uint32_t> purposes() const {
        std::vector<std::uint32_t> all;
        std::ranges::transform(requests, std::back_inserter(all), &policies::RequestView::purpose);
        return all;
    }
};

}  // namespace

TEST_CASE("a place is a question of its own, without a chunk, before those of the chunks") {
    Witness policy;
    Fetch fetch(file_of(3), limits_of(), &policy);
    fetch.start({7});
    CHECK(policy.purposes() ==
          Chunks{XFSBUS_PURPOSE_ADMIT, XFSBUS_PURPOSE_REQUEST, XFSBUS_PURPOSE_REQUEST});
    auto const& admit = policy.requests[0];
    CHECK(admit.chunk == XFSBUS_NO_CHUNK);
    CHECK(admit.copies == 0);
    CHECK(admit.bytes == 100);
    CHECK(admit.places == 1);
    CHECK(admit.places_used == 0);
    CHECK(policy.firsts[0].flags == XFSBUS_SOURCE_ANSWERABLE);
    CHECK(policy.firsts[0].in_use_us == 0);
    CHECK(policies::has(policy.firsts[1], XFSBUS_SOURCE_IN_USE));
}

TEST_CASE("a request says which chunk, how rare it is, and what is under way already") {
    Witness policy;
    Fetch fetch(file_of(3), limits_of(2), &policy);
    fetch.start({1, 2});
    auto const& second = policy.requests[3];
    CHECK(second.purpose == XFSBUS_PURPOSE_REQUEST);
    CHECK(second.chunk == 1);
    CHECK(second.copies == 2);
    CHECK(second.file_bytes == 240);
    CHECK(second.bytes == 100);
    CHECK(second.left_bytes == 140);
    CHECK(second.outstanding_bytes == 100);
    CHECK(second.outstanding_most == fetch.limits.outstanding_most);
    CHECK(second.places_used == 2);
    CHECK(second.now_us == 1'000'000'000);
    CHECK(policy.firsts[3].requests == 1);
    CHECK(policy.firsts[3].outstanding_bytes == 100);
}

TEST_CASE("a source is seen with how long it is in use, and silent") {
    Witness policy;
    Fetch fetch(file_of(9), limits_of(), &policy);
    fetch.begin({1});
    fetch.now += 300ms;
    fetch.pong(1);
    fetch.now += 200ms;
    fetch.deliver(1, 0);
    CHECK(policy.firsts.back().in_use_us == 500'000);
    CHECK(policy.firsts.back().silent_us == 0);  // a chunk was heard of it just now
    fetch.now += 250ms;
    fetch.store(1, 1);
    CHECK(policy.firsts.back().in_use_us == 500'000);  // nothing was asked since
}

TEST_CASE("what is asked of a second source at the end is a duplicate") {
    Witness policy;
    Fetch fetch(file_of(3), limits_of(2), Chunks{0, 1}, &policy);
    fetch.begin({1, 2});
    fetch.pass(250ms);
    REQUIRE(policy.purposes().back() == XFSBUS_PURPOSE_DUPLICATE);
    CHECK(policy.requests.back().chunk == 2);
    CHECK(policy.requests.back().bytes == 40);
}

TEST_CASE("an outcome says of which chunk it is, and behind what it waited at its source") {
    Witness policy;
    Fetch fetch(file_of(3), limits_of(), &policy);
    fetch.begin({1});
    fetch.deliver(1, 0);
    fetch.deliver(1, 1);
    REQUIRE(policy.outcomes.size() == 2);
    CHECK(policy.outcomes[0].chunk == 0);
    CHECK(policy.outcomes[0].queued == 0);
    CHECK(policy.outcomes[0].queued_bytes == 0);
    CHECK(policy.outcomes[1].chunk == 1);
    CHECK(policy.outcomes[1].queued == 1);
    CHECK(policy.outcomes[1].queued_bytes == 100);
}

TEST_CASE("a copy that another was quicker with ends as a duplicate") {
    Witness policy;
    Fetch fetch(file_of(3), limits_of(2), Chunks{0, 1}, &policy);
    fetch.begin({1, 2});
    fetch.pass(250ms);
    REQUIRE(fetch.outstanding(1) == Chunks{2});
    REQUIRE(fetch.outstanding(2) == Chunks{2});
    static_cast<void>(fetch.arrive(2, 2));
    static_cast<void>(fetch.arrive(1, 2));
    fetch.store(2, 2);
    REQUIRE(policy.outcomes.size() == 2);
    CHECK(policy.outcomes[0].reason == XFSBUS_OUTCOME_DUPLICATE);
    CHECK(policy.outcomes[1].reason == XFSBUS_OUTCOME_DELIVERED);
}
