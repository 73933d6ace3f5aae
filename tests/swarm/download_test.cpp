#include "fetch.hpp"

#include <cmath>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using Verdict = Download::Verdict;

namespace {

/// Answers as told, and keeps what it was told.
class Scripted final : public policies::PeerSelector {
  public:
    std::optional<std::size_t> answer = 0;
    std::vector<std::size_t> offered;
    std::vector<policies::OutcomeView> outcomes;
    double rate = 0;

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng&) override {
        offered.push_back(sources.size());
        return answer;
    }

    void observe(policies::SourceView const& view, policies::OutcomeView const& outcome) override {
        outcomes.push_back(outcome);
        rate = view.rate_bytes_per_s;
    }
};

}  // namespace

// ---- whom to ask, for how much ----

TEST_CASE("chunks are asked of the source the policy ranks best, until its window is full") {
    Fetch fetch(file_of(10), limits_of(2));
    fetch.start({2, 1});
    CHECK(fetch.asked[1] == Chunks{0, 1});
    CHECK(fetch.asked[2] == Chunks{2, 3});
}

TEST_CASE("room that a stored chunk leaves is used at once") {
    Fetch fetch(file_of(10), limits_of(2));
    fetch.begin({1, 2});
    fetch.deliver(2, 3);
    CHECK(fetch.asked[2] == Chunks{4});
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{5});
}

TEST_CASE("a fast source is asked for several chunks at a time, long before it has none left") {
    constexpr std::uint32_t chunks = 2000;
    Fetch fetch(file_of(chunks), limits_of(1, 1'000'000));
    fetch.begin({1});
    std::uint32_t messages = 0;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
        fetch.now += 1ms;
        fetch.deliver(1, chunk);
        bool const known = chunk >= chunks / 4;
        bool const ends = chunk + 200 >= chunks;
        messages += known && !fetch.asked.empty() ? 1 : 0;
        CHECK((!known || ends || fetch.outstanding(1).size() >= 50));
        fetch.forget();
    }
    CHECK(messages < chunks / 20);
    CHECK(fetch.core.progress(fetch.now).bytes_stored == fetch.file.bytes);
}

TEST_CASE("a chunk that arrived counts against the window until it is stored") {
    Fetch fetch(file_of(10));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    CHECK(fetch.asked.empty());
    fetch.store(1, 0);
    CHECK(fetch.asked[1] == Chunks{2});
}

TEST_CASE("a chunk larger than the window is asked for alone") {
    Fetch fetch(file_of(3), limits_of(1, 50));
    fetch.start({1});
    CHECK(fetch.asked[1] == Chunks{0});
    fetch.forget();
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{1});
}

TEST_CASE("no more is asked of all together than allowed") {
    auto limits = limits_of(3);
    limits.outstanding_most = 350;
    Fetch fetch(file_of(10), limits);
    fetch.start({1, 2, 3});
    fetch.deliver(1, 0);
    CHECK(fetch.outstanding(1) == Chunks{3});
    CHECK(fetch.outstanding(2) == Chunks{1});
    CHECK(fetch.outstanding(3) == Chunks{2});
}

TEST_CASE("where not all can be asked for two chunks who has delivered nothing is asked for one") {
    auto limits = limits_of(3);
    limits.outstanding_most = GENERATE(599, 600);
    bool const two = limits.outstanding_most == 600;
    Fetch fetch(file_of(10), limits);
    fetch.start({1, 2});
    CHECK(fetch.outstanding(1) == (two ? Chunks{0, 1} : Chunks{0}));
    CHECK(fetch.outstanding(2) == (two ? Chunks{2, 3} : Chunks{1}));
    fetch.deliver(1, 0);
    CHECK(fetch.outstanding(1).size() == 2);
}

TEST_CASE("a chunk larger than all that is allowed together is asked for alone") {
    auto limits = limits_of(3);
    limits.outstanding_most = 50;
    Fetch fetch(file_of(3), limits);
    fetch.start({1, 2, 3});
    CHECK(fetch.asked.size() == 1);
    CHECK(fetch.asked[1] == Chunks{0});
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{0, 1});
}

