// Whose turn it is, and which chunk of those that a sink asks for.
#include "uploads_fixture.hpp"

#include <algorithm>
#include <deque>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// The chunks that are read, in order.
Chunks order(std::vector<Uploads::Piece> const& pieces) {
    Chunks chunks;
    for (auto const& piece : pieces) {
        chunks.push_back(piece.chunk);
    }
    return chunks;
}

/// How many pieces each sink is sent in a row, in so many decisions, with a pause after each.
std::vector<std::size_t> rows(Source& source, int decisions, wire::Duration takes,
                              wire::Duration pause = 0s) {
    std::vector<std::size_t> lengths;
    std::uint16_t last = 0;
    for (int i = 0; i < decisions; ++i) {
        auto const piece = source.core.next(source.now);
        REQUIRE(piece);
        if (std::exchange(last, piece->sink.port) != piece->sink.port) {
            lengths.push_back(0);
        }
        ++lengths.back();
        source.now += takes;
        source.done(*piece);
        source.now += pause;
    }
    return lengths;
}

void open_three(Source& source) {
    for (std::uint16_t number = 1; number <= 3; ++number) {
        source.open(number, number, content(1000, 128 * 1024));
    }
}

}  // namespace

// ---- fairness ----

TEST_CASE("sinks are given equal bytes, whatever the size of their chunks") {
    Source source;
    source.open(1, 1, content(1000, 4000));
    for (std::uint32_t number = 2; number < 1000; ++number) {
        source.open(number, 2, content(1, 100 + number));
    }
    auto const bytes = source.serve(600);
    CHECK(bytes.at(1) <= bytes.at(2) + 4000);
    CHECK(bytes.at(2) <= bytes.at(1) + 4000);
}

TEST_CASE("sinks are given equal bytes also when memory is what they wait for") {
    Source source(small_limits());
    source.know_rate();
    source.open(1, 1, content(1000, 400));
    for (std::uint16_t number = 2; number <= 4; ++number) {
        source.open(number, number, content(4000, 100));
    }
    std::deque<Uploads::Piece> ahead;
    std::map<std::uint16_t, std::uint64_t> bytes;
    for (int i = 0; i < 1000; ++i) {
        for (auto const& piece : source.fill()) {
            bytes[piece.sink.port] += piece.length;
            ahead.push_back(piece);
        }
        source.done(ahead.front());
        ahead.pop_front();
    }
    for (std::uint16_t number = 2; number <= 4; ++number) {
        CHECK(bytes[1] <= bytes[number] + 800);
        CHECK(bytes[number] <= bytes[1] + 800);
    }
}

TEST_CASE("where chunks leave fast a sink is sent some in a row, and all are given equal bytes") {
    auto limits = plain_limits();
    limits.turn_time = 1500us;
    Source source(limits);
    open_three(source);
    source.serve(40, 200us);
    auto lengths = rows(source, 48, 200us);
    CHECK(*std::max_element(lengths.begin(), lengths.end()) == 8);
    lengths.erase(lengths.begin());  // had begun before
    lengths.pop_back();              // goes on
    CHECK(lengths == std::vector<std::size_t>(lengths.size(), 8));
    auto const bytes = source.serve(240, 200us);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        CHECK(bytes.at(number) == 80 * 128 * 1024);
    }
}

TEST_CASE("no sink is sent more than a bound in a row, however fast it leaves") {
    auto limits = plain_limits();
    limits.turn_time = 24h;
    limits.turn_bytes_most = 3 * 128 * 1024;
    Source source(limits);
    open_three(source);
    source.serve(6, 200us);
    CHECK(rows(source, 9, 200us) == std::vector<std::size_t>{3, 3, 3});
}

TEST_CASE("where a chunk takes longer than a turn each sink is sent one in turn") {
    auto limits = plain_limits();
    limits.turn_time = 1500us;
    Source source(limits);
    open_three(source);
    source.serve(40, 1600us);
    CHECK(rows(source, 12, 1600us) == std::vector<std::size_t>(12, 1));
}

