#include "catch.hpp"
#include "offers_fixture.hpp"

#include <algorithm>
#include <numeric>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

// ---- when less is offered than is here ----

TEST_CASE("a single sink is told of all there is at once") {
    Peer seed(20);
    seed.open_and_take({1});
    CHECK(seed.known[1] == all_of(20));
    CHECK_FALSE(seed.core.pending());
    seed.serve(1, 3);
    seed.take();
    CHECK(seed.told[1] == 1);
}

TEST_CASE("with a second sink each is offered other chunks, and no longer all") {
    Peer seed(20);
    seed.open_and_take({1});
    seed.open_and_take({2});
    CHECK(seed.told[1] == 2);
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.known[2].size() == 2);
    Set both = seed.known[1];
    both.insert(seed.known[2].begin(), seed.known[2].end());
    CHECK(both.size() == 4);
}

TEST_CASE("what a sink has asked for already is still offered to it") {
    Peer seed(20);
    seed.open_and_take({1});
    seed.ask(1, 7);
    seed.open_and_take({2});
    CHECK(seed.known[1].contains(7));
    CHECK_FALSE(seed.known[2].contains(7));
}

TEST_CASE("what sinks have asked for before they were told anything is offered to nobody else") {
    Peer seed(100);
    for (auto const number : {1U, 2U, 3U}) {
        seed.open(number);
    }
    Set const asked{3, 7, 9};
    seed.ask(1, 3);
    seed.ask(1, 7);
    seed.ask(2, 9);
    seed.take();
    CHECK(without(seed.known[3], asked) == seed.known[3]);
    CHECK_FALSE(seed.known[1].contains(9));
    CHECK_FALSE(seed.known[2].contains(3));
    CHECK_FALSE(seed.known[2].contains(7));
}

TEST_CASE("sinks that do not want to be told are told nothing and leave the others all") {
    Peer seed(20);
    seed.open(1);
    seed.open(2, false);
    seed.take();
    CHECK(seed.known[1] == all_of(20));
    CHECK_FALSE(seed.told.contains(2));
}

TEST_CASE("who has a part only offers it to all, and what comes") {
    ChunkSet part(20);
    part.insert(3);
    part.insert(4);
    Peer peer(part);
    peer.open_and_take({1, 2});
    CHECK(peer.known[1] == Set{3, 4});
    CHECK(peer.known[2] == Set{3, 4});
    peer.gain(7);
    peer.open(3);
    peer.take();
    for (std::uint32_t number = 1; number <= 3; ++number) {
        CHECK(peer.known[number] == Set{3, 4, 7});
    }
}

TEST_CASE("a sink that waits for something is told of what comes more seldom") {
    Peer peer{ChunkSet(20)};
    peer.open_and_take({1, 2});
    peer.gain(3);
    peer.now += 1s;
    peer.take();
    REQUIRE(peer.known[1] == Set{3});
    peer.ask(1, 3);
    peer.gain(4);
    peer.now += 200ms - 1us;
    peer.take();
    CHECK(peer.known[1] == Set{3});
    CHECK(peer.known[2] == Set{3, 4});
    CHECK(peer.core.pending());
    peer.gain(5);
    peer.now += 1us;
    peer.take();
    CHECK(peer.known[1] == Set{3, 4, 5});
    CHECK_FALSE(peer.core.pending());
}

TEST_CASE("a sink that waits for nothing any more is told of what came meanwhile at once") {
    Peer peer{ChunkSet(20)};
    peer.gain(3);
    peer.open_and_take({1});
    peer.ask(1, 3);
    peer.gain(4);
    peer.take();
    CHECK(peer.told[1] == 1);
    peer.send(1, 3);
    peer.take();
    CHECK(peer.known[1] == Set{3, 4});
}

TEST_CASE("who has become complete while it served goes on offering all") {
    Peer peer{ChunkSet(3)};
    peer.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) {
        peer.gain(chunk);
    }
    peer.open_and_take({3});
    for (std::uint32_t number = 1; number <= 3; ++number) {
        CHECK(peer.known[number] == all_of(3));
    }
    CHECK_FALSE(peer.core.pending());
}

