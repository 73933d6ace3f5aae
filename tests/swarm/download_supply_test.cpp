#include "fetch.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using Verdict = Download::Verdict;

namespace {

using Times = std::vector<std::chrono::milliseconds>;

/// When searches begin within so much time, in which source 1 delivers now and then and all others
/// answer; each search ends at once and finds nobody.
Times searches_within(Fetch& fetch, wire::Duration duration) {
    Times times;
    auto const begun = fetch.now;
    for (auto next = fetch.core.next_deadline(); next && *next <= begun + duration;
         next = fetch.core.next_deadline()) {
        fetch.now = *next;
        for (auto const& [id, known] : fetch.core.sources().all()) {
            fetch.pong(static_cast<std::uint64_t>(id));
        }
        if (auto const outstanding = fetch.outstanding(1); !outstanding.empty()) {
            fetch.deliver(1, outstanding.front());
        }
        fetch.pass(0s);
        if (fetch.searches > 0) {
            times.push_back(
                std::chrono::duration_cast<std::chrono::milliseconds>(fetch.now - begun));
            fetch.searches = 0;
            fetch.search_done();
        }
    }
    fetch.now = begun + duration;
    return times;
}

/// So many sources at a time, with a first search after 250 ms.
Download::Limits searching(std::size_t sources) {
    auto limits = limits_of(sources);
    limits.find_first = 250ms;
    return limits;
}

}  // namespace

// ---- refusals ----

TEST_CASE("a source that ended the transfer may be tried again, unless it has not got the file") {
    struct Case {
        wire::ErrorCode code;
        bool again;
    };

    auto const refusal =
        GENERATE(Case{wire::ErrorCode::closed, true}, Case{wire::ErrorCode::bad_message, true},
                 Case{wire::ErrorCode::gone, false}, Case{wire::ErrorCode::not_found, false});
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.refuse(1, refusal.code);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.state_of(1) == "refused: no");
    CHECK(fetch.searches == 1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.asked.contains(1) == refusal.again);
}

TEST_CASE("a source that was asked for too much rests, each time twice as long") {
    auto const code = wire::ErrorCode::limit;
    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (auto const rest : {1s, 2s, 4s, 8s, 16s}) {
        fetch.forget();
        fetch.refuse(1, code);
        CHECK(fetch.dropped == Chunks{1});
        CHECK(fetch.state_of(1) == "refused: no");
        fetch.add(1);  // being found does not shorten the rest
        fetch.pass(rest - tick);
        CHECK(fetch.asked.empty());
        fetch.pass(tick);
        CHECK(fetch.asked[1] == Chunks{0, 1});
        CHECK(fetch.state_of(1) == "active");
    }
    fetch.deliver(1, 0);
    fetch.forget();
    fetch.refuse(1, code);
    fetch.pass(1s);
    CHECK(fetch.asked[1] == Chunks{1});
}

TEST_CASE("the end of a rest is a deadline") {
    auto limits = limits_of();
    limits.rest = 700ms;
    Fetch fetch(file_of(2), limits);
    fetch.begin({1});
    fetch.refuse(1, wire::ErrorCode::limit);
    CHECK(fetch.core.next_deadline() == fetch.now + 700ms);
}

TEST_CASE("while one source rests the others are asked") {
    Fetch fetch(file_of(6), limits_of(2));
    fetch.begin({1, 2});
    fetch.refuse(1, wire::ErrorCode::busy);
    fetch.deliver(2, 2);
    fetch.deliver(2, 3);
    CHECK(fetch.asked[2] == Chunks{0, 1});
}

// ---- searches ----

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

TEST_CASE("more sources are looked for soon after the start, and then ever more seldom") {
    Fetch fetch(file_of(1000), searching(24));
    fetch.begin({1});
    CHECK(searches_within(fetch, 60s) == Times{250ms, 500ms, 1s, 2s, 4s, 8s, 16s, 31s, 46s});
}

TEST_CASE("no more sources are looked for when twice as many are known as can be used") {
    Fetch fetch(file_of(1000), searching(2));
    fetch.begin({1, 2, 3});
    CHECK(searches_within(fetch, 1s) == Times{250ms, 500ms, 1s});
    fetch.add(4);
    CHECK(searches_within(fetch, 60s).empty());
}

TEST_CASE("a source that is lost makes the search begin anew, since it cannot be used") {
    Fetch fetch(file_of(1000), searching(2));
    fetch.begin({1, 2, 3, 4});
    CHECK(searches_within(fetch, 60s).empty());
    SECTION("one in use") {
        fetch.lose(1);
    }
    SECTION("one in reserve") {
        fetch.lose(4);
    }
    SECTION("one that lied") {
        fetch.corrupt(1, fetch.outstanding(1).front());
    }
    CHECK(fetch.searches == 1);
    fetch.forget();
    fetch.search_done();
    CHECK(searches_within(fetch, 5s) == Times{250ms, 750ms, 1750ms, 3750ms});
}

TEST_CASE("a loss makes the next search come soon, also after it had become seldom") {
    Fetch fetch(file_of(1000), searching(2));
    fetch.begin({1, 2});
    CHECK(searches_within(fetch, 20s).size() == 7);
    fetch.lose(2);
    CHECK(searches_within(fetch, 2s) == Times{250ms, 500ms, 1s, 2s});
}