TEST_CASE(
    "where a limit holds chunks back each sink is sent one in turn, however fast they leave") {
    auto limits = plain_limits();
    limits.turn_time = 1500us;
    limits.bytes_per_second = 10'000'000;
    Source source(limits);
    open_three(source);
    CHECK(rows(source, 12, 200us, 14ms) == std::vector<std::size_t>(12, 1));
}

TEST_CASE("a chunk that has never left does not wait until another sink's turn is over") {
    auto limits = plain_limits();
    limits.turn_time = 24h;
    Source source(limits);
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2, 3}, 400, content(6), 5));
    source.serve(4, 200us);
    REQUIRE_FALSE(source.want(2, 2, {0, 1, 2, 3}, 1000, content(6), 5));
    CHECK(rows(source, 2, 200us) == std::vector<std::size_t>{2});  // keeps its turn
    REQUIRE_FALSE(source.want(1, 1, {4}, 500, nullptr, 5));
    auto const next = source.core.next(source.now);
    REQUIRE(next);
    CHECK(next->sink.port == 1);
}

TEST_CASE("the transfers of a sink take turns") {
    Source source(roomy_limits());
    for (std::uint32_t number = 1; number <= 3; ++number) {
        source.open(number, 1, content(3));
    }
    std::vector<wire::TransferId> turns;
    for (auto const& piece : source.fill()) {
        turns.push_back(piece.transfer);
    }
    auto const a = transfer(1);
    auto const b = transfer(2);
    auto const c = transfer(3);
    CHECK(turns == std::vector{a, b, c, a, b, c, a, b, c});
}

TEST_CASE("a sink is not given more for having more transfers") {
    Source source;
    source.open(1, 1, content(100));
    for (std::uint32_t number = 2; number <= 10; ++number) {
        source.open(number, 2, content(100));
    }
    auto const bytes = source.serve(100);
    CHECK(bytes.at(1) == 5000);
    CHECK(bytes.at(2) == 5000);
}

TEST_CASE("a sink cannot claim what it was not given while it did not compete") {
    Source source(small_limits());
    source.know_rate();
    source.open(1, 1, content(1000));
    std::vector<Uploads::Piece> kept;
    SECTION("because it is new") {
        source.serve(200);
        source.open(2, 2, content(100));
    }
    SECTION("because it wanted nothing") {
        REQUIRE_FALSE(source.want(2, 2, {}, 0, content(100)));
        source.serve(200);
        source.open(2, 2, content(100));
    }
    SECTION("because it had wanted nothing for a while") {
        REQUIRE_FALSE(source.want(2, 2, {0, 1}, 10'000, content(100)));
        source.serve(200);
        source.open(2, 2, content(100));
    }
    SECTION("because it gave no credit") {
        REQUIRE_FALSE(source.want(2, 2, all_of(content(100)), 0, content(100)));
        source.serve(200);
        REQUIRE_FALSE(source.want(2, 2, {}, 10'000, content(100)));
    }
    SECTION("because it did not read") {
        source.open(2, 2, content(100));
        std::size_t served = 0;
        while (served < 200) {
            auto const piece = source.core.next(source.now);
            REQUIRE(piece);
            if (piece->sink == sink(1)) {
                source.done(*piece);
                ++served;
            } else {
                kept.push_back(*piece);
            }
        }
        REQUIRE(kept.size() == 4);
        for (auto const& piece : kept) {
            source.done(piece);
        }
    }
    auto const bytes = source.serve(40);
    CHECK(bytes.at(1) >= 1900);
    CHECK(bytes.at(2) >= 1900);
}

TEST_CASE("a sink is not given more for having more transfers, also when all wait for long") {
    Source source;
    source.open(1, 1, content(1000));
    for (std::uint32_t number = 2; number <= 20; ++number) {
        source.open(number, 2, content(100));
    }
    auto const bytes = source.serve(400, 250ms);
    CHECK(bytes.at(1) == 20'000);
    CHECK(bytes.at(2) == 20'000);
}

TEST_CASE("sinks are given equal bytes whatever contents they fetch, and with whom") {
    Source source;
    source.open(9, 9, content(1000), 6);  // content 6 has left once, and nobody reads it now
    source.serve(1000);
    source.open(1, 1, content(1000), 5);
    source.open(2, 2, content(1000), 5);
    source.open(3, 3, content(1000), 6);
    auto const bytes = source.serve(300);
    CHECK(bytes.at(1) == 10'000);
    CHECK(bytes.at(2) == 10'000);
    CHECK(bytes.at(3) == 10'000);
}

// ---- what is urgent ----

namespace {

/// A sink that waits for these chunks says that somebody waits for this one.
void hurry(Source& source, std::uint32_t number, std::uint16_t sink, std::uint32_t chunk,
           Content const& about) {
    source.urgent = true;
    REQUIRE_FALSE(source.want(number, sink, {chunk}, about->layout().bytes, about));
    source.urgent = false;
}

}  // namespace

TEST_CASE("what is urgent goes before all else that its sink waits for, the newest first") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2}, 600, content(6)));
    hurry(source, 1, 1, 5, content(6));
    hurry(source, 1, 1, 4, content(6));
    CHECK(order(source.fill()) == Chunks{4, 5, 0, 1, 2});
}

TEST_CASE("no more than the first chunk of a want is urgent") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1}, 600, content(6)));
    source.urgent = true;
    REQUIRE_FALSE(source.want(1, 1, {5, 4}, 600, content(6)));
    CHECK(order(source.fill()) == Chunks{5, 0, 1, 4});
}

TEST_CASE("what waits already and becomes urgent goes first, and once") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2}, 600, content(6)));
    hurry(source, 1, 1, 2, content(6));
    CHECK(order(source.fill()) == Chunks{2, 0, 1});
}