TEST_CASE("what was asked for adds up to the credit") {
    Fetch fetch(file_of(4));
    fetch.start({1});
    CHECK(fetch.credit[1] == 200);
    fetch.deliver(1, 0);
    CHECK(fetch.credit[1] == 300);
    fetch.deliver(1, 1);
    CHECK(fetch.credit[1] == 340);  // the last chunk is short
}

TEST_CASE("a source that begins anew begins with new credit") {
    Fetch fetch(file_of(6));
    fetch.begin({1});
    fetch.deliver(1, 0);
    fetch.lose(1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.asked[1] == Chunks{1, 2});
    CHECK(fetch.credit[1] == 200);
}

TEST_CASE("no more sources are used at once than allowed, and a reserve takes over") {
    Fetch fetch(file_of(20), limits_of(2));
    fetch.start({1, 2, 3});
    CHECK(fetch.asked.size() == 2);
    CHECK(fetch.progress().sources_active == 2);
    fetch.forget();
    fetch.lose(1);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[3] == Chunks{0, 1});
    CHECK(fetch.progress().sources_active == 2);
}

TEST_CASE("the policy may want nobody for the moment, and is asked again after half a second") {
    Scripted policy;
    policy.answer = std::nullopt;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.start({1});
    CHECK(fetch.asked.empty());
    policy.answer = 0;
    CHECK(fetch.core.next_deadline() == fetch.now + 500ms);
    fetch.pass(500ms);
    CHECK(fetch.asked[1] == Chunks{0, 1});
}

TEST_CASE("an answer of the policy that names no source is nobody") {
    Scripted policy;
    policy.answer = 7;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.start({1});
    CHECK(fetch.asked.empty());
}

TEST_CASE("a policy that wants nobody for two seconds is overruled until it wants somebody") {
    for (bool const at_first : {true, false}) {
        Scripted policy;
        policy.answer = at_first ? std::optional<std::size_t>(0) : std::nullopt;
        Fetch fetch(file_of(4), limits_of(1, 100), &policy);
        fetch.start({1});
        if (at_first) {
            policy.answer = std::nullopt;
            fetch.deliver(1, 0);
            fetch.forget();
        }
        fetch.stall(2s - tick, {1});
        CHECK(fetch.asked.empty());
        fetch.pass(tick);
        auto const next = at_first ? 1U : 0U;
        CHECK(fetch.outstanding(1) == Chunks{next});
        fetch.deliver(1, next);
        CHECK(fetch.outstanding(1) == Chunks{next + 1});
        policy.answer = 0;
        fetch.deliver(1, next + 1);
        policy.answer = std::nullopt;
        fetch.deliver(1, next + 2);
        CHECK(fetch.outstanding(1).empty());
    }
}

TEST_CASE("the policy sees only sources that have room") {
    Scripted policy;
    Fetch fetch(file_of(5), limits_of(2), &policy);
    fetch.start({1, 2});
    // Two to activate; then chunks 0 and 1 with two to choose from, 2 and 3 with one.
    CHECK(policy.offered == std::vector<std::size_t>{2, 1, 2, 2, 1, 1});
}

