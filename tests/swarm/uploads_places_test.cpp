// Who is served where not all can be, and what transfers that wait cost the others.
#include "uploads_fixture.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Sinks of several hosts, each with its own connection, that want a content each.
class Hosts {
  public:
    explicit Hosts(Uploads::Limits limits) : source(limits) {}

    Source source;
    std::vector<Uploads::Notice> ended;

    /// Of the sink with this number at this host. Without credit it wants nothing yet.
    std::optional<ErrorCode> want(std::string const& host, std::uint16_t number,
                                  std::uint64_t credit = 1000,
                                  Content const& about = content(10, 100, 1)) {
        wire::Want wish;
        wish.transfer = id_of(host, number);
        wish.content = content_id(1);
        wish.credit = credit;
        wish.chunks = all_of(about);
        auto const taken =
            source.core.on_want(source.now, route(host, number), {host, number}, wish, about);
        for (auto const& notice : taken.ended) {
            CHECK(notice.refused.code == ErrorCode::busy);
            ended.push_back(notice);
        }
        return taken.refused ? std::optional(taken.refused->code) : std::nullopt;
    }

    void open(std::string const& host, std::uint16_t number, std::uint64_t credit = 1000) {
        REQUIRE_FALSE(want(host, number, credit));
    }

    void close(std::string const& host, std::uint16_t number) {
        source.core.on_word(source.now, route(host, number), Uploads::Closed{id_of(host, number)});
    }

    [[nodiscard]] bool has_place(std::string const& host, std::uint16_t number) const {
        return source.core.table().serves({host, number});
    }

    static std::string route(std::string const& host, std::uint16_t number) {
        return host + "/" + std::to_string(number);
    }

    static wire::TransferId id_of(std::string const& host, std::uint16_t number) {
        auto id = transfer(number);
        id.bytes[15] = static_cast<std::uint8_t>(host.front());
        return id;
    }
};

Uploads::Limits places(std::size_t most) {
    auto limits = plain_limits();
    limits.sinks_most = most;
    return limits;
}

}  // namespace

// ---- places ----

TEST_CASE("with all places taken by sinks that are served another is told to come back") {
    Hosts hosts(places(2));
    hosts.open("a", 1);
    hosts.open("a", 2);
    CHECK(hosts.want("a", 3) == ErrorCode::busy);
    CHECK(hosts.source.core.table().places == 2);
    CHECK_FALSE(hosts.want("a", 1));  // who has a place may go on
    hosts.close("a", 1);
    CHECK_FALSE(hosts.want("a", 3));
    CHECK(hosts.ended.empty());
}

TEST_CASE("a sink that grants no credit gives its place to another after two seconds") {
    Hosts hosts(places(2));
    hosts.open("a", 1);
    hosts.open("a", 2, 0);
    hosts.source.now += 2s - tick;
    hosts.source.core.on_word(hosts.source.now, "a/2", Uploads::Heard{});
    CHECK(hosts.want("a", 3) == ErrorCode::busy);
    hosts.source.now += 100ms;
    CHECK_FALSE(hosts.want("a", 3));
    REQUIRE(hosts.ended.size() == 1);
    CHECK(hosts.ended[0].route == "a/2");
    CHECK(hosts.ended[0].refused.transfer == Hosts::id_of("a", 2));
    CHECK(hosts.has_place("a", 1));
    CHECK_FALSE(hosts.has_place("a", 2));
}

TEST_CASE("a sink that cannot be reached gives its place to another after two seconds") {
    Hosts hosts(places(1));
    hosts.open("a", 1);
    REQUIRE(hosts.source.core.next(hosts.source.now));  // and it never leaves
    hosts.source.now += 2s - tick;
    CHECK(hosts.want("a", 2) == ErrorCode::busy);
    hosts.source.now += 100ms;
    CHECK_FALSE(hosts.want("a", 2));
    CHECK(hosts.ended.size() == 1);
}