TEST_CASE("what is urgent goes before what its sink waits for in other transfers") {
    Source source(roomy_limits());
    source.open(1, 1, content(3));
    REQUIRE_FALSE(source.want(2, 1, {0}, 600, content(6)));
    hurry(source, 2, 1, 5, content(6));
    auto const pieces = source.fill();
    REQUIRE_FALSE(pieces.empty());
    CHECK(pieces.front().transfer == transfer(2));
    CHECK(pieces.front().chunk == 5);
}

TEST_CASE("what is urgent goes first also where another chunk has never left") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {5}, 600, content(6), 9));
    CHECK(order(source.fill()) == Chunks{5});
    REQUIRE_FALSE(source.want(2, 2, {0, 1}, 600, content(6), 9));
    source.urgent = true;
    REQUIRE_FALSE(source.want(2, 2, {5}, 600, content(6), 9));
    CHECK(order(source.fill()) == Chunks{5, 0, 1});
}

TEST_CASE("what is urgent and has no credit holds up nothing") {
    Source source(roomy_limits());
    auto const about = content_of(1, {550, 100, 6}, ChunkSet::full(6));  // the last is short
    REQUIRE_FALSE(source.want(1, 1, {5}, 50, about));
    source.urgent = true;
    REQUIRE_FALSE(source.want(1, 1, {0}, 50, about));
    CHECK(order(source.fill()) == Chunks{5});
    REQUIRE_FALSE(source.want(1, 1, {}, 150, about));
    CHECK(order(source.fill()) == Chunks{0});
}

TEST_CASE("a sink for which all is urgent is not given more than others") {
    Source source;
    source.open(1, 1, content(200));
    source.open(2, 2, content(200));
    std::map<std::uint16_t, std::uint64_t> bytes;
    for (std::uint32_t i = 0; i < 100; ++i) {
        hurry(source, 1, 1, 199 - i, content(200));
        for (auto const& [sink, given] : source.serve(1)) {
            bytes[sink] += given;
        }
    }
    CHECK(bytes.at(1) == bytes.at(2));
}

