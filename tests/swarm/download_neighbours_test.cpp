#include "fetch.hpp"

#include <algorithm>
#include <set>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Asks for what few sources have, as downloads do unless they are told otherwise.
Fetch rarest_first(std::uint32_t chunks, std::size_t sources) {
    return Fetch(file_of(chunks), limits_of(sources), nullptr, 0);
}

/// Those of the sources 1 to 20 that have a place.
Chunks active(Fetch const& fetch) {
    Chunks numbers;
    for (std::uint32_t number = 1; number <= 20; ++number) {
        auto const* const known = fetch.known(number);
        if (known != nullptr && known->state == DownloadSource::State::active) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

}  // namespace

// ---- who has what ----

TEST_CASE("a source that is used opens its transfer, so that it tells what it has") {
    Fetch fetch(file_of(swarm_chunks_least), limits_of(3));
    fetch.begin({});
    fetch.add(1, 0);
    fetch.add(2, 0.5);
    CHECK(fetch.opened == Chunks{1, 2});
    CHECK(fetch.asked.empty());
    fetch.add(3, 1);  // it may offer less than it has
    CHECK(fetch.opened == Chunks{1, 2, 3});
    CHECK(fetch.asked.empty());
}

TEST_CASE(
    "where others fetch the same a complete source is asked when it has said what it offers") {
    Fetch fetch(file_of(swarm_chunks_least), limits_of(3));
    fetch.begin({});
    fetch.add(1, 0.5);
    fetch.add(2, 1);
    SECTION("in one word") {
        fetch.has(2, {1, 2});
    }
    SECTION("one after the other") {
        fetch.has(2, {});
        fetch.gain(2, {1, 2});
    }
    CHECK(fetch.asked == std::map<std::uint64_t, Chunks>{{2, {1, 2}}});
}

TEST_CASE("a complete source that does not say what it offers is asked for anything after 500 ms") {
    Fetch fetch(file_of(swarm_chunks_least), limits_of(3));
    fetch.begin({});
    fetch.add(1, 0.5);
    fetch.add(2, 1);
    CHECK(fetch.core.next_deadline() == fetch.now + 500ms);
    fetch.pass(500ms - tick);
    CHECK(fetch.asked.empty());
    fetch.pass(tick);
    CHECK(fetch.asked == std::map<std::uint64_t, Chunks>{{2, {0, 1}}});
}

TEST_CASE("where nobody else fetches the same a complete source is asked at once") {
    Fetch fetch(file_of(swarm_chunks_least), limits_of(3));
    fetch.begin({});
    fetch.add(1, 1);
    CHECK(fetch.opened.empty());
    CHECK(fetch.asked == std::map<std::uint64_t, Chunks>{{1, {0, 1}}});
}

TEST_CASE("in a file of few chunks transfers are opened by requests only") {
    Fetch fetch(file_of(swarm_chunks_least - 1), limits_of(3));
    fetch.begin({});
    fetch.add(1, 0.5);
    CHECK(fetch.opened.empty());
    CHECK(fetch.asked.empty());
}

TEST_CASE("a source is asked for what it has and nothing else") {
    Fetch fetch(file_of(8), limits_of(2));
    fetch.begin({});
    fetch.add(1, 0.5);
    fetch.add(2, 0.5);
    fetch.has(1, {3, 7});
    CHECK(fetch.asked[1] == Chunks{3, 7});
    fetch.has(2, {7, 4});
    CHECK(fetch.asked[2] == Chunks{4});
    fetch.gain(2, {5, 6});
    CHECK(fetch.asked[2] == Chunks{4, 5});
    fetch.deliver(2, 4);
    CHECK(fetch.asked[2] == Chunks{4, 5, 6});
    fetch.deliver(2, 5);
    CHECK(fetch.asked[2] == Chunks{4, 5, 6});
}

TEST_CASE("what a source says it has replaces what it said before and what the tracker said") {
    Fetch fetch(file_of(8));
    fetch.begin({1});
    fetch.has(1, {7});
    fetch.deliver(1, 0);
    fetch.deliver(1, 1);  // asked for before
    CHECK(fetch.asked[1] == Chunks{7});
    fetch.has(1, {6});
    fetch.deliver(1, 7);
    CHECK(fetch.asked[1] == Chunks{7, 6});
    CHECK(fetch.known(1)->has == set_of(8, {6}));
}

TEST_CASE("what the tracker says counts until the source has said something") {
    Fetch fetch(file_of(8), limits_of(1));
    fetch.begin({1});
    fetch.add(2, 1);
    fetch.add(2, 0.5);  // found again: it begins anew
    fetch.lose(1);
    CHECK(fetch.opened == Chunks{2});
    CHECK_FALSE(fetch.asked.contains(2));
    fetch.has(2, {3});
    CHECK(fetch.asked[2] == Chunks{3});
    fetch.lose(2);
    fetch.forget();
    fetch.add(2, 1);
    CHECK(fetch.asked[2] == Chunks{3});
}

TEST_CASE("sets of another size, and chunks that the file does not have, are ignored") {
    Fetch fetch(file_of(8));
    fetch.begin({});
    fetch.add(1, 0.5);
    fetch.core.on_word(fetch.now, source(1), have_of(ChunkSet::full(17)));
    fetch.core.on_word(fetch.now, source(1), have_of(ChunkSet::full(9)));
    fetch.core.on_word(fetch.now, source(9), have_of(ChunkSet::full(8)));
    fetch.gain(1, {8, 0xffffffffU});
    fetch.gain(9, {0});
    CHECK(fetch.asked.empty());
    fetch.gain(1, {8, 3, 3});
    CHECK(fetch.asked[1] == Chunks{3});
    CHECK(fetch.known(1)->has.count() == 1);
}

TEST_CASE("what a source that is not used gains is known when it is used") {
    Fetch fetch(file_of(8));
    fetch.begin({1});
    fetch.add(2, 0.5);
    fetch.has(2, {1});
    fetch.gain(2, {5});
    CHECK(fetch.asked.empty());
    fetch.lose(1);
    CHECK(fetch.asked[2] == Chunks{1, 5});
}

TEST_CASE("what few sources have is asked for first, as far as it is known by then") {
    auto fetch = rarest_first(8, 4);
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 3; ++number) {
        fetch.add(number, 0.5);
    }
    fetch.has(3, {0, 1, 2, 3, 4, 5});
    fetch.deliver(3, fetch.outstanding(3).front());
    fetch.deliver(3, fetch.outstanding(3).front());
    fetch.forget();
    auto const before = fetch.outstanding(3);
    fetch.has(2, {0, 1, 2, 3, 4, 5, 6});
    fetch.gain(2, {7});
    // 6 and 7 have a copy each, all others two: they are next of the source that has them.
    auto asked = fetch.asked[2];
    REQUIRE(asked.size() == 2);
    CHECK(asked[0] == 6);
    fetch.deliver(2, asked[1]);
    CHECK(fetch.asked[2].back() == 7);
    CHECK(fetch.outstanding(3) == before);
}

