#include "uploads_fixture.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

// ---- what is read ----

TEST_CASE("a chunk is read as it was asked for: its place, its length, in the order asked") {
    Source source;
    auto const about = content_of(0, {250, 100, 3}, ChunkSet::full(3));
    REQUIRE_FALSE(source.want(1, 1, {2, 0}, 1000, about));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 2);
    CHECK(pieces[0].chunk == 2);
    CHECK(pieces[0].offset == 200);
    CHECK(pieces[0].length == 50);
    CHECK(pieces[1].chunk == 0);
    CHECK(pieces[1].length == 100);
    CHECK(pieces[0].transfer == transfer(1));
    CHECK(pieces[0].sink == sink(1));
}

// ---- credit ----

TEST_CASE("no more is read for a transfer than its credit covers") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2, 3}, 299, content(4)));
    CHECK(source.fill().size() == 2);
    REQUIRE_FALSE(source.want(1, 1, {}, 300, nullptr));
    CHECK(source.fill().size() == 1);
    REQUIRE_FALSE(source.want(1, 1, {}, 200, nullptr));  // late: credit never shrinks
    REQUIRE_FALSE(source.want(1, 1, {}, 400, nullptr));
    CHECK(source.fill().size() == 1);
}

TEST_CASE("a transfer without credit does not hold up the others of its sink") {
    Source source;
    REQUIRE_FALSE(source.want(1, 1, {0}, 0, content(1)));
    REQUIRE_FALSE(source.want(2, 1, {0}, 100, content(1)));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].transfer == transfer(2));
}

TEST_CASE("a chunk that was sent and is asked for again is sent again, if credit covers it") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {0}, 200, content(1)));
    CHECK(source.fill().size() == 1);
    REQUIRE_FALSE(source.want(1, 1, {0}, 300, nullptr));
    CHECK(source.fill().size() == 1);
}

TEST_CASE("a chunk that waits and is asked for again waits once") {
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {1, 0, 1}, 0, content(2)));
    source.now += 1s;
    REQUIRE_FALSE(source.want(1, 1, {0, 1}, 1000, nullptr));
    auto const& queue = source.core.table().find(transfer(1))->queue;
    REQUIRE(queue.size() == 2);
    CHECK(queue[0].chunk == 1);
    CHECK(queue[0].since == source.now - 1s);
    CHECK(source.fill().size() == 2);
}

TEST_CASE("of several chunks that wait the one is sent that credit covers") {
    Source source(roomy_limits());
    auto const about = content_of(0, {250, 100, 3}, ChunkSet::full(3));
    REQUIRE_FALSE(source.want(1, 1, {0, 2}, 50, about));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].chunk == 2);
    REQUIRE_FALSE(source.want(1, 1, {}, 150, nullptr));
    CHECK(source.fill().size() == 1);
}

TEST_CASE("nobody can close another's transfer") {
    Source source;
    source.open(1, 1, content(1));
    source.core.on_word(source.now, "2", Uploads::Closed{transfer(1)});
    CHECK(source.load() == 1);
}

// ---- the life of a transfer ----

TEST_CASE("a transfer is load from its first Want to its end") {
    Source source;
    CHECK(source.load() == 0);
    source.open(1, 1, content(1));
    source.open(2, 1, content(1));
    CHECK(source.load() == 2);
    CHECK(source.core.table().serves(sink(1)));
    CHECK(source.core.table().find(transfer(1)) != nullptr);
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    CHECK(source.load() == 1);
    CHECK(source.core.table().find(transfer(1)) == nullptr);
    source.core.on_word(source.now, "1", Uploads::Gone{});
    CHECK(source.load() == 0);
    CHECK_FALSE(source.core.table().serves(sink(1)));
    CHECK(source.fill().empty());
}

TEST_CASE("a connection that goes takes its own transfers along and no others") {
    Source source;
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    source.core.on_word(source.now, "1", Uploads::Gone{});
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].transfer == transfer(2));
}

