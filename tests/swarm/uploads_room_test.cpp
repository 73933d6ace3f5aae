// What is read and not sent: how much, for whom, and what becomes of sinks that do not read.
#include "uploads_fixture.hpp"

#include <algorithm>
#include <deque>
#include <set>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

constexpr std::uint32_t kib = 1024;
constexpr std::uint32_t mib = 1024 * kib;

/// Sinks that share a link equally, save that some take little of it. What is under way to a sink
/// arrives one after the other.
class Link {
  public:
    Link(Source& source, double bytes_per_s) : source_(source), bytes_per_s_(bytes_per_s) {}

    std::map<std::uint16_t, double> most;  ///< bytes per second that a sink takes; 0: does not read
    /// So much is taken for a sink by its system before it counts that it does not read.
    std::map<std::uint16_t, std::uint64_t> buffered;
    std::map<std::uint16_t, std::uint64_t> delivered;
    std::vector<Uploads::Notice> notices;
    std::map<std::uint16_t, std::size_t> most_ahead;  ///< pieces under way to each sink
    std::size_t most_moving = 0;  ///< large pieces on their way to sinks that are not slow

    void run(wire::Duration duration) {
        for (auto const end = source_.now + duration; source_.now < end;) {
            for (auto const& piece : source_.fill()) {
                pieces_.push_back({piece, static_cast<double>(piece.length), 0});
            }
            share();
            auto const step = std::min(next_arrival(), end - source_.now);
            source_.now += step;
            for (auto& each : pieces_) {
                each.left -= each.bytes_per_s * std::chrono::duration<double>(step).count();
            }
            finish();
            if (source_.now - ticked_ >= 1s) {
                tick();
            }
        }
    }

  private:
    struct Moving {
        Uploads::Piece piece;
        double left;
        double bytes_per_s;
    };

    void share() {
        std::map<std::uint16_t, std::size_t> ahead;
        double left = bytes_per_s_;
        std::vector<Moving*> others;
        for (auto& each : pieces_) {
            auto const port = each.piece.sink.port;
            bool const first = ++ahead[port] == 1;
            most_ahead[port] = std::max(most_ahead[port], ahead[port]);
            bool const limited = most.contains(port) && delivered[port] >= buffered[port];
            each.bytes_per_s = first && limited ? most[port] : 0;
            left -= each.bytes_per_s;
            if (first && !limited) {
                others.push_back(&each);
            }
        }
        for (auto* const each : others) {
            each->bytes_per_s = left / static_cast<double>(others.size());
        }
        auto const large = std::ranges::count_if(
            others, [](Moving const* each) { return each->piece.length > mib; });
        most_moving = std::max(most_moving, static_cast<std::size_t>(large));
    }

    /// Until the next piece is there, or as long as may be until somebody is looked after.
    [[nodiscard]] wire::Duration next_arrival() const {
        double next = 0.005;
        for (auto const& each : pieces_) {
            next = each.bytes_per_s > 0 ? std::min(next, each.left / each.bytes_per_s) : next;
        }
        return std::chrono::nanoseconds(1 + static_cast<std::int64_t>(next * 1e9));
    }

    void finish() {
        std::erase_if(pieces_, [this](Moving const& each) {
            if (each.left <= 0) {
                delivered[each.piece.sink.port] += each.piece.length;
                source_.done(each.piece);
            }
            return each.left <= 0;
        });
    }

    /// What waits for a sink whose transfers are ended is thrown away.
    void tick() {
        ticked_ = source_.now;
        for (auto const& route : source_.core.table().routes()) {
            source_.core.on_word(source_.now, route, Uploads::Heard{});
        }
        for (auto const& notice : source_.core.on_tick(source_.now)) {
            notices.push_back(notice);
            std::erase_if(pieces_, [&](Moving const& each) {
                bool const over = each.piece.transfer == notice.refused.transfer;
                if (over) {
                    source_.done(each.piece);
                }
                return over;
            });
        }
    }

