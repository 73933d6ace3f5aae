#include "bus/connections.hpp"

#include "catch.hpp"

#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::bus;

namespace {

constexpr std::uint64_t MiB = 1024 * 1024;

/// Connections, with a clock.
struct Watched {
    explicit Watched(std::size_t most = 100) : sut(limits(most)) {}

    static Connections::Limits limits(std::size_t most) {
        Connections::Limits limits;
        limits.most = most;
        limits.message_bytes = 300'000;
        return limits;
    }

    std::string open(int fd, std::string const& host = "10.0.0.1") {
        return sut.opened(fd, 1000 + static_cast<std::uint64_t>(fd), host, now);
    }

    /// Time passes, in which everybody had a turn.
    void judge(wire::Duration passes = std::chrono::milliseconds(50)) {
        sut.had_their_turn();
        sut.judge(now);
        now += passes;
        sut.had_their_turn();
        sut.judge(now);
    }

    /// The descriptors of those that were cut for this.
    std::vector<int> cuts(Connections::Why why) {
        std::vector<int> fds;
        for (auto const& cut : sut.take_cuts()) {
            CHECK(cut.why == why);
            CHECK(cut.cookie == 1000 + static_cast<std::uint64_t>(cut.fd));
            fds.push_back(cut.fd);
        }
        return fds;
    }

    wire::Time now{std::chrono::seconds(1000)};
    Connections sut;
};

using Fds = std::vector<int>;

}  // namespace