TEST_CASE("a sink that waits for its turn, or takes what it is sent, keeps its place") {
    Hosts hosts(places(2));
    hosts.open("a", 1, 100'000);
    hosts.open("a", 2, 100'000);
    for (int second = 0; second < 8; ++second) {
        auto const piece = hosts.source.core.next(hosts.source.now);
        REQUIRE(piece);
        hosts.source.now += 1s;
        hosts.source.done(*piece);
        CHECK(hosts.want("a", 3) == ErrorCode::busy);
    }
    CHECK(hosts.ended.empty());
}

TEST_CASE("hosts share the places: who has fewer takes the youngest of who has most") {
    Hosts hosts(places(6));
    for (std::uint16_t number = 1; number <= 6; ++number) {
        hosts.open("a", number);
    }
    for (std::uint16_t number = 1; number <= 3; ++number) {
        hosts.open("b", number);
        CHECK_FALSE(hosts.has_place("a", static_cast<std::uint16_t>(7 - number)));
    }
    CHECK(hosts.want("b", 4) == ErrorCode::busy);
    CHECK(hosts.want("a", 7) == ErrorCode::busy);
    hosts.open("c", 1);  // a and b have three each
    CHECK(hosts.has_place("a", 1));
    hosts.open("c", 2);
    CHECK(hosts.want("c", 3) == ErrorCode::busy);
    CHECK(hosts.ended.size() == 5);
}

TEST_CASE("what is under way to a sink is sent before another host takes its place") {
    Hosts hosts(places(2));
    hosts.open("a", 1);
    hosts.open("a", 2);
    auto const first = hosts.source.core.next(hosts.source.now);
    REQUIRE(first);
    auto const other = static_cast<std::uint16_t>(3 - first->sink.port);
    hosts.open("b", 1);
    CHECK(hosts.has_place("a", first->sink.port));
    CHECK_FALSE(hosts.has_place("a", other));
}

TEST_CASE("who has waited for long takes the place of one that has had it for long") {
    Hosts hosts(places(1));
    hosts.open("a", 1, 100'000);
    auto const serve = [&] {
        if (auto const piece = hosts.source.core.next(hosts.source.now)) {
            hosts.source.now += 1s;
            hosts.source.done(*piece);
            REQUIRE_FALSE(hosts.want("a", piece->sink.port, 1'000'000));
        }
    };
    int seconds = 0;
    for (; hosts.want("a", 2).has_value() && seconds < 100; ++seconds) {
        serve();
    }
    CHECK(seconds == 30);
    CHECK_FALSE(hosts.has_place("a", 1));
}

TEST_CASE("a sink gets through although others of its host take every place that becomes free") {
    // Twenty hostile ones ask a hundred times a second each and keep what they get; the honest one
    // asks every two seconds.
    Hosts hosts(places(4));
    auto const begun = hosts.source.now;
    bool served = false;
    while (!served && hosts.source.now - begun < 10min) {
        for (std::uint16_t number = 2; number < 22; ++number) {
            hosts.want("a", number, 1'000'000'000);
        }
        if ((hosts.source.now - begun) % 2s == 0s) {
            served = !hosts.want("a", 1).has_value();
        }
        while (auto const piece = hosts.source.core.next(hosts.source.now)) {
            hosts.source.done(*piece);
        }
        hosts.source.now += 10ms;
    }
    CHECK(served);
    CHECK(hosts.source.now - begun <= 4min);
}

TEST_CASE("no more wait for a place than are remembered, and who is gone is forgotten") {
    WaitingRoom room({.most = 2, .long_after = 10s, .lasts = 5s});
    wire::Time now{1000s};
    room.note(now, "1", "a");
    room.note(now, "2", "a");
    room.note(now, "3", "a");
    CHECK(room.size() == 2);
    CHECK_FALSE(room.has_waited_long(now + 10s, "1"));  // it has not asked since
    room.leave("2");
    now += 4s;
    room.note(now, "1", "a");
    room.note(now, "3", "a");
    now += 4s;
    room.note(now, "1", "a");
    now += 2s;
    CHECK(room.has_waited_long(now, "1"));
    room.forget_silent(now);
    CHECK(room.size() == 1);  // 3 has been silent for 6 s
    auto const places = [](std::string const& host) { return host == "a" ? 1U : 0U; };
    CHECK(room.overtakes(now, "4", "a", 1, places));
    CHECK_FALSE(room.overtakes(now, "4", "a", 2, places));
    CHECK_FALSE(room.overtakes(now, "4", "b", 1, places));
    CHECK_FALSE(room.overtakes(now, "1", "a", 1, places));
}

// ---- memory ----

TEST_CASE("what one host keeps in memory gives way to what another has less of") {
    auto limits = plain_limits();
    Hosts measure(limits);
    measure.open("a", 1, 0);
    auto const each = measure.source.core.table().memory;
    limits.memory_most = 6 * each;
    Hosts hosts(limits);
    for (std::uint16_t number = 1; number <= 6; ++number) {
        hosts.open("a", number, 0);
    }
    CHECK(hosts.want("a", 7, 0) == ErrorCode::busy);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        hosts.open("b", number, 0);
        CHECK_FALSE(hosts.has_place("a", static_cast<std::uint16_t>(7 - number)));
    }
    CHECK(hosts.want("b", 4, 0) == ErrorCode::busy);
    CHECK(hosts.source.core.table().memory <= limits.memory_most);
}

TEST_CASE("a transfer that has done nothing for two seconds gives its memory to its own host") {
    auto limits = plain_limits();
    limits.transfers_most = 2;
    Hosts hosts(limits);
    hosts.open("a", 1, 100'000);
    hosts.open("a", 2, 0);
    CHECK(hosts.want("a", 3) == ErrorCode::busy);
    hosts.source.now += 2s;
    CHECK_FALSE(hosts.want("a", 3));
    CHECK(hosts.has_place("a", 1));
    CHECK_FALSE(hosts.has_place("a", 2));
}

TEST_CASE("what a content of a million chunks takes is counted, and given back") {
    constexpr std::uint32_t chunks = 1024 * 1024;
    Hosts hosts(plain_limits());
    auto const about = content(chunks, 100, 1);
    wire::Want wish;
    wish.content = content_id(1);
    std::uint32_t open = 0;
    for (; open < 10'000; ++open) {
        wish.transfer = transfer(open);
        auto const taken =
            hosts.source.core.on_want(hosts.source.now, "route", {"a", 1}, wish, about);
        if (taken.refused) {
            CHECK(taken.refused->code == ErrorCode::busy);
            break;
        }
    }
    CHECK(open > 400);
    CHECK(open <= Uploads::Limits{}.memory_most / (2 * chunks / 8));
    hosts.source.core.on_word(hosts.source.now, "route", Uploads::Gone{});
    CHECK(hosts.source.core.table().memory == 0);
}

// ---- what those cost that wait ----

TEST_CASE("two thousand transfers of four thousand chunks without credit cost decisions nothing") {
    Source source;
    auto const about = content(4096);
    std::uint32_t refused = 0;
    for (std::uint32_t number = 2; number < 2002; ++number) {
        refused += source.want(number, 2, all_of(about), 0, about, 5).has_value() ? 1 : 0;
    }
    CHECK(refused == 2000 - Uploads::Limits{}.queued_chunks_per_route / 4096);
    source.open(1, 1, content(1000), 6);
    CHECK(source.serve(1000).at(1) == 100'000);
    CHECK(source.core.table().looked_at <= 1000);
}

TEST_CASE("of a queue that is never served no more is looked at than a bound, however long it is") {
    Source source;
    auto const about = content(4096);
    source.open(3, 3, about, 5);
    source.serve(4096);  // so that every chunk has left once
    REQUIRE_FALSE(source.want(2, 2, all_of(about), 1'000'000, about, 5));
    source.open(1, 1, content(100), 6);
    auto const before = source.core.table().looked_at;
    source.serve(100);
    CHECK(source.core.table().looked_at - before <= 100 * (128 + 1));
}

TEST_CASE(
    "a transfer whose credit covers none of its chunks is looked at once, until it has more") {
    Source source;
    auto const about = content_of(0, {4096 * 100 - 60, 100, 4096}, ChunkSet::full(4096));
    REQUIRE_FALSE(source.want(2, 2, all_of(about), 99, about, 5));  // the last one would fit
    source.open(1, 1, content(100), 6);
    source.serve(100);
    CHECK(source.core.table().looked_at <= 100 + 128);
    REQUIRE_FALSE(source.want(2, 2, {}, 100, nullptr, 5));
    CHECK(source.serve(1).at(2) == 100);
}