TEST_CASE("transfers of a sink that was silent for the limit end, and it is told") {
    Source source;
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    source.now += 5s;
    source.core.on_word(source.now, "2", Uploads::Heard{});
    source.now += 5s - tick;
    CHECK(source.core.on_tick(source.now).empty());
    source.now += tick;
    auto const notices = source.core.on_tick(source.now);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].route == "1");
    CHECK(notices[0].refused.transfer == transfer(1));
    CHECK(notices[0].refused.code == ErrorCode::closed);
    CHECK(source.load() == 1);
}

TEST_CASE("a Want is a sign of life, too") {
    Source source;
    source.open(1, 1, content(1));
    source.now += 9s;
    REQUIRE_FALSE(source.want(1, 1, {0}, 200, nullptr));
    source.now += 10s - tick;
    CHECK(source.core.on_tick(source.now).empty());
    source.now += tick;
    CHECK(source.core.on_tick(source.now).size() == 1);
}

TEST_CASE("a chunk whose transfer has ended meanwhile still frees its memory") {
    Source source(small_limits());
    source.know_rate();
    source.open(1, 1, content(10));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 4);
    SECTION("closed") {
        source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    }
    SECTION("gone") {
        source.core.on_word(source.now, "1", Uploads::Gone{});
    }
    SECTION("idle") {
        source.now += 10s;
        CHECK(source.core.on_tick(source.now).size() == 1);
    }
    CHECK(source.load() == 0);
    source.open(2, 1, content(10));
    CHECK(source.fill().empty());  // the sink has as much ahead as it may
    for (auto const& piece : pieces) {
        source.done(piece);
    }
    CHECK(source.fill().size() == 4);
}

TEST_CASE("a transfer whose file cannot be read ends, and its sink is told once") {
    Source source;
    source.open(1, 1, content(2));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 2);
    auto const notice = source.core.on_done(source.now, pieces[0],
                                            Uploads::Unread{ErrorCode::gone, "it has changed"});
    REQUIRE(notice.has_value());
    CHECK(notice->route == "1");
    CHECK(notice->refused == wire::Refused{transfer(1), ErrorCode::gone, "it has changed"});
    CHECK(source.load() == 0);
    CHECK_FALSE(
        source.core
            .on_done(source.now, pieces[1], Uploads::Unread{ErrorCode::gone, "it has changed"})
            .has_value());
    source.open(2, 1, content(1));
    CHECK(source.fill().size() == 1);
}

// ---- refusals ----

TEST_CASE("a content that is not here is refused") {
    Source source;
    CHECK(source.want(1, 1, {0}, 100, nullptr) == ErrorCode::not_found);
    CHECK(source.load() == 0);
}

TEST_CASE("more transfers than one connection may have are refused") {
    Uploads::Limits limits;
    limits.transfers_per_route = 2;
    Source source(limits);
    source.open(1, 1, content(1));
    source.open(2, 1, content(1));
    CHECK(source.want(3, 1, {0}, 100, content(1)) == ErrorCode::limit);
    CHECK(source.load() == 2);
    source.open(4, 2, content(1));
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    source.open(3, 1, content(1));
}

TEST_CASE("more transfers than this peer takes are refused as busy") {
    Uploads::Limits limits;
    limits.transfers_most = 2;
    Source source(limits);
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    CHECK(source.want(3, 3, {0}, 100, content(1)) == ErrorCode::busy);
    CHECK_FALSE(source.want(1, 1, {0}, 200, nullptr));
    source.core.on_word(source.now, "2", Uploads::Closed{transfer(2)});
    source.open(3, 3, content(1));
}

TEST_CASE("a transfer with more chunks asked for than may wait is ended") {
    Uploads::Limits limits;
    limits.queued_chunks_most = 3;
    Source source(limits);
    CHECK_FALSE(source.want(1, 1, {0, 1, 2}, 0, content(4)));
    CHECK_FALSE(source.want(1, 1, {0, 1, 2}, 0, content(4)));
    CHECK(source.want(1, 1, {3}, 0, nullptr) == ErrorCode::limit);
    CHECK(source.load() == 0);
    CHECK(source.want(2, 1, {0, 1, 2, 3}, 0, content(4)) == ErrorCode::limit);
    CHECK(source.load() == 0);
}

