#include "core/uploads.hpp"

#include "seeds.hpp"

#include <deque>
#include <map>
#include <numeric>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::test;
using namespace std::chrono_literals;
using wire::ErrorCode;

namespace {

constexpr wire::Duration tick{1};

wire::TransferId transfer(std::uint32_t number) {
    wire::TransferId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
    return id;
}

wire::Endpoint sink(std::uint16_t number) {
    return {"10.0.0.1", number};
}

/// So many chunks of this size.
Uploads::Content content(std::uint32_t chunks, std::uint32_t chunk_bytes = 100) {
    return {std::uint64_t{chunks} * chunk_bytes, chunk_bytes, chunks};
}

Uploads::Limits small_limits() {
    Uploads::Limits limits;
    limits.ahead_bytes_per_sink = 400;
    limits.ahead_chunks_per_sink = 4;
    limits.ahead_bytes = 1000;
    return limits;
}

/// Uploads in simulated time. Sink n speaks over route "n".
class Source {
  public:
    explicit Source(Uploads::Limits limits = {}) : core(limits) {}

    Uploads core;
    wire::Time now{1000s};

    std::optional<ErrorCode> want(std::uint32_t number, std::uint16_t to,
                                  std::vector<std::uint32_t> chunks, std::uint64_t credit,
                                  std::optional<Uploads::Content> const& about) {
        auto const refused = core.on_want(now, std::to_string(to), sink(to),
                                          {transfer(number), {}, sink(to), credit, chunks}, about);
        if (refused) {
            CHECK(refused->transfer == transfer(number));
            CHECK_FALSE(refused->reason.empty());
        }
        return refused ? std::optional(refused->code) : std::nullopt;
    }

    /// All chunks of a content.
    void open(std::uint32_t number, std::uint16_t to, Uploads::Content const& about) {
        std::vector<std::uint32_t> chunks(about.chunks);
        std::iota(chunks.begin(), chunks.end(), 0U);
        REQUIRE_FALSE(want(number, to, chunks, about.bytes, about));
    }

    /// What may be read now.
    std::vector<Uploads::Piece> fill() {
        std::vector<Uploads::Piece> pieces;
        while (auto const piece = core.next()) {
            pieces.push_back(*piece);
        }
        return pieces;
    }

    /// Bytes given to each sink by so many decisions, each chunk sent at once.
    std::map<std::uint16_t, std::uint64_t> serve(int decisions) {
        std::map<std::uint16_t, std::uint64_t> bytes;
        for (int i = 0; i < decisions; ++i) {
            auto const piece = core.next();
            if (!piece) {
                break;
            }
            bytes[piece->sink.port] += piece->length;
            core.on_done(*piece);
        }
        return bytes;
    }
};

}  // namespace

// ---- whose turn ----

TEST_CASE("a chunk is read as it was asked for: its place, its length, in the order asked") {
    Source source;
    Uploads::Content const about{250, 100, 3};
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
        source.core.on_done(ahead.front());
        ahead.pop_front();
    }
    for (std::uint16_t number = 2; number <= 4; ++number) {
        CHECK(bytes[1] <= bytes[number] + 800);
        CHECK(bytes[number] <= bytes[1] + 800);
    }
}

TEST_CASE("the transfers of a sink take turns") {
    Source source;
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
        REQUIRE_FALSE(source.want(2, 2, std::vector<std::uint32_t>(100, 1), 0, content(100)));
        source.serve(200);
        REQUIRE_FALSE(source.want(2, 2, {}, 10'000, content(100)));
    }
    SECTION("because it did not read") {
        source.open(2, 2, content(100));
        std::size_t served = 0;
        while (served < 200) {
            auto const piece = source.core.next();
            REQUIRE(piece);
            if (piece->sink == sink(1)) {
                source.core.on_done(*piece);
                ++served;
            } else {
                kept.push_back(*piece);
            }
        }
        REQUIRE(kept.size() == 4);
        for (auto const& piece : kept) {
            source.core.on_done(piece);
        }
    }
    auto const bytes = source.serve(40);
    CHECK(bytes.at(1) >= 1900);
    CHECK(bytes.at(2) >= 1900);
}

// ---- credit and room ----

TEST_CASE("no more is read for a transfer than its credit covers") {
    Source source;
    REQUIRE_FALSE(source.want(1, 1, {0, 1, 2, 3}, 299, content(4)));
    CHECK(source.fill().size() == 2);
    REQUIRE_FALSE(source.want(1, 1, {}, 300, std::nullopt));
    CHECK(source.fill().size() == 1);
    REQUIRE_FALSE(source.want(1, 1, {}, 200, std::nullopt));  // late: credit never shrinks
    REQUIRE_FALSE(source.want(1, 1, {}, 400, std::nullopt));
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

TEST_CASE("a chunk that is asked for again is sent again, if credit covers it") {
    Source source;
    REQUIRE_FALSE(source.want(1, 1, {0, 0}, 200, content(1)));
    CHECK(source.fill().size() == 2);
    REQUIRE_FALSE(source.want(1, 1, {0}, 300, std::nullopt));
    CHECK(source.fill().size() == 1);
}

TEST_CASE("no more is read ahead for a sink than its bounds say") {
    auto limits = small_limits();
    std::size_t expected = 4;
    SECTION("bytes") {
        limits.ahead_bytes_per_sink = 399;
        expected = 3;
    }
    SECTION("chunks") {
        limits.ahead_bytes_per_sink = 10'000;
    }
    Source source(limits);
    source.open(1, 1, content(10));
    auto const pieces = source.fill();
    CHECK(pieces.size() == expected);
    source.core.on_done(pieces[0]);
    CHECK(source.fill().size() == 1);
}

TEST_CASE("a chunk larger than the bounds is read alone") {
    Source source(small_limits());
    source.open(1, 1, content(2, 5000));
    source.open(2, 2, content(2, 100));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].length == 5000);
    source.core.on_done(pieces[0]);
    CHECK(source.fill().size() >= 2);
}