TEST_CASE("what is urgent and waits behind a long queue is not searched for") {
    auto limits = roomy_limits();
    limits.queue_looked_at = 4;
    Source source(limits);
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2, 3, 4, 5}, 800, content(8)));
    hurry(source, 1, 1, 5, content(8));
    CHECK(order(source.fill()) == Chunks{0, 1, 2, 3, 4, 5});
}

// ---- what has never left ----

TEST_CASE("a sink gets what it asks for in that order, but first what has never left") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {4, 2}, 1000, content(6), 5));
    CHECK(order(source.fill()) == Chunks{4, 2});
    REQUIRE_FALSE(source.want(2, 2, {4, 3, 2, 0}, 1000, content(6), 5));
    CHECK(order(source.fill()) == Chunks{3, 0, 4, 2});
}

TEST_CASE("who asks for what has never left goes before who asks for a second copy") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2}, 500, content(6), 5));
    source.serve(3);
    REQUIRE_FALSE(source.want(2, 2, {0, 1}, 1000, content(6), 5));  // it was given less
    REQUIRE_FALSE(source.want(1, 1, {3, 4}, 500, nullptr, 5));
    CHECK(order(source.fill()) == Chunks{3, 4, 0, 1});
}

TEST_CASE("of those that ask for what has never left the one that was given least goes first") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2, 3}, 1000, content(9), 5));
    REQUIRE_FALSE(source.want(2, 2, {0}, 1000, content(9), 5));
    REQUIRE_FALSE(source.want(3, 3, {4, 5, 6}, 1000, content(9), 5));
    std::vector<std::uint16_t> sinks;
    for (auto const& piece : source.fill()) {
        sinks.push_back(piece.sink.port);
    }
    CHECK(sinks == std::vector<std::uint16_t>{1, 3, 1, 3, 1, 3, 1, 2});
}

TEST_CASE("what has never left of one content does not go before another content") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0}, 1000, content(6), 5));
    REQUIRE_FALSE(source.want(2, 2, {0}, 1000, content(6), 6));
    source.serve(2);
    REQUIRE_FALSE(source.want(1, 1, {1, 2, 3}, 1000, nullptr, 5));
    REQUIRE_FALSE(source.want(2, 2, {0, 1}, 1000, nullptr, 6));
    std::vector<std::uint16_t> sinks;
    for (auto const& piece : source.fill()) {
        sinks.push_back(piece.sink.port);
    }
    CHECK(sinks == std::vector<std::uint16_t>{1, 2, 1, 2, 1});
}

TEST_CASE(
    "while a sink that asks for second copies waits nobody waits for much longer than allowed") {
    Source source;
    source.open(1, 1, content(4000), 5);
    source.serve(20, 10ms);
    Chunks second_copies(20);
    std::iota(second_copies.begin(), second_copies.end(), 0U);
    REQUIRE_FALSE(source.want(2, 2, second_copies, 10'000, content(4000), 5));
    auto const begun = source.now;
    std::vector<wire::Time> times;
    while (source.now - begun < 21s) {
        auto const piece = source.core.next(source.now);
        REQUIRE(piece);
        if (piece->sink == sink(2)) {
            times.push_back(source.now);
        }
        source.now += 10ms;
        source.done(*piece);
    }
    REQUIRE(times.size() == 10);
    auto since = begun;
    for (auto const time : times) {
        CHECK(time - since >= 2s);
        CHECK(time - since <= 2s + 10ms);
        since = time;
    }
}

TEST_CASE("where a round takes long, waiting for that long is not waiting for too long") {
    // Ten sinks at 5 s a chunk: each waits 50 s for its turn, and what has never left still goes
    // first.
    Source source;
    source.open(1, 1, content(1000), 5);
    source.serve(3, 5s);
    for (std::uint16_t number = 2; number <= 10; ++number) {
        REQUIRE_FALSE(source.want(number, number, {0, 1, 2}, 100'000, content(1000), 5));
    }
    CHECK(source.serve(18, 5s).at(1) == 1800);
}