    Source& source_;
    double bytes_per_s_;
    std::deque<Moving> pieces_;
    wire::Time ticked_{};
};

std::uint64_t bytes_of(std::vector<Uploads::Piece> const& pieces) {
    std::uint64_t bytes = 0;
    for (auto const& piece : pieces) {
        bytes += piece.length;
    }
    return bytes;
}

/// Sinks 1 to `count`, which take so little each; 0: they do not read.
void open_slow(Source& source, Link& link, std::uint16_t count, Content const& about,
               double bytes_per_s) {
    for (std::uint16_t number = 1; number <= count; ++number) {
        source.open(number, number, about);
        link.most[number] = bytes_per_s;
    }
}

}  // namespace

// ---- bounds ----

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
    source.know_rate();
    source.open(1, 1, content(10));
    auto const pieces = source.fill();
    CHECK(pieces.size() == expected);
    source.done(pieces[0]);
    CHECK(source.fill().size() == 1);
}

TEST_CASE("a chunk larger than the bounds is read alone") {
    Source source(small_limits());
    source.know_rate();
    source.open(1, 1, content(2, 5000));
    source.open(2, 2, content(2, 100));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].length == 5000);
    source.done(pieces[0]);
    CHECK(source.fill().size() >= 2);
}

TEST_CASE("no chunk is begun with as much read ahead as the bound for all says") {
    Source source(small_limits());
    source.know_rate();
    for (std::uint16_t number = 1; number < 2000; number += 100) {
        source.open(number, number, content(10));
    }
    auto const pieces = source.fill();
    CHECK(pieces.size() == 10);
    source.done(pieces[7]);
    CHECK(source.fill().size() == 1);
}

TEST_CASE("the last room is for hosts that have less than an equal part of it") {
    auto limits = small_limits();
    limits.ahead_bytes_of_any = 600;
    Source source(limits);
    source.know_rate();
    for (std::uint16_t number = 1; number <= 20; ++number) {
        source.open(number, number, content(10));
    }
    CHECK(source.fill().size() == 6);
    source.open(101, 101, content(10));
    source.open(102, 102, content(10));
    CHECK(source.fill().size() == 3);
    source.open(201, 201, content(10));
    CHECK(source.fill().size() == 1);
    source.open(301, 301, content(10));
    CHECK(source.fill().empty());
}

TEST_CASE("sinks that do not read take no room of another host's, from the first moment on") {
    Source source;
    Link link(source, 2e9);  // which lets much be read ahead
    source.open(120, 120, content(4000, 4 * mib));
    link.run(1s);
    open_slow(source, link, 20, content(100, mib), 0);
    for (std::uint16_t number = 1; number <= 20; ++number) {
        link.buffered[number] = 3 * mib;
    }
    link.delivered.clear();
    link.run(5s);
    CHECK(link.delivered[120] > 8'000'000'000);
}

TEST_CASE("a sink that never reads does not hold up the others") {
    Source source(small_limits());
    source.know_rate();
    source.open(1, 1, content(100));
    source.open(2, 2, content(100));
    int stuck = 0;
    int served = 0;
    while (auto const piece = source.core.next(source.now)) {
        if (piece->sink == sink(1)) {
            ++stuck;
        } else {
            ++served;
            source.done(*piece);
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
        source.core.on_word(source.now, "1", Uploads::Heard{});
        source.core.on_word(source.now, "2", Uploads::Heard{});
        for (auto const& piece : source.fill()) {
            source.done(piece);
        }
        if (source.now == end - 30s) {
            for (auto const& piece : waiting) {
                if (piece.sink == sink(2)) {
                    source.done(piece);
                }
            }
        }
        CHECK(source.core.on_tick(source.now).empty());
    }
    source.core.on_word(end, "1", Uploads::Heard{});
    source.core.on_word(end, "2", Uploads::Heard{});
    CHECK(source.core.on_tick(end - tick).empty());
    auto const notices = source.core.on_tick(end);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].route == "1");
    CHECK(notices[0].refused.transfer == transfer(1));
    CHECK(notices[0].refused.code == ErrorCode::closed);
    CHECK(source.core.table().serves(sink(2)));
    CHECK_FALSE(source.core.table().serves(sink(1)));
}

