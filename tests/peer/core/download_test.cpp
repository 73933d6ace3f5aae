#include "fetch.hpp"

#include <cmath>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::test;
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
    CHECK(fetch.asked[1] == Chunks{0, 1, 2, 3});
    CHECK(fetch.asked[2] == Chunks{4, 5, 6, 7});
}

TEST_CASE("room that a stored chunk leaves is used at once") {
    Fetch fetch(file_of(10), limits_of(2));
    fetch.begin({1, 2});
    fetch.deliver(2, 5);
    CHECK(fetch.asked[2] == Chunks{8});
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{9});
}

TEST_CASE("a chunk that arrived counts against the window until it is stored") {
    Fetch fetch(file_of(10));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    CHECK(fetch.asked.empty());
    fetch.core.on_stored(fetch.now, source(1), 0);
    fetch.take();
    CHECK(fetch.asked[1] == Chunks{4});
}

TEST_CASE("a chunk larger than the window is asked for alone") {
    Fetch fetch(file_of(3), limits_of(1, 50));
    fetch.start({1});
    CHECK(fetch.asked[1] == Chunks{0});
    fetch.forget();
    fetch.deliver(1, 0);
    CHECK(fetch.asked[1] == Chunks{1});
}

TEST_CASE("what was asked for adds up to the credit") {
    Fetch fetch(file_of(6));
    fetch.start({1});
    CHECK(fetch.credit[1] == 400);
    fetch.deliver(1, 0);
    CHECK(fetch.credit[1] == 500);
    fetch.deliver(1, 1);
    CHECK(fetch.credit[1] == 540);  // the last chunk is short
}

TEST_CASE("a source that begins anew begins with new credit") {
    Fetch fetch(file_of(6));
    fetch.begin({1});
    fetch.deliver(1, 0);
    fetch.lose(1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.asked[1] == Chunks{1, 2, 3, 4});
    CHECK(fetch.credit[1] == 400);
}

TEST_CASE("no more sources are used at once than allowed, and a reserve takes over") {
    Fetch fetch(file_of(20), limits_of(2));
    fetch.start({1, 2, 3});
    CHECK(fetch.asked.size() == 2);
    CHECK(fetch.core.progress().sources_active == 2);
    fetch.forget();
    fetch.lose(1);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[3] == Chunks{0, 1, 2, 3});
    CHECK(fetch.core.progress().sources_active == 2);
}

TEST_CASE("the policy may want nobody for the moment and is asked again at the next event") {
    Scripted policy;
    policy.answer = std::nullopt;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.start({1});
    CHECK(fetch.asked.empty());
    policy.answer = 0;
    fetch.pass(1s);
    CHECK(fetch.asked[1] == Chunks{0, 1});
}

TEST_CASE("an answer of the policy that names no source is nobody") {
    Scripted policy;
    policy.answer = 7;
    Fetch fetch(file_of(2), limits_of(), &policy);
    fetch.start({1});
    CHECK(fetch.asked.empty());
}

TEST_CASE("a policy that never wants anybody ends the download in bounded time") {
    for (bool const at_first : {true, false}) {
        Scripted policy;
        policy.answer = at_first ? std::optional<std::size_t>(0) : std::nullopt;
        Fetch fetch(file_of(2), limits_of(1, 100), &policy);
        fetch.start({1});
        if (at_first) {
            policy.answer = std::nullopt;
            fetch.deliver(1, 0);
        }
        for (int second = 0; second < 10 && !fetch.core.failure(); ++second) {
            fetch.search_done();
            fetch.stall(1s, {1});
        }
        CHECK(fetch.failure() == Errc::timeout);
    }
}

TEST_CASE("the policy sees only sources that have room") {
    Scripted policy;
    Fetch fetch(file_of(5), limits_of(2), &policy);
    fetch.start({1, 2});
    // Two to activate; then chunks 0 to 3 with two to choose from, and chunk 4 with one.
    CHECK(policy.offered == std::vector<std::size_t>{2, 1, 2, 2, 2, 2, 1});
}