TEST_CASE("no more chunks wait for one connection than may, whatever its transfers are") {
    Uploads::Limits limits = roomy_limits();
    limits.queued_chunks_per_route = 5;
    Source source(limits);
    CHECK_FALSE(source.want(1, 1, {0, 1, 2}, 0, content(4)));
    CHECK_FALSE(source.want(2, 1, {0, 1}, 0, content(4)));
    CHECK(source.want(3, 1, {0}, 0, content(4)) == ErrorCode::limit);
    CHECK(source.load() == 2);
    CHECK_FALSE(source.want(4, 2, {0, 1, 2, 3}, 0, content(4)));
    SECTION("what is sent does not wait any more") {
        CHECK_FALSE(source.want(2, 1, {}, 100, nullptr));
        CHECK(source.fill().size() == 1);
    }
    SECTION("nor what the sink has from another") {
        wire::Have have;
        have.transfer = transfer(1);
        have.chunks = {2};
        source.core.on_word(source.now, "1", have);
    }
    SECTION("nor what a transfer waited for that is closed") {
        source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    }
    CHECK_FALSE(source.want(3, 1, {0}, 0, content(4)));
}

TEST_CASE("a connection names so many data endpoints at a time, and no more") {
    Uploads::Limits limits;
    limits.data_ports_per_route = 2;
    Source source(limits);
    auto const want = [&](std::uint32_t number, std::uint16_t port) {
        wire::Want wish;
        wish.transfer = transfer(number);
        wish.content = content_id(1);
        auto const taken =
            source.core.on_want(source.now, "route", sink(port), wish, content(4, 100, 1));
        return taken.refused ? std::optional(taken.refused->code) : std::nullopt;
    };
    CHECK_FALSE(want(1, 1));
    CHECK_FALSE(want(2, 2));
    CHECK(want(3, 3) == ErrorCode::limit);
    CHECK_FALSE(want(4, 2));
    source.core.on_word(source.now, "route", Uploads::Closed{transfer(2)});
    CHECK(want(3, 3) == ErrorCode::limit);
    source.core.on_word(source.now, "route", Uploads::Closed{transfer(4)});
    CHECK_FALSE(want(3, 3));
}

TEST_CASE("a chunk that the content does not have ends the transfer") {
    auto const chunk = GENERATE(2U, 0xffffffffU);
    Source source;
    CHECK(source.want(1, 1, {0, chunk}, 100, content(2)) == ErrorCode::bad_message);
    CHECK(source.load() == 0);
    CHECK(source.want(2, 1, {0}, 100, content(0)) == ErrorCode::bad_message);
    CHECK(source.load() == 0);
    CHECK(source.fill().empty());
}

TEST_CASE("a stranger cannot touch another's transfer") {
    Source source;
    REQUIRE_FALSE(source.want(1, 1, {0, 1}, 200, content(2)));
    CHECK(source.want(1, 2, {0}, 900, content(2)) == ErrorCode::bad_message);
    CHECK(source.want(1, 2, {5}, 900, content(2)) == ErrorCode::bad_message);
    CHECK(source.want(1, 2, {0}, 900, content(2), 7) == ErrorCode::bad_message);
    source.core.on_word(source.now, "2", Uploads::Gone{});
    CHECK(source.core.table().find(transfer(1))->credit == 200);
    CHECK(source.fill().size() == 2);
}

TEST_CASE("a Want with another content or sink ends its sink's transfer") {
    Source source;
    source.open(1, 1, content(2));
    SECTION("another content") {
        CHECK(source.want(1, 1, {0}, 900, content(2), 7) == ErrorCode::bad_message);
    }
    SECTION("another sink") {
        wire::Want other;
        other.transfer = transfer(1);
        other.content = content_id(1);
        other.chunks = {0};
        auto const taken = source.core.on_want(source.now, "1", sink(2), other, content(2));
        REQUIRE(taken.refused);
        CHECK(taken.refused->code == ErrorCode::bad_message);
    }
    CHECK(source.load() == 0);
    CHECK(source.fill().empty());
}