TEST_CASE("when every chunk has left once each sink is offered what it has not got, bit by bit") {
    Peer seed(8);
    seed.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
        seed.serve(1, chunk);
        seed.serve(2, chunk + 4);
    }
    seed.take();
    Set first{0, 1, 2, 3};
    Set second{4, 5, 6, 7};
    for (int left = 4; left > 0; --left) {
        auto const to_first = without(seed.known[1], first);
        auto const to_second = without(seed.known[2], second);
        REQUIRE_FALSE(to_first.empty());
        REQUIRE_FALSE(to_second.empty());
        seed.serve(1, *to_first.begin());
        seed.serve(2, *to_second.begin());
        first.insert(*to_first.begin());
        second.insert(*to_second.begin());
        seed.take();
    }
    CHECK(seed.early_copies == 0);
}

TEST_CASE("when every chunk has left and nothing more leaves all is offered to all, for good") {
    Peer seed(4);
    seed.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
        seed.serve(1, chunk);
    }
    seed.take();
    CHECK(seed.known[2] != all_of(4));
    seed.now += 1s;
    seed.take();
    CHECK(seed.known[1] == all_of(4));
    CHECK(seed.known[2] == all_of(4));
    CHECK_FALSE(seed.core.pending());
    seed.serve(2, 0);
    seed.open_and_take({3});
    CHECK(seed.known[2] == all_of(4));
    CHECK(seed.known[3] == all_of(4));
}

TEST_CASE("when all but one sink have gone that one is told of all") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    CHECK(seed.known[2].size() == 2);
    seed.close(1);
    seed.take();
    CHECK(seed.known[2] == all_of(20));
}

TEST_CASE("what left is forgotten when the last sink has gone") {
    Peer peer{ChunkSet(3)};
    peer.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) {
        peer.gain(chunk);
        peer.serve(1, chunk);
    }
    peer.close(1);
    peer.close(2);
    CHECK_FALSE(peer.core.pending());
    peer.open_and_take({3, 4});  // now it is a seed
    CHECK(peer.copies(3, 0) == 0);
    CHECK(peer.known[3].size() + peer.known[4].size() == 3);
}

// ---- what is offered to whom ----

TEST_CASE("who asks quickly has more to choose from") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    auto const ask_for_all = [&] {
        for (auto const chunk : seed.known[1]) {
            seed.ask(1, chunk);
        }
    };
    ask_for_all();
    seed.take();
    CHECK(seed.known[1].size() == 2 + 4);
    CHECK(seed.known[2].size() == 2);
    auto const before = seed.known[1];
    seed.take();
    CHECK(seed.known[1] == before);
    ask_for_all();
    seed.take();
    CHECK(seed.known[1].size() == 6 + 8);
    CHECK(seed.known[2].size() == 2);
}

TEST_CASE("no more is offered than leaves in half a second, and before anything has left 16") {
    Peer seed(100);
    Chunks sinks(20);
    std::iota(sinks.begin(), sinks.end(), 1U);
    seed.open_and_take(sinks);
    auto const waiting = [&] {
        std::size_t all = 0;
        for (auto const& [number, chunks] : seed.known) {
            all += chunks.size();
        }
        return all;
    };
    CHECK(waiting() == 16);
    std::size_t sent = 0;
    while (sent < 16) {  // one in 50 ms
        for (auto const number : sinks) {
            for (auto const chunk : Set(seed.known[number])) {
                if (sent < 16 && seed.copies(number, chunk) == 0) {
                    seed.now += 50ms;
                    seed.serve(number, chunk);
                    ++sent;
                }
            }
        }
    }
    seed.take();
    CHECK(waiting() == 16 + 10);
}

TEST_CASE("what a sink that waits for something has not asked for after a second is taken back") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    seed.ask(2, *seed.known[2].begin());
    auto const unasked = *seed.known[2].rbegin();
    for (int times = 1; times <= 10; ++times) {
        CHECK(seed.known[2].contains(unasked));
        seed.now += 100ms;
        seed.serve(1, *seed.known[1].begin());
        seed.take();
    }
    CHECK_FALSE(seed.known[2].contains(unasked));
    CHECK(seed.known[1].contains(unasked));
}

TEST_CASE("a sink that asks for nothing gets no more, and another is offered what it was, soon") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    auto const of_second = seed.known[2];
    Set got;
    for (int times = 1; times <= 10; ++times) {
        seed.now += 100ms;
        auto const chunk = *without(seed.known[1], got).begin();
        seed.serve(1, chunk);
        got.insert(chunk);
        seed.take();
        CHECK(std::ranges::includes(seed.known[1], of_second) == (times >= 5));
        CHECK(seed.known[2] == of_second);
    }
    CHECK(seed.early_copies == 0);
}