TEST_CASE("no chunk is begun with as much read ahead as the bound for all says") {
    Source source(small_limits());
    for (std::uint16_t number = 1; number <= 20; ++number) {
        source.open(number, number, content(10));
    }
    auto const pieces = source.fill();
    CHECK(pieces.size() == 10);
    source.core.on_done(pieces[7]);
    CHECK(source.fill().size() == 1);
}

TEST_CASE("a sink that never reads does not hold up the others") {
    Source source(small_limits());
    source.open(1, 1, content(100));
    source.open(2, 2, content(100));
    int stuck = 0;
    int served = 0;
    while (auto const piece = source.core.next()) {
        if (piece->sink == sink(1)) {
            ++stuck;
        } else {
            ++served;
            source.core.on_done(*piece);
        }
    }
    CHECK(stuck == 4);
    CHECK(served == 100);
}

TEST_CASE("a sink that talks but does not read is ended, and gives its room to the others") {
    Source source;
    source.open(1, 1, content(10));
    source.open(2, 2, content(10));
    auto const waiting = source.fill();
    REQUIRE_FALSE(waiting.empty());
    CHECK(source.core.on_tick(source.now).empty());
    auto const end = source.now + Uploads::Limits{}.stuck_most;
    while (source.now < end - 1s) {
        source.now += 1s;
        source.core.on_heard(source.now, "1");
        source.core.on_heard(source.now, "2");
        for (auto const& piece : source.fill()) {
            source.core.on_done(piece);
        }
        if (source.now == end - 30s) {
            for (auto const& piece : waiting) {
                if (piece.sink == sink(2)) {
                    source.core.on_done(piece);
                }
            }
        }
        CHECK(source.core.on_tick(source.now).empty());
    }
    source.core.on_heard(end, "1");
    source.core.on_heard(end, "2");
    CHECK(source.core.on_tick(end - tick).empty());
    auto const notices = source.core.on_tick(end);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].route == "1");
    CHECK(notices[0].refused.transfer == transfer(1));
    CHECK(notices[0].refused.code == ErrorCode::closed);
    CHECK(source.core.serves(sink(2)));
    CHECK_FALSE(source.core.serves(sink(1)));
}

TEST_CASE("nobody can close another's transfer") {
    Source source;
    source.open(1, 1, content(1));
    source.core.on_close("2", transfer(1));
    CHECK(source.core.load() == 1);
}

// ---- the life of a transfer ----

TEST_CASE("a transfer is load from its first Want to its end") {
    Source source;
    CHECK(source.core.load() == 0);
    source.open(1, 1, content(1));
    source.open(2, 1, content(1));
    CHECK(source.core.load() == 2);
    CHECK(source.core.serves(sink(1)));
    CHECK(source.core.find(transfer(1)) != nullptr);
    source.core.on_close("1", transfer(1));
    source.core.on_close("1", transfer(1));
    CHECK(source.core.load() == 1);
    CHECK(source.core.find(transfer(1)) == nullptr);
    source.core.on_gone("1");
    CHECK(source.core.load() == 0);
    CHECK_FALSE(source.core.serves(sink(1)));
    CHECK_FALSE(source.core.next_deadline().has_value());
    CHECK(source.fill().empty());
}

TEST_CASE("a connection that goes takes its own transfers along and no others") {
    Source source;
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    source.core.on_gone("1");
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].transfer == transfer(2));
}

TEST_CASE("transfers of a sink that was silent for the limit end, and it is told") {
    Source source;
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    CHECK(source.core.next_deadline() == source.now + 10s);
    source.now += 5s;
    source.core.on_heard(source.now, "2");
    source.now += 5s - tick;
    CHECK(source.core.on_tick(source.now).empty());
    source.now += tick;
    auto const notices = source.core.on_tick(source.now);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].route == "1");
    CHECK(notices[0].refused.transfer == transfer(1));
    CHECK(notices[0].refused.code == ErrorCode::closed);
    CHECK(source.core.load() == 1);
    CHECK(source.core.next_deadline() == source.now + 5s);
}

TEST_CASE("a Want is a sign of life, too") {
    Source source;
    source.open(1, 1, content(1));
    source.now += 9s;
    REQUIRE_FALSE(source.want(1, 1, {0}, 200, std::nullopt));
    CHECK(source.core.next_deadline() == source.now + 10s);
}