// ---- as much as leaves soon ----

TEST_CASE("as long as no rate is known two chunks are read ahead in all") {
    Source source;
    for (std::uint16_t number = 1; number <= 5; ++number) {
        source.open(number, number, content(10, 256 * kib));
    }
    auto const pieces = source.fill();
    CHECK(pieces.size() == 2);
    source.now += 10ms;
    source.done(pieces[0]);
    CHECK_FALSE(source.fill().empty());
}

TEST_CASE("no more is read ahead than leaves within the time that is allowed") {
    struct Case {
        double bytes_per_s;
        std::size_t pieces;
    };

    auto const c =
        GENERATE(Case{1e6, 2}, Case{10e6, 2}, Case{20e6, 3}, Case{100e6, 19}, Case{600e6, 114});
    Source source;
    for (std::uint16_t number = 1; number <= 20; ++number) {
        source.open(number, number, content(1000, 256 * kib));
    }
    auto const takes = std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(256 * kib / c.bytes_per_s));
    source.serve(300, takes);
    CHECK(source.fill().size() == c.pieces);
}

TEST_CASE("no more is under way than a bound, however fast it leaves") {
    auto limits = plain_limits();
    limits.ahead_bytes_moving = 4 * mib;
    Source source(limits);
    for (std::uint16_t number = 1; number <= 20; ++number) {
        source.open(number, number, content(1000, 256 * kib));
    }
    source.serve(300, 400us);
    CHECK(source.fill().size() == 16);
}

TEST_CASE("a few sinks may have a chunk each on its way, however long it takes to leave") {
    auto limits = plain_limits();
    limits.ahead_sinks_least = 4;
    Source source(limits);
    for (std::uint16_t number = 1; number <= 6; ++number) {
        source.open(number, number, content(100, 256 * kib));
    }
    source.serve(30, 200ms);
    auto const pieces = source.fill();
    std::set<std::uint16_t> sinks;
    for (auto const& piece : pieces) {
        sinks.insert(piece.sink.port);
    }
    CHECK(pieces.size() == 4);
    CHECK(sinks.size() == 4);
    source.now += 200ms;
    source.done(pieces[0]);
    auto const next = source.fill();
    REQUIRE(next.size() == 1);
    sinks.erase(pieces[0].sink.port);
    CHECK_FALSE(sinks.contains(next[0].sink.port));
}

TEST_CASE("sinks that share the link are not slow because each gets a part of it") {
    auto limits = plain_limits();
    limits.ahead_sinks_least = 6;
    Source source(limits);
    for (std::uint16_t number = 1; number <= 8; ++number) {
        source.open(number, number, content(100, 256 * kib));
    }
    source.serve(80, 21ms);
    REQUIRE(source.fill().size() == 6);
    source.now += 450ms;  // more than three times what six pieces take
    CHECK(source.fill().empty());
    source.now += 100ms;
    CHECK_FALSE(source.fill().empty());
}

TEST_CASE("what is read ahead follows the rate when it changes") {
    Source source;
    for (std::uint16_t number = 1; number <= 20; ++number) {
        source.open(number, number, content(4000, 256 * kib));
    }
    source.serve(2000, 2621us);
    auto const fast = source.fill();
    CHECK(fast.size() == 19);
    for (auto const& piece : fast) {
        source.now += 100ms;
        source.done(piece);
    }
    CHECK(source.fill().size() == 2);
}