TEST_CASE("a sink that does not take what it asked for keeps nothing from the others") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    for (auto const chunk : all_of(20)) {
        seed.ask(2, chunk);
    }
    seed.blocking = {2};
    Set got;
    for (int times = 1; times <= 20; ++times) {
        seed.now += 20ms;
        seed.take();
        auto const left = without(seed.known[1], got);
        REQUIRE_FALSE(left.empty());
        seed.serve(1, *left.begin());
        got.insert(*left.begin());
    }
    CHECK(got == all_of(20));
    CHECK(seed.early_copies == 0);
}

TEST_CASE("who asks for all at once leaves as much to one that asks for what it is offered") {
    Peer seed(200);
    seed.open_and_take({1, 2});
    for (auto const chunk : all_of(200)) {
        seed.ask(2, chunk);
    }
    for (int times = 1; times <= 30; ++times) {
        for (auto const chunk : seed.dealt[1]) {
            seed.ask(1, chunk);
        }
        seed.now += 20ms;
        seed.take();
        auto const awaited = seed.awaited(1);
        REQUIRE_FALSE(awaited.empty());
        seed.send(1, *awaited.begin());
        seed.send(2, *without(seed.awaited(2), awaited).begin());
    }
}

TEST_CASE("a sink that stood is offered more once it asks, gets or gains something") {
    auto const move = GENERATE(0, 1, 2);
    Peer seed(100);
    seed.open_and_take({1, 2});
    auto const of_second = seed.known[2];
    for (int times = 1; times <= 5; ++times) {
        seed.now += 100ms;
        seed.serve(1, *seed.known[1].rbegin());
        seed.take();
    }
    REQUIRE(seed.known[2] == of_second);
    if (move == 0) {
        seed.ask(2, *of_second.begin());
    } else if (move == 1) {
        seed.serve(2, *of_second.begin());
    } else {
        seed.sink_has(2, {*of_second.begin()});
    }
    seed.take();
    CHECK(seed.known[2].size() > of_second.size());
}

TEST_CASE("who waits for its turn is not taken for one that stands") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    auto const of_second = seed.known[2];
    seed.ask(2, *of_second.begin());
    Set got;
    for (int times = 1; times <= 9; ++times) {
        seed.now += 100ms;
        auto const chunk = *without(seed.known[1], got).begin();
        seed.serve(1, chunk);
        got.insert(chunk);
        seed.take();
    }
    CHECK(without(seed.known[1], of_second) == seed.known[1]);
}

TEST_CASE("a sink that leaves gives back what was offered to it") {
    Peer seed(6);
    seed.open_and_take({1, 2, 3});
    auto const of_third = seed.known[3];
    REQUIRE(of_third.size() == 2);
    seed.ask(3, *of_third.begin());
    seed.close(3);
    for (auto const chunk : Set(seed.known[1])) {
        seed.serve(1, chunk);
    }
    seed.take();
    auto const& first = seed.known[1];
    CHECK(std::ranges::includes(first, of_third));
}

TEST_CASE("what sinks have from elsewhere counts as having left") {
    Peer seed(8);
    seed.open(1);
    seed.open(2);
    seed.sink_has(1, {0, 1, 2, 3});
    seed.sink_has(2, {2, 3, 4, 5});
    seed.sink_has(2, {2, 99});  // told again, and what does not exist
    CHECK(seed.copies(1, 0) == 1);
    CHECK(seed.copies(1, 2) == 2);
    seed.take();
    Set both = seed.known[1];
    both.insert(seed.known[2].begin(), seed.known[2].end());
    CHECK(std::ranges::includes(both, Set{6, 7}));
    // With what has never left offered, each is offered what only the other has.
    auto const first = without(seed.known[1], {6, 7});
    auto const second = without(seed.known[2], {6, 7});
    CHECK(without(first, {4, 5}).empty());
    CHECK(without(second, {0, 1}).empty());
    CHECK(first.size() + second.size() == 2);
    seed.sink_has(1, {6, 7});
    seed.serve(1, 4);
    CHECK(seed.early_copies == 0);
}

TEST_CASE("a chunk that was sent and is then said to be there has left once") {
    Peer seed(8);
    seed.open_and_take({1, 2});
    seed.serve(1, 3);
    seed.sink_has(1, {3});
    CHECK(seed.copies(1, 3) == 1);
}

