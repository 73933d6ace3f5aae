#include "jobs/push_links.hpp"

#include "catch.hpp"
#include "fakes.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A push with connections to two peers at once.
struct Held {
    Held() {
        for (std::uint16_t port = 1; port <= 4; ++port) {
            peers.emplace_back().listens = {"10.0.0.1", port};
        }
        links.share = 2;
    }

    [[nodiscard]] wire::Endpoint at(std::size_t number) const { return peers[number].listens; }

    /// Whether there is room for one more question to this peer.
    bool begin(std::size_t number) {
        auto const link = sut.begin(time.now(), at(number));
        return link && *link;
    }

    void end(std::size_t number, bool keep = true) { sut.end(time.now(), at(number), keep); }

    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    jobs::PushLinks sut{links};
};

}  // namespace

TEST_CASE("A push holds no more connections than its share, and none of those in use is given up") {
    Held push;
    CHECK(push.begin(0));
    CHECK(push.begin(1));
    CHECK_FALSE(push.begin(2));
    CHECK(push.begin(0));  // over the one that is there
    CHECK_FALSE(push.sut.next_room());
}

TEST_CASE("A connection that is not in use makes room for another peer's once it has closed") {
    Held push;
    CHECK(push.begin(0));
    CHECK(push.begin(1));
    push.end(0);
    CHECK_FALSE(push.begin(2));  // its descriptors are in use until then
    REQUIRE(push.sut.next_room() == push.time.now() + jobs::PushLinks::closing_for);
    push.time.pass(jobs::PushLinks::closing_for - 1ms);
    CHECK_FALSE(push.begin(2));
    push.time.pass(1ms);
    CHECK(push.begin(2));
}

TEST_CASE("A connection that did not answer is closed after its last question") {
    Held push;
    CHECK(push.begin(0));
    CHECK(push.begin(0));
    push.end(0, false);
    CHECK_FALSE(push.sut.next_room());
    push.end(0, false);
    CHECK(push.sut.next_room());
}

TEST_CASE("Where the peer has room for no more connections a push waits for it") {
    Held push;
    push.links.has_room = false;
    CHECK_FALSE(push.begin(0));
    push.links.has_room = true;
    CHECK(push.begin(0));
}

TEST_CASE("Where no connection can be opened a push is told so") {
    Held push;
    auto const link = push.sut.begin(push.time.now(), {"10.0.0.9", 9});
    REQUIRE_FALSE(link);
    CHECK(link.error().code == Errc::network);
}