TEST_CASE("a connection that sends more than a message can have, and no message, is cut") {
    Watched watched;
    watched.open(5);
    watched.sut.sampled(5, 300'000, 0);
    watched.judge();
    CHECK(watched.sut.take_cuts().empty());
    watched.sut.sampled(5, 300'001, 0);
    watched.judge();
    CHECK(watched.cuts(Connections::Why::endless) == Fds{5});
}

TEST_CASE("as long as a message may be without end its connection is to be looked at soon") {
    Watched watched;
    watched.open(5);
    watched.sut.sampled(5, 10'000, 0);
    watched.judge();
    CHECK(watched.sut.suspects());
    watched.sut.delivered(5, 10'000, watched.now);
    watched.judge();
    CHECK_FALSE(watched.sut.suspects());
}

TEST_CASE("a connection whose messages wait for their turn is not cut for them") {
    Watched watched;
    watched.open(5);
    watched.sut.sampled(5, 2 * MiB, 0);
    // Nobody had a turn.
    watched.sut.judge(watched.now);
    CHECK(watched.sut.take_cuts().empty());
    // It had, and a message was there.
    watched.sut.had_their_turn();
    watched.sut.delivered(5, 1000, watched.now);
    watched.sut.judge(watched.now += std::chrono::milliseconds(50));
    CHECK(watched.sut.take_cuts().empty());
    // It had, and none was.
    watched.judge();
    CHECK(watched.cuts(Connections::Why::endless) == Fds{5});
}

TEST_CASE("a message may take half a minute and no longer") {
    Watched watched;
    watched.open(5);
    watched.sut.sampled(5, 10'000, 0);
    watched.judge();
    watched.judge(std::chrono::seconds(29));
    CHECK(watched.sut.take_cuts().empty());
    watched.judge(std::chrono::seconds(2));
    CHECK(watched.cuts(Connections::Why::endless) == Fds{5});
}

TEST_CASE("a connection that is silent after its greeting stays") {
    Watched watched;
    watched.open(5);
    watched.sut.sampled(5, 200, 0);
    watched.judge();
    watched.judge(std::chrono::hours(1));
    CHECK(watched.sut.take_cuts().empty());
}

TEST_CASE("many connections of a host must not do together what one must not") {
    Watched watched;
    for (int fd = 10; fd < 40; ++fd) {
        watched.open(fd, fd == 39 ? "10.0.0.2" : "10.0.0.1");
        watched.sut.sampled(fd, 200'000 + static_cast<std::uint64_t>(fd), 0);
    }
    watched.judge();
    auto const cut = watched.cuts(Connections::Why::endless);
    // 10 of them are 2 MiB; the other host has only one.
    CHECK(cut.size() == 29 - 10);
    CHECK(std::ranges::find(cut, 39) == cut.end());
}

TEST_CASE("when more waits than can be held those with most of it are cut") {
    Watched watched;
    for (int fd = 10; fd < 20; ++fd) {
        watched.open(fd);
        watched.sut.sampled(fd, (fd == 15 ? 40 : 4) * MiB, 0);
        watched.sut.delivered(fd, 100, watched.now);
    }
    watched.judge();
    CHECK(watched.cuts(Connections::Why::waiting) == Fds{15});
}

TEST_CASE("a connection is crowded by what it was sent and has not received") {
    Watched watched;
    watched.open(5);
    watched.sut.sent(5, MiB);
    CHECK_FALSE(watched.sut.crowded(5));
    watched.sut.sent(5, 1);
    CHECK(watched.sut.crowded(5));
    watched.sut.sampled(5, 0, 1);
    CHECK_FALSE(watched.sut.crowded(5));
}

TEST_CASE("when all together have much unread each may have little") {
    Watched watched;
    for (int fd = 10; fd < 50; ++fd) {
        watched.open(fd);
        watched.sut.sent(fd, MiB);
    }
    watched.open(50);
    watched.sut.sent(50, 64 * 1024);
    watched.judge();
    CHECK(watched.sut.crowded(10));
    CHECK_FALSE(watched.sut.crowded(50));
    watched.sut.sent(50, 1);
    CHECK(watched.sut.crowded(50));
}

TEST_CASE("of too many connections those of the greediest host that say nothing are cut") {
    Watched watched(10);
    watched.open(1, "10.0.0.2");
    for (int fd = 2; fd < 11; ++fd) {
        watched.open(fd);
        watched.now += std::chrono::milliseconds(1);
    }
    watched.sut.delivered(2, 100, watched.now);
    CHECK(watched.sut.take_cuts().empty());
    watched.open(11);
    CHECK(watched.cuts(Connections::Why::too_many) == Fds{3});
    // Not again: what is cut counts no more.
    watched.sut.closed(3);
    watched.sut.closed(4);
    watched.open(12);
    CHECK(watched.sut.take_cuts().empty());
}

TEST_CASE("where all have spoken the one that is silent for longest makes room") {
    Watched watched(2);
    for (int fd = 1; fd < 4; ++fd) {
        watched.open(fd);
        watched.now += std::chrono::seconds(1);
        watched.sut.delivered(fd, 100, watched.now);
        if (fd == 2) {
            watched.now += std::chrono::seconds(1);
            watched.sut.delivered(1, 100, watched.now);
        }
    }
    // 3 came when there was no room, before it had said anything.
    CHECK(watched.cuts(Connections::Why::too_many) == Fds{3});
    watched.sut.closed(3);
    watched.sut.delivered(2, 100, watched.now);
    CHECK(watched.sut.size() == 2);
}

TEST_CASE("a route stands for the connection that it came by, until that is closed") {
    Watched watched;
    watched.open(5);
    watched.sut.joined(5, "a");
    CHECK(watched.sut.fd_of("a") == 5);
    // A late message of a connection that is gone does not take this one's place.
    watched.sut.joined(5, "b");
    CHECK(watched.sut.fd_of("a") == 5);
    CHECK_FALSE(watched.sut.fd_of("b"));
    CHECK(watched.sut.closed(5) == "a");
    CHECK_FALSE(watched.sut.fd_of("a"));
    CHECK(watched.sut.closed(5).empty());
}

TEST_CASE("a descriptor that is used again is another connection") {
    Watched watched;
    watched.open(5);
    watched.sut.joined(5, "a");
    watched.sut.sent(5, 2 * MiB);
    watched.open(5);
    CHECK_FALSE(watched.sut.crowded(5));
    CHECK_FALSE(watched.sut.fd_of("a"));
    CHECK(watched.sut.size() == 1);
}

TEST_CASE("a descriptor that is another connection's tells the end of the one before") {
    Watched watched;
    CHECK(watched.open(5).empty());
    watched.sut.joined(5, "a");
    CHECK(watched.open(5) == "a");
    CHECK(watched.sut.fd_of("a") == std::nullopt);
    CHECK(watched.sut.closed(5).empty());
    CHECK(watched.open(5).empty());
}