// ---- newcomers and places ----

TEST_CASE("sources that have nothing fill three quarters of the places and no more") {
    Fetch fetch(file_of(8), limits_of(8));
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 10; ++number) {
        fetch.add(number, 0);
    }
    CHECK(active(fetch) == Chunks{1, 2, 3, 4, 5, 6});
    fetch.add(11, 1);
    CHECK(active(fetch) == Chunks{1, 2, 3, 4, 5, 6, 11});
    fetch.add(12, 0.01);
    CHECK(active(fetch) == Chunks{1, 2, 3, 4, 5, 6, 11, 12});
    fetch.add(13, 1);
    CHECK(active(fetch).size() == 8);
}

TEST_CASE("a newcomer that has gained something leaves its place to another newcomer") {
    Fetch fetch(file_of(8), limits_of(4));
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 5; ++number) {
        fetch.add(number, 0);
    }
    CHECK(active(fetch) == Chunks{1, 2, 3});
    fetch.gain(2, {4});
    CHECK(active(fetch) == Chunks{1, 2, 3, 4});
}

TEST_CASE("one that had nothing for us for a while makes room for one that may have") {
    Fetch fetch(file_of(40), limits_of(4));
    fetch.begin({4});
    for (std::uint64_t number = 1; number <= 3; ++number) {
        fetch.add(number, 0);
    }
    fetch.stall(2s, {1, 2, 3, 4});
    fetch.add(9, 0.5);
    fetch.stall(1s - tick, {1, 2, 3, 4});
    CHECK(active(fetch) == Chunks{1, 2, 3, 4});
    fetch.forget();
    fetch.pass(tick);
    // One goes, once, although it is nearer than the one that comes.
    CHECK(active(fetch).size() == 4);
    CHECK(fetch.dropped.size() == 1);
    CHECK(fetch.opened == Chunks{9});
    CHECK(fetch.known(9)->state == DownloadSource::State::active);
}

TEST_CASE("those that were of no use make room one after the other and come back when there is") {
    Fetch fetch(file_of(40), limits_of(4));
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 3; ++number) {
        fetch.add(number, 0);
    }
    for (std::uint64_t number = 4; number <= 7; ++number) {
        fetch.add(number, 0.5);
    }
    std::set<std::uint32_t> seen;
    for (int second = 0; second < 20; ++second) {
        fetch.stall(1s, {1, 2, 3, 4, 5, 6, 7});
        for (auto const number : active(fetch)) {
            seen.insert(number);
        }
    }
    CHECK(seen == std::set<std::uint32_t>{1, 2, 3, 4, 5, 6, 7});
    CHECK(active(fetch).size() == 4);
}

TEST_CASE("nobody makes room who has something for us, or when nobody has anything to offer") {
    Fetch fetch(file_of(40), limits_of(4));
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 3; ++number) {
        fetch.add(number, 0);
    }
    fetch.add(4, 0.5);
    fetch.has(4, {7});
    SECTION("no one else has anything") {
        fetch.add(5, 0);
    }
    SECTION("all have") {
        for (std::uint64_t number = 1; number <= 3; ++number) {
            fetch.has(number, {static_cast<std::uint32_t>(number)});
        }
        fetch.add(5, 1);
    }
    SECTION("there is a place left") {
        fetch.lose(3);
        fetch.add(5, 0.5);
    }
    fetch.forget();
    fetch.stall(8s, {1, 2, 3, 4, 5});
    CHECK(fetch.dropped.empty());
}

TEST_CASE("at the end nobody makes room, since nobody would come") {
    Fetch fetch(file_of(3), limits_of(3), Chunks{0, 1});
    fetch.begin({1, 2, 3});
    fetch.add(4, 0.5);
    CHECK(fetch.outstanding(1) == Chunks{2});
    fetch.stall(9s, {1, 2, 3});
    CHECK(fetch.dropped.empty());
}