TEST_CASE("a sink that says that it has all counts for each chunk once, whatever it said before") {
    Peer peer(4);
    peer.open_and_take({1, 2});
    auto const copies = [&] {
        Chunks all;
        for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
            all.push_back(peer.copies(2, chunk));
        }
        return all;
    };
    bool const said_before = GENERATE(false, true);
    if (said_before) {
        peer.sink_has(1, {1, 3});
        CHECK(copies() == Chunks{0, 1, 0, 1});
    }
    for (int times = 0; times < 3; ++times) {
        peer.sink_has_all(1);
        CHECK(copies() == Chunks{1, 1, 1, 1});
    }
    peer.serve(2, 2);
    CHECK(copies() == Chunks{1, 1, 2, 1});
    CHECK(peer.early_copies == 0);
}

TEST_CASE("what a sink waits for and says that it has is not waited for any more") {
    Peer peer(4);
    peer.open_and_take({1});
    peer.serve(1, 0);
    peer.ask(1, 0);  // once more
    peer.ask(1, 1);
    CHECK(peer.awaited(1) == Set{0, 1});
    SECTION("in a list") {
        peer.sink_has(1, {0, 1});
    }
    SECTION("in a bitmap") {
        peer.sink_has_all(1);
    }
    CHECK(peer.awaited(1).empty());
}

TEST_CASE("a content of very many chunks is told of seldom, and in the end") {
    Peer peer(200'000);
    peer.open_and_take({1});
    CHECK(peer.told[1] == 1);
    peer.open(2);
    peer.now += 100ms - 1ns;
    peer.take();
    CHECK(peer.told[2] == 0);
    CHECK(peer.core.pending());
    peer.now += 1ns;
    peer.take();
    CHECK(peer.told[2] == 1);
}

TEST_CASE("sinks to which nothing can be offered do not keep the others from being offered to") {
    // All but one chunk has left for everybody, and a hundred sinks lack only what is offered to
    // another: finding that out for all of them would take a while, each time.
    Peer peer(5000);
    for (std::uint32_t number = 1; number <= 102; ++number) {
        peer.open(number);
    }
    peer.take();
    auto most = all_of(5000);
    most.erase(4999);
    Chunks const has(most.begin(), most.end());
    for (std::uint32_t number = 1; number <= 100; ++number) {
        peer.sink_has(number, has);
    }
    bool offered = false;
    for (int times = 0; times < 50 && !offered; ++times) {
        peer.now += 20ms;
        peer.serve(101, static_cast<std::uint32_t>(times));  // so that it is not stalled
        peer.take();
        auto const& dealt = peer.dealt[102];
        offered = std::ranges::any_of(dealt, [&](auto chunk) { return most.contains(chunk); });
    }
    CHECK(offered);
}

TEST_CASE("a second seed that comes late offers what the first has not sent yet") {
    Peer second(100);
    for (std::uint32_t number = 1; number <= 4; ++number) {
        second.open(number);
        Chunks has(90);
        std::iota(has.begin(), has.end(), 0U);
        second.sink_has(number, has);
    }
    second.take();
    Set offered;
    for (auto const& [number, chunks] : second.known) {
        CHECK(chunks.size() == 2);
        offered.insert(chunks.begin(), chunks.end());
    }
    CHECK(offered.size() == 8);
    CHECK(*offered.begin() >= 90);
}

TEST_CASE("what is offered to whom is random, the same for a seed") {
    auto const offers = [](std::uint64_t seed) {
        Peer peer(100, seed);
        peer.open_and_take({1, 2, 3});
        return peer.known;
    };
    CHECK(offers(1) == offers(1));
    CHECK(offers(1) != offers(2));
}

// ---- sinks that do not take what they are offered ----

TEST_CASE("when nothing leaves for a while all is offered to all, until something does") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    seed.now += 1s - wire::Duration(1);
    seed.take();
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.core.pending());  // so that it is asked again
    seed.now += wire::Duration(1);
    seed.take();
    CHECK(seed.known[1] == all_of(20));
    CHECK(seed.known[2] == all_of(20));
    CHECK_FALSE(seed.core.pending());
    seed.serve(1, 0);
    seed.take();
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.known[2].size() == 2);
}

TEST_CASE("where chunks usually take long it is waited for longer") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    for (auto const chunk : Set(seed.known[1])) {
        seed.now += 900ms;
        seed.serve(1, chunk);
        seed.take();
    }
    seed.now += 3600ms - wire::Duration(1);
    seed.take();
    CHECK(seed.known[2].size() == 2);
    seed.now += wire::Duration(1);
    seed.take();
    CHECK(seed.known[2] == all_of(20));
}