TEST_CASE("the policy is told how every request ended") {
    Scripted policy;
    Fetch fetch(file_of(3), limits_of(), &policy);
    fetch.begin({1});
    fetch.pong(1);
    fetch.now += 500ms;
    fetch.deliver(1, 0);
    REQUIRE(policy.outcomes.size() == 1);
    CHECK(policy.outcomes[0].reason == XFSBUS_OUTCOME_DELIVERED);
    CHECK(policy.outcomes[0].bytes == 100);
    CHECK(policy.outcomes[0].elapsed_us == 500'000);
    std::uint32_t reason = XFSBUS_OUTCOME_DELIVERED;
    SECTION("corrupt, and with it all that was outstanding") {
        reason = XFSBUS_OUTCOME_CORRUPT;
        fetch.corrupt(1, 1);
    }
    SECTION("lost") {
        reason = XFSBUS_OUTCOME_LOST;
        fetch.pass(3s);
    }
    SECTION("refused") {
        reason = XFSBUS_OUTCOME_REFUSED;
        fetch.refuse(1, wire::ErrorCode::gone);
    }
    SECTION("too late") {
        reason = XFSBUS_OUTCOME_LATE;
        fetch.stall(10s, {1});
    }
    REQUIRE(policy.outcomes.size() == 3);
    std::uint64_t failed_bytes = 0;
    for (std::size_t i = 1; i < policy.outcomes.size(); ++i) {
        CHECK(policy.outcomes[i].reason == reason);
        failed_bytes += policy.outcomes[i].bytes;
    }
    CHECK(failed_bytes == 140);
}

TEST_CASE("a source that goes while its chunk is written has delivered that one") {
    Scripted policy;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.pass(3s);
    REQUIRE(policy.outcomes.size() == 2);
    CHECK(policy.outcomes[0].reason == XFSBUS_OUTCOME_DELIVERED);
    CHECK(policy.outcomes[1].reason == XFSBUS_OUTCOME_LOST);
    fetch.store(1, 0);
    CHECK(policy.outcomes.size() == 2);
}

TEST_CASE("the rate that the policy sees is true also if chunks are stored in bursts") {
    Scripted policy;
    Fetch fetch(file_of(400), limits_of(1, 800), &policy);
    fetch.begin({1});
    for (int burst = 0; burst < 50; ++burst) {
        fetch.now += 40ms;
        auto const outstanding = fetch.outstanding(1);
        REQUIRE(outstanding.size() >= (burst == 0 ? 2 : 4));
        for (std::size_t i = 0; i < 4 && i < outstanding.size(); ++i) {
            fetch.deliver(1, outstanding[i]);
        }
    }
    CHECK(policy.rate > 8'000);  // 10,000 it is
    CHECK(policy.rate < 12'000);
}

TEST_CASE("the rate is true of a source that gets one chunk at a time") {
    Scripted policy;
    Fetch fetch(file_of(50), limits_of(1, 100), &policy);
    fetch.begin({1});
    for (std::uint32_t chunk = 0; chunk < 40; ++chunk) {
        fetch.now += 20ms;
        fetch.deliver(1, chunk);
    }
    CHECK(std::abs(policy.rate - 5'000) < 1);
}

// ---- begin and end ----

TEST_CASE("chunks that are there already are not asked for") {
    Fetch fetch(file_of(4), limits_of(), Chunks{0, 3});
    fetch.start({1});
    CHECK(fetch.asked[1] == Chunks{1, 2});
    CHECK(fetch.progress().bytes_resumed == 140);
    CHECK(fetch.progress().bytes_stored == 140);
    fetch.deliver(1, 1);
    fetch.deliver(1, 2);
    CHECK(fetch.complete());
    CHECK(fetch.progress().bytes_stored == fetch.file.bytes);
}

TEST_CASE("a file that is there as a whole asks for nothing") {
    Fetch fetch(file_of(2), limits_of(), Chunks{0, 1});
    fetch.start({1});
    CHECK(fetch.complete());
    CHECK(fetch.asked.empty());
    CHECK(fetch.searches == 0);
    CHECK_FALSE(fetch.core.next_deadline().has_value());
}

TEST_CASE("an empty file is complete without anybody") {
    Fetch fetch(file_of(0));
    fetch.start({});
    CHECK(fetch.complete());
    CHECK(fetch.searches == 0);
    CHECK_FALSE(fetch.core.next_deadline().has_value());
}

TEST_CASE("when the file is whole all sources are let go, once") {
    Fetch fetch(file_of(2), limits_of(2, 100));
    fetch.begin({1, 2, 3});
    fetch.deliver(1, 0);
    fetch.deliver(2, 1);
    CHECK(fetch.complete());
    CHECK(fetch.dropped == Chunks{1, 2});
    fetch.take();
    CHECK(fetch.dropped.size() == 2);
    CHECK(fetch.arrive(1, 0) == Verdict::drop);
}

TEST_CASE("what was wanted of a source that is let go meanwhile is no longer wanted") {
    Fetch fetch(file_of(2));
    fetch.core.add_source(fetch.now, {source(1), "a", "", 1, 0, 1});
    fetch.core.start(fetch.now);
    fetch.now += 1s;
    fetch.core.on_tick(fetch.now);
    fetch.lose(1);
    fetch.take();
    CHECK(fetch.asked.empty());
    CHECK(fetch.probed.empty());
    CHECK(fetch.dropped == Chunks{1});
}