TEST_CASE("two chunks are read ahead for a sink also if they are larger than its bound") {
    Uploads::Limits limits = small_limits();
    limits.ahead_chunks_least = 2;
    limits.ahead_bytes = limits.ahead_bytes_of_any = 100'000;
    Source source(limits);
    source.know_rate();
    source.open(1, 1, content(10, 5000));
    CHECK(bytes_of(source.fill()) == 10'000);
}

// ---- sinks that take long ----

TEST_CASE("a sink that does not read holds the others back for a moment only") {
    Source source;
    source.open(1, 1, content(1000, 256 * kib));
    source.open(2, 2, content(1000, 256 * kib));
    Link link(source, 10e6);
    link.most[1] = 0;
    link.run(10s);
    CHECK(link.delivered[1] == 0);
    CHECK(link.delivered[2] > 96'000'000);
}

TEST_CASE("a sink that is slow gets what it takes, and holds back nobody") {
    Source source;
    source.open(1, 1, content(1000, 256 * kib));
    source.open(2, 2, content(1000, 256 * kib));
    Link link(source, 10e6);
    link.most[1] = 256 * kib;
    link.run(3s);
    link.most_ahead.clear();
    link.run(17s);
    CHECK(link.most_ahead[1] == 1);
    CHECK(link.delivered[1] >= 18 * 256 * kib);
    CHECK(link.delivered[2] > 190'000'000);
}

TEST_CASE("many sinks that are slow do not hold back one that is not") {
    Source source;
    Link link(source, 10e6);
    source.open(50, 50, content(4000, 256 * kib));
    open_slow(source, link, 20, content(100, 256 * kib), 50'000);
    link.run(20s);
    link.delivered.clear();
    link.run(60s);
    CHECK(link.delivered[50] > 60 * 8'500'000);  // of 9 MB/s
    for (std::uint16_t number = 1; number <= 20; ++number) {
        CHECK(link.delivered[number] >= 8 * 256 * kib);  // of 11
    }
}

TEST_CASE("a link that is faster than its sinks is used as far as they take it") {
    struct Case {
        std::uint16_t sinks;
        std::uint32_t bytes_per_s;  ///< that each takes
        wire::Duration soon;        ///< by then
    };

    auto const c =
        GENERATE(Case{30, 100'000, 60s}, Case{40, 1'250'000, 15s}, Case{10, 6'000'000, 10s});
    constexpr auto measured = 10s;
    auto const chunks =
        static_cast<std::uint32_t>((c.soon + 2 * measured) / 1s * c.bytes_per_s / (256 * kib));
    Source source(Uploads::Limits{});
    Link link(source, 100e6);
    open_slow(source, link, c.sinks, content(chunks, 256 * kib), c.bytes_per_s);
    link.run(c.soon);
    link.delivered.clear();
    link.run(measured);
    std::uint64_t all = 0;
    for (auto const& [number, bytes] : link.delivered) {
        all += bytes;
    }
    auto const possible = measured / 1s * std::uint64_t{c.sinks} * c.bytes_per_s;
    CHECK(all > possible * 85 / 100);
}

TEST_CASE("after the last sink has gone few are served at once again") {
    Source source(Uploads::Limits{});
    Link link(source, 100e6);
    open_slow(source, link, 40, content(200, 256 * kib), 1'250'000);
    link.run(8s);
    for (std::uint16_t number = 1; number <= 40; ++number) {
        source.core.on_word(source.now, std::to_string(number), Uploads::Closed{transfer(number)});
    }
    link.run(1s);
    for (std::uint16_t number = 1; number <= 40; ++number) {
        source.open(100U + number, number, content(200, 256 * kib));
    }
    source.serve(30, 200ms);
    CHECK(source.fill().size() == Uploads::Limits{}.ahead_sinks_least);
}

TEST_CASE("a sink that was slow and is not any more is treated like the others again") {
    Source source;
    Link link(source, 10e6);
    source.open(1, 1, content(1000, 256 * kib));
    source.open(2, 2, content(1000, 256 * kib));
    link.most[1] = 100'000;
    link.run(10s);
    link.most.clear();
    link.run(5s);
    link.delivered.clear();
    link.run(10s);
    CHECK(link.delivered[1] > 48'000'000);
    CHECK(link.delivered[2] > 48'000'000);
}

TEST_CASE("a sink that does not read gets nothing more, and goes on where it was when it moves") {
    Source source;
    source.know_rate();
    source.open(1, 1, content(100, 256 * kib));
    auto const pieces = source.fill();
    REQUIRE_FALSE(pieces.empty());
    auto const slow = source.core.next_turn(source.now);
    source.now += 200ms;
    CHECK(source.fill().empty());
    for (auto const& piece : pieces) {
        source.done(piece);
    }
    CHECK_FALSE(source.fill().empty());
    CHECK_FALSE(slow == source.now);
}

TEST_CASE("it is known when a sink that takes long stops to count") {
    Source source;
    source.open(1, 1, content(10));
    source.open(2, 2, content(10));
    CHECK_FALSE(source.core.next_turn(source.now));
    REQUIRE(source.fill().size() == 2);
    auto const next = source.core.next_turn(source.now);
    REQUIRE(next == source.now + 200ms);
    source.now = *next - tick;
    CHECK(source.fill().empty());
    source.now = *next;
    CHECK(source.fill().empty());  // both are slow, and nobody else waits
    CHECK_FALSE(source.core.next_turn(source.now));
    source.open(3, 3, content(10));
    CHECK(source.fill().size() == 2);
}

TEST_CASE("where chunks take long it is not slow to take long") {
    auto const bytes_per_s = GENERATE(3e6, 12.5e6, 50e6);
    Source source;
    for (std::uint16_t number = 1; number <= 12; ++number) {
        source.open(number, number, content(4000, 4 * mib));
    }
    Link link(source, bytes_per_s);
    link.run(60s);
    link.most_moving = 0;
    link.run(60s);
    CHECK(link.most_moving == 2);
}

TEST_CASE("nobody is ended who reads, however long that takes") {
    auto const bytes_per_s = GENERATE(1e6, 12.5e6);
    auto const sinks = GENERATE(std::uint16_t{12}, std::uint16_t{40});
    Source source;
    for (std::uint16_t number = 1; number <= sinks; ++number) {
        source.open(number, number, content(4000, 4 * mib));
    }
    Link link(source, bytes_per_s);
    link.run(150s);
    CHECK(link.notices.empty());
}

TEST_CASE("a small chunk among large ones does not make these slow") {
    Source source;
    source.open(1, 1, content(1000, 4 * mib));
    source.open(2, 2, content(1000, 4 * mib));
    for (std::uint32_t number = 3; number < 300; ++number) {
        source.open(number, 3, content(100, 10 * kib));
    }
    Link link(source, 4e6);
    link.run(60s);
    link.most_moving = 0;
    link.delivered.clear();
    link.run(60s);
    CHECK(link.most_moving == 2);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        CHECK(link.delivered[number] > 70'000'000);
    }
}

TEST_CASE("sinks that do not read are ended early if they take the room of the others") {
    Source source;
    Link link(source, 100e6);
    source.open(20, 20, content(4000, 4 * mib));
    link.run(1s);
    open_slow(source, link, 12, content(100, 4 * mib), 0);
    link.run(10s);
    CHECK(link.notices.size() >= 6);  // as many as had half of the room and more
    for (auto const& notice : link.notices) {
        CHECK(notice.refused.code == ErrorCode::closed);
        CHECK(notice.route != "20");
    }
    link.delivered.clear();
    link.run(10s);
    CHECK(link.delivered[20] > 980'000'000);
}

TEST_CASE("sinks that do not read are ended in time also if nothing has ever left") {
    Source source;
    Link link(source, 100e6);
    source.open(20, 20, content(4000, 4 * mib));
    open_slow(source, link, 12, content(100, 4 * mib), 0);
    link.run(60s);
    CHECK(link.notices.size() >= 6);
    link.delivered.clear();
    link.run(10s);
    CHECK(link.delivered[20] > 980'000'000);
}