TEST_CASE("the policy is told how every request ended") {
    Scripted policy;
    Fetch fetch(file_of(4), limits_of(), &policy);
    fetch.begin({1});
    fetch.now += 500ms;
    fetch.deliver(1, 0);
    REQUIRE(policy.outcomes.size() == 1);
    CHECK(policy.outcomes[0].delivered == 1);
    CHECK(policy.outcomes[0].bytes == 100);
    CHECK(policy.outcomes[0].elapsed_us == 500'000);
    SECTION("corrupt, and with it all that was outstanding") {
        fetch.corrupt(1, 1);
    }
    SECTION("lost") {
        fetch.lose(1);
    }
    SECTION("refused") {
        fetch.refuse(1, wire::ErrorCode::gone);
    }
    SECTION("too late") {
        fetch.stall(10s, {1});
    }
    REQUIRE(policy.outcomes.size() == 4);
    std::uint64_t failed_bytes = 0;
    for (std::size_t i = 1; i < policy.outcomes.size(); ++i) {
        CHECK(policy.outcomes[i].delivered == 0);
        failed_bytes += policy.outcomes[i].bytes;
    }
    CHECK(failed_bytes == 240);
}

TEST_CASE("the rate that the policy sees is true also if chunks are stored in bursts") {
    Scripted policy;
    Fetch fetch(file_of(400), limits_of(1, 800), &policy);
    fetch.begin({1});
    std::uint32_t chunk = 0;
    for (int burst = 0; burst < 50; ++burst) {
        fetch.now += 40ms;
        for (int i = 0; i < 4; ++i) {
            fetch.deliver(1, chunk++);
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

// ---- refusals and supply ----

TEST_CASE("a source that is busy may be tried again, one that has lost the file may not") {
    struct Case {
        wire::ErrorCode code;
        bool again;
    };

    auto const refusal =
        GENERATE(Case{wire::ErrorCode::busy, true}, Case{wire::ErrorCode::closed, true},
                 Case{wire::ErrorCode::gone, false}, Case{wire::ErrorCode::not_found, false},
                 Case{wire::ErrorCode::bad_message, true}, Case{wire::ErrorCode::limit, true});
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.refuse(1, refusal.code);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.state_of(0) == "refused: no");
    CHECK(fetch.searches == 1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.asked.contains(1) == refusal.again);
}

TEST_CASE("with nobody to ask a search begins, once a second and one at a time") {
    Fetch fetch(file_of(2));
    fetch.start({});
    CHECK(fetch.searches == 1);
    fetch.pass(2s);
    CHECK(fetch.searches == 1);
    fetch.search_done();
    CHECK(fetch.searches == 1);
    fetch.pass(1s - tick);
    CHECK(fetch.searches == 1);
    fetch.pass(tick);
    CHECK(fetch.searches == 2);
}

TEST_CASE("a source that is found is asked at once, also one that was lost before") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.lose(1);
    CHECK(fetch.searches == 1);
    fetch.add(1);
    CHECK(fetch.asked[1] == Chunks{0, 1});
    fetch.search_done();
    fetch.pass(1s);
    CHECK(fetch.searches == 1);
}

TEST_CASE("a download that nobody has a file for fails as not found when the time is over") {
    Fetch fetch(file_of(2));
    fetch.start({});
    for (int second = 0; second < 5; ++second) {
        fetch.search_done();
        CHECK_FALSE(fetch.core.failure().has_value());
        fetch.pass(second < 4 ? wire::Duration(1s) : 1s - tick);
    }
    CHECK_FALSE(fetch.core.failure().has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::not_found);
    CHECK_FALSE(fetch.core.next_deadline().has_value());
}

TEST_CASE("a search that does not end does not keep a download from failing in time") {
    Fetch fetch(file_of(2));
    bool const had_one = GENERATE(false, true);
    if (had_one) {
        fetch.start({1});
        fetch.lose(1);
    } else {
        fetch.start({});
    }
    CHECK(fetch.searches == 1);
    fetch.pass(5s - tick);
    CHECK_FALSE(fetch.core.failure().has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::timeout);
}

TEST_CASE("the download fails as an integrity error only if every source lied") {
    Fetch fetch(file_of(4), limits_of(2));
    fetch.begin({1, 2});
    fetch.corrupt(1, 0);
    Errc expected = Errc::integrity;
    SECTION("both did") {
        fetch.corrupt(2, 0);
    }
    SECTION("one has lost the file") {
        fetch.refuse(2, wire::ErrorCode::gone);
        expected = Errc::timeout;
    }
    SECTION("one went away") {
        fetch.lose(2);
        expected = Errc::timeout;
    }
    fetch.search_done();
    for (int second = 0; second < 5 && !fetch.core.failure(); ++second) {
        fetch.pass(1s);
        fetch.search_done();
    }
    CHECK(fetch.failure() == expected);
    CHECK_THAT(fetch.core.failure()->message, ContainsSubstring("peer-1 sent corrupt data"));
    CHECK_THAT(fetch.core.failure()->message, ContainsSubstring("peer-2"));
}

TEST_CASE("with every source banned one more search is made before the download fails") {
    Fetch fetch(file_of(4));
    fetch.begin({1});
    fetch.corrupt(1, 0);
    CHECK(fetch.searches == 1);
    CHECK_FALSE(fetch.core.failure().has_value());
    fetch.search_done();
    CHECK(fetch.failure() == Errc::integrity);
}

TEST_CASE("a download does not fail as long as a chunk is being written") {
    Fetch fetch(file_of(1));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.lose(1);
    fetch.pass(60s);
    CHECK_FALSE(fetch.core.failure().has_value());
    fetch.core.on_stored(fetch.now, source(1), 0);
    CHECK(fetch.core.complete());
}

// ---- begin and end ----

TEST_CASE("chunks that are there already are not asked for") {
    Fetch fetch(file_of(4));
    fetch.core.have(0);
    fetch.core.have(3);
    fetch.core.have(3);
    fetch.start({1});
    CHECK(fetch.asked[1] == Chunks{1, 2});
    CHECK(fetch.core.progress().bytes_resumed == 140);
    CHECK(fetch.core.progress().bytes_stored == 140);
    fetch.deliver(1, 1);
    fetch.deliver(1, 2);
    CHECK(fetch.core.complete());
    CHECK(fetch.core.progress().bytes_stored == fetch.file.bytes);
}

TEST_CASE("a file that is there as a whole asks for nothing") {
    Fetch fetch(file_of(2));
    fetch.core.have(0);
    fetch.core.have(1);
    fetch.start({1});
    CHECK(fetch.core.complete());
    CHECK(fetch.asked.empty());
    CHECK(fetch.searches == 0);
    CHECK_FALSE(fetch.core.next_deadline().has_value());
}

TEST_CASE("an empty file is complete without anybody") {
    Fetch fetch(file_of(0));
    fetch.start({});
    CHECK(fetch.core.complete());
    CHECK(fetch.searches == 0);
    CHECK_FALSE(fetch.core.next_deadline().has_value());
}

TEST_CASE("when the file is whole all sources are let go, once") {
    Fetch fetch(file_of(2), limits_of(2, 100));
    fetch.begin({1, 2, 3});
    fetch.deliver(1, 0);
    fetch.deliver(2, 1);
    CHECK(fetch.core.complete());
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
    fetch.core.on_lost(fetch.now, source(1));
    fetch.take();
    CHECK(fetch.asked.empty());
    CHECK(fetch.probed.empty());
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("ticks at the deadlines alone lead to an end, whatever the sources do not do") {
    bool const searches_end = GENERATE(true, false);
    auto const sources = GENERATE(0U, 1U, 3U);
    Fetch fetch(file_of(5), limits_of(2));
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 1; number <= sources; ++number) {
        numbers.push_back(number);
    }
    fetch.start(numbers);
    auto const begun = fetch.now;
    int ticks = 0;
    while (auto const deadline = fetch.core.next_deadline()) {
        REQUIRE(++ticks < 200);
        CHECK(*deadline >= fetch.now);
        fetch.now = std::max(fetch.now, *deadline);
        fetch.core.on_tick(fetch.now);
        fetch.take();
        if (fetch.searches > 0 && searches_end) {
            fetch.search_done();
            fetch.searches = 0;
        }
        auto const next = fetch.core.next_deadline();
        REQUIRE((!next || *next > fetch.now));
    }
    CHECK(fetch.core.failure().has_value());
    CHECK(fetch.now - begun <= 3s * 2 + 5s);
}