TEST_CASE("for a small file no more sources are looked for while something comes") {
    Fetch fetch(file_of(swarm_chunks_least - 1), limits_of(2));
    fetch.begin({1});
    fetch.stall(9s, {1});
    CHECK(fetch.searches == 0);
}

TEST_CASE("when nothing comes any more a search begins within a second, however seldom they were") {
    auto limits = searching(2);
    limits.rest = 1min;
    Fetch fetch(file_of(1000), limits);
    fetch.begin({1});
    CHECK(searches_within(fetch, 32s).back() == 31s);
    fetch.forget();
    fetch.refuse(1, wire::ErrorCode::limit);
    fetch.pass(1s - tick);
    CHECK(fetch.searches == 0);
    fetch.pass(tick);
    CHECK(fetch.searches == 1);
    fetch.search_done();
    fetch.pass(1s);
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

// ---- how it ends ----

TEST_CASE("a download that nobody has a file for fails as not found when the time is over") {
    Fetch fetch(file_of(2));
    fetch.start({});
    for (int second = 0; second < 5; ++second) {
        fetch.search_done();
        CHECK_FALSE(fetch.progress().failure.has_value());
        fetch.pass(second < 4 ? wire::Duration(1s) : 1s - tick);
    }
    CHECK_FALSE(fetch.progress().failure.has_value());
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
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::timeout);
}

TEST_CASE("a source that only rests is waited for longer than for one that is gone") {
    auto limits = limits_of();
    limits.rest = 1h;
    Fetch fetch(file_of(2), limits);
    fetch.begin({1});
    fetch.refuse(1, wire::ErrorCode::limit);
    fetch.search_done();
    fetch.pass(60s - tick);
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::timeout);
    CHECK_THAT(fetch.progress().failure->message, ContainsSubstring("peer-1 refused: no"));
}

TEST_CASE("sources that have nothing new are waited for until there was no news for too long") {
    Fetch fetch(file_of(8));
    fetch.begin({});
    fetch.add(1, 0.5);
    CHECK(fetch.opened == Chunks{1});
    fetch.has(1, {0, 1});
    fetch.deliver(1, 0);
    fetch.deliver(1, 1);
    fetch.stall(59s, {1});
    fetch.gain(1, {2});
    fetch.deliver(1, 2);
    fetch.add(2, 0.5);
    fetch.lose(2);
    fetch.stall(59s, {1});
    fetch.gain(2, {0});  // not needed: no news
    fetch.has(1, {0, 1, 2});
    fetch.stall(1s - tick, {1});
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::timeout);
    CHECK_THAT(fetch.progress().failure->message,
               ContainsSubstring("peer-1 has nothing more that is needed"));
}

TEST_CASE("what a source gains while it rests is news, too") {
    auto limits = limits_of();
    limits.rest = 1h;
    Fetch fetch(file_of(8), limits);
    fetch.begin({});
    fetch.add(1, 0.5);
    fetch.has(1, {0});
    fetch.refuse(1, wire::ErrorCode::limit);
    fetch.pass(50s);
    fetch.gain(1, {1});
    fetch.pass(60s - tick);
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.pass(tick);
    CHECK(fetch.failure() == Errc::timeout);
}

TEST_CASE("time in which nothing was on its way is counted") {
    Fetch fetch(file_of(8));
    fetch.begin({});
    fetch.pass(2s);
    CHECK(fetch.progress().waited == 2s);
    fetch.add(1);
    fetch.pass(1s);
    CHECK(fetch.progress().waited == 2s);
    fetch.lose(1);
    fetch.pass(3s);
    CHECK(fetch.progress().waited == 5s);
}

TEST_CASE("the download fails as an integrity error only if every source lied") {
    Fetch fetch(file_of(4), limits_of(2));
    fetch.begin({1, 2});
    fetch.corrupt(1, 0);
    Errc expected = Errc::integrity;
    SECTION("both did") {
        fetch.corrupt(2, 2);
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
    for (int second = 0; second < 5 && !fetch.progress().failure; ++second) {
        fetch.pass(1s);
        fetch.search_done();
    }
    CHECK(fetch.failure() == expected);
    CHECK_THAT(fetch.progress().failure->message, ContainsSubstring("peer-1 sent corrupt data"));
    CHECK_THAT(fetch.progress().failure->message, ContainsSubstring("peer-2"));
}

TEST_CASE("with every source banned one more search is made before the download fails") {
    Fetch fetch(file_of(3));
    fetch.begin({1});
    fetch.corrupt(1, 0);
    CHECK(fetch.searches == 1);
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.search_done();
    CHECK(fetch.failure() == Errc::integrity);
}

TEST_CASE("a download does not fail as long as a chunk is being written") {
    Fetch fetch(file_of(1));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.lose(1);
    fetch.pass(60s);
    CHECK_FALSE(fetch.progress().failure.has_value());
    fetch.store(1, 0);
    CHECK(fetch.complete());
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
    CHECK(fetch.progress().failure.has_value());
    CHECK(fetch.now - begun <= 3s * 2 + 5s);
}