TEST_CASE("a chunk that is not here ends the transfer, one that has come since does not") {
    auto const about = part({1});
    Source source(roomy_limits());
    REQUIRE_FALSE(source.want(1, 1, {1}, 400, about));
    source.gain(1, 3);
    CHECK_FALSE(source.want(1, 1, {3}, 400, nullptr));
    CHECK(source.want(1, 1, {2}, 400, nullptr) == ErrorCode::not_found);
    CHECK(source.load() == 0);
    CHECK(source.want(2, 1, {1, 0}, 400, about) == ErrorCode::not_found);
    CHECK(source.load() == 0);
    CHECK(source.fill().empty());
}

TEST_CASE(
    "a content that is withdrawn ends its transfers and no others, and their sinks are told") {
    Source source(roomy_limits());
    source.open(1, 1, content(2), 5);
    source.open(2, 2, content(2), 5);
    source.open(3, 2, content(2), 6);
    auto const notices = source.core.on_withdrawn(content_id(5), "it was removed");
    REQUIRE(notices.size() == 2);
    for (auto const& notice : notices) {
        CHECK(notice.refused.code == ErrorCode::gone);
        CHECK(notice.refused.reason == "it was removed");
        CHECK(notice.route == (notice.refused.transfer == transfer(1) ? "1" : "2"));
    }
    CHECK(source.load() == 1);
    CHECK(source.core.on_withdrawn(content_id(5), "again").empty());
    for (auto const& piece : source.fill()) {
        CHECK(piece.transfer == transfer(3));
    }
}

TEST_CASE("the connections that have transfers are known") {
    Source source;
    source.open(1, 1, content(1));
    source.open(2, 1, content(1));
    source.open(3, 2, content(1));
    CHECK(source.core.table().routes() == std::vector<std::string>{"1", "2"});
    source.core.on_word(source.now, "2", Uploads::Closed{transfer(3)});
    CHECK(source.core.table().routes() == std::vector<std::string>{"1"});
}

TEST_CASE("it is told how a transfer ended, and what was sent of it") {
    Source source(plain_limits());
    for (std::uint16_t number = 1; number <= 3; ++number) {
        source.open(number, number, content(3));
    }
    auto sent = source.serve(9);
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    source.core.on_word(source.now, "2", Uploads::Gone{});
    REQUIRE_FALSE(source.want(4, 4, Chunks{0, 1, 2}, 300, content(3)));
    source.core.on_word(source.now, "4", Uploads::Gone{});
    auto const ended = source.core.take_ended();
    REQUIRE(ended.size() == 3);
    CHECK(ended[0].sent == sent[sink(1).port]);
    CHECK(ended[0].why.empty());
    CHECK(ended[1].why.empty());  // all that it asked for was sent
    CHECK(ended[2].why == "its connection is gone");
    CHECK(source.core.take_ended().empty());
}

TEST_CASE("a sink that closes before the last is known to have left has been sent all of it") {
    Source source(plain_limits());
    source.open(1, 1, content(2));
    std::uint64_t bytes = 0;
    for (auto const& piece : source.fill()) {
        bytes += piece.length;
    }
    REQUIRE(bytes > 0);
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    auto const ended = source.core.take_ended();
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].sent == bytes);
}

TEST_CASE("a sink that cannot be reached for long is told so, at which port") {
    Source source(plain_limits());
    source.open(1, 1, content(3));
    source.core.set_reachable(sink(1), false);
    source.core.on_word(source.now, "1", Uploads::Heard{});
    source.now += 3s - tick;
    CHECK(source.core.on_tick(source.now).empty());
    source.now += tick;
    auto const notices = source.core.on_tick(source.now);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].refused.code == ErrorCode::unreachable);
    CHECK(notices[0].sink == sink(1));
    CHECK(source.load() == 0);
}

TEST_CASE("nothing is read for a sink that cannot be reached yet, and it keeps nobody waiting") {
    Source source(plain_limits());
    source.open(1, 1, content(3));
    source.core.set_reachable(sink(1), false);
    CHECK(source.fill().empty());
    source.open(2, 2, content(1));
    auto const other = source.fill();
    REQUIRE(other.size() == 1);
    CHECK(other[0].sink == sink(2));
    source.done(other[0]);
    source.core.set_reachable(sink(1), true);
    CHECK(source.serve(10)[sink(1).port] == 300);
}