TEST_CASE("a chunk whose transfer has ended meanwhile still frees its memory") {
    Source source(small_limits());
    source.open(1, 1, content(10));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 4);
    SECTION("closed") {
        source.core.on_close("1", transfer(1));
    }
    SECTION("gone") {
        source.core.on_gone("1");
    }
    SECTION("idle") {
        source.now += 10s;
        CHECK(source.core.on_tick(source.now).size() == 1);
    }
    CHECK(source.core.load() == 0);
    source.open(2, 1, content(10));
    CHECK(source.fill().empty());  // the sink has as much ahead as it may
    for (auto const& piece : pieces) {
        source.core.on_done(piece);
    }
    CHECK(source.fill().size() == 4);
}

TEST_CASE("a transfer whose file cannot be read ends, and its sink is told once") {
    Source source;
    source.open(1, 1, content(2));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 2);
    auto const notice = source.core.on_failed(pieces[0], ErrorCode::gone, "it has changed");
    REQUIRE(notice.has_value());
    CHECK(notice->route == "1");
    CHECK(notice->refused == wire::Refused{transfer(1), ErrorCode::gone, "it has changed"});
    CHECK(source.core.load() == 0);
    CHECK_FALSE(source.core.on_failed(pieces[1], ErrorCode::gone, "it has changed").has_value());
    source.open(2, 1, content(1));
    CHECK(source.fill().size() == 1);
}

// ---- refusals ----

TEST_CASE("a content that is not here is refused") {
    Source source;
    CHECK(source.want(1, 1, {0}, 100, std::nullopt) == ErrorCode::not_found);
    CHECK(source.core.load() == 0);
}

TEST_CASE("more transfers than one sink may have are refused as busy") {
    Uploads::Limits limits;
    limits.transfers_per_sink = 2;
    Source source(limits);
    source.open(1, 1, content(1));
    source.open(2, 1, content(1));
    CHECK(source.want(3, 1, {0}, 100, content(1)) == ErrorCode::busy);
    CHECK(source.core.load() == 2);
    source.open(4, 2, content(1));
    source.core.on_close("1", transfer(1));
    source.open(3, 1, content(1));
}

TEST_CASE("more transfers than this peer takes are refused as busy") {
    Uploads::Limits limits;
    limits.transfers_most = 2;
    Source source(limits);
    source.open(1, 1, content(1));
    source.open(2, 2, content(1));
    CHECK(source.want(3, 3, {0}, 100, content(1)) == ErrorCode::busy);
    CHECK_FALSE(source.want(1, 1, {0}, 200, std::nullopt));
    source.core.on_close("2", transfer(2));
    source.open(3, 3, content(1));
}

TEST_CASE("a transfer with more chunks asked for than may wait is ended") {
    Uploads::Limits limits;
    limits.queued_chunks_most = 3;
    Source source(limits);
    CHECK_FALSE(source.want(1, 1, {0, 0, 0}, 0, content(1)));
    CHECK(source.want(1, 1, {0}, 0, std::nullopt) == ErrorCode::limit);
    CHECK(source.core.load() == 0);
    CHECK(source.want(2, 1, {0, 0, 0, 0}, 0, content(1)) == ErrorCode::limit);
    CHECK(source.core.load() == 0);
    CHECK_FALSE(source.core.next_deadline().has_value());
}

TEST_CASE("a chunk that the content does not have ends the transfer") {
    auto const chunk = GENERATE(2U, 0xffffffffU);
    Source source;
    CHECK(source.want(1, 1, {0, chunk}, 100, content(2)) == ErrorCode::bad_message);
    CHECK(source.core.load() == 0);
    CHECK(source.want(2, 1, {0}, 100, content(0)) == ErrorCode::bad_message);
    CHECK(source.core.load() == 0);
    CHECK(source.fill().empty());
}

TEST_CASE("a stranger cannot touch another's transfer") {
    Source source;
    REQUIRE_FALSE(source.want(1, 1, {0, 1}, 200, content(2)));
    CHECK(source.want(1, 2, {0}, 900, content(2)) == ErrorCode::bad_message);
    CHECK(source.want(1, 2, {5}, 900, content(2)) == ErrorCode::bad_message);
    source.core.on_gone("2");
    CHECK(source.core.find(transfer(1))->credit == 200);
    CHECK(source.fill().size() == 2);
}

TEST_CASE("a transfer keeps its content and its sink") {
    Source source;
    source.open(1, 1, content(2));
    wire::ContentId other;
    other.bytes[0] = 1;
    CHECK(
        source.core
            .on_want(source.now, "1", sink(1), {transfer(1), other, sink(1), 900, {0}}, content(2))
            ->code == ErrorCode::bad_message);
    CHECK(source.core
              .on_want(source.now, "1", sink(2), {transfer(1), {}, sink(2), 900, {0}}, content(2))
              ->code == ErrorCode::bad_message);
    CHECK(source.core.load() == 1);
    CHECK(source.fill().size() == 2);
}
