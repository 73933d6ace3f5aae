#include "scripted_peer.hpp"

#include <set>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

// ---- signs of life ----

TEST_CASE("with nothing to say a heartbeat goes out as often as the tracker wants") {
    Scripted peer;
    peer.busy = 3;
    peer.settle();
    auto const spoke = peer.now;
    for (int beat = 1; beat <= 5; ++beat) {
        CHECK(peer.core.next_deadline() == spoke + beat * 1s);
        peer.pass(1s - tick);
        CHECK(peer.sent.empty());
        peer.pass(tick);
        auto const beats = peer.take<wire::Heartbeat>();
        REQUIRE(beats.size() == 1);
        CHECK(beats[0] == wire::Heartbeat{epoch, 1, 3});
    }
}

TEST_CASE("an Update stands for a heartbeat") {
    Scripted peer;
    peer.settle();
    peer.pass(900ms);
    peer.put("a");
    peer.answer(2);
    peer.sent.clear();
    peer.pass(1s - tick);
    CHECK(peer.sent.empty());
    peer.pass(tick);
    CHECK(peer.take<wire::Heartbeat>().size() == 1);
}

TEST_CASE("a tracker that wants heartbeats all the time gets a hundred a second") {
    Scripted peer;
    peer.connect();
    peer.hear(wire::Registered{epoch, 0, 0, {"10.0.0.9", 7000}});
    peer.answer(1);
    peer.sent.clear();
    CHECK(peer.core.next_deadline() == peer.now + 10ms);
}

TEST_CASE("a silent peer registers again when its connection is back") {
    Scripted peer(true);
    peer.settle();
    peer.core.on_connected(peer.now, false);
    peer.core.on_connected(peer.now, true);
    peer.pass(500ms);
    CHECK(peer.take<wire::Register>().size() == 1);
}

TEST_CASE("a silent peer says so, and sends no heartbeats") {
    Scripted peer(true);
    peer.connect();
    auto const asked = peer.take<wire::Register>();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].heartbeat_ms == 0);
    peer.be_registered();
    peer.answer(1);
    peer.sent.clear();
    CHECK_FALSE(peer.core.next_deadline().has_value());
    peer.pass(1h);
    CHECK(peer.sent.empty());
    peer.put("a");
    CHECK(peer.take<wire::Update>().size() == 1);
}

TEST_CASE("after a new connection a heartbeat finds out what the tracker knows, not all at once") {
    std::set<wire::Duration> waits;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Scripted peer(false, seed);
        peer.settle();
        peer.core.on_connected(peer.now, false);
        peer.now += 100ms;
        peer.connect();
        auto const wait = peer.core.next_deadline().value() - peer.now;
        waits.insert(wait);
        peer.pass(wait);
        CHECK(peer.take<wire::Heartbeat>().size() == 1);
    }
    CHECK(*waits.begin() >= 0ms);
    CHECK(*waits.rbegin() <= 500ms);
    CHECK(waits.size() > 30);
}

TEST_CASE("a peer that leaves says good-bye and nothing after that") {
    Scripted peer;
    peer.settle();
    peer.core.leave(peer.now);
    CHECK(peer.take<wire::Leave>().size() == 1);
    peer.put("a");
    peer.pass(10s);
    peer.hear(wire::Left{epoch});
    peer.hear(wire::Failure{wire::ErrorCode::unknown_peer, "who", epoch});
    peer.core.on_connected(peer.now, false);
    peer.connect();
    peer.core.resend(peer.now);
    CHECK(peer.sent.empty());
    CHECK_FALSE(peer.core.next_deadline().has_value());
}

TEST_CASE("a peer that leaves before its registration is answered says good-bye, too") {
    Scripted peer;
    peer.connect();
    peer.pass(1s);
    REQUIRE(peer.take<wire::Register>().size() >= 1);
    peer.core.leave(peer.now);
    CHECK(peer.take<wire::Leave>().size() == 1);
}

TEST_CASE("a peer that never registered leaves without a word") {
    Scripted peer;
    peer.core.leave(peer.now);
    peer.connect();
    CHECK(peer.sent.empty());
}

// ---- connections that break ----

TEST_CASE("while there is no connection nothing is sent, and then all that changed") {
    bool const silent = GENERATE(false, true);
    Scripted peer(silent);
    peer.share["a"] = entry("a");
    peer.settle();
    peer.core.on_connected(peer.now, false);
    peer.put("b");
    for (int second = 0; second < 60; ++second) {
        peer.pass(1s);
        auto const next = peer.core.next_deadline();
        CHECK((!next || *next > peer.now));
    }
    CHECK(peer.sent.empty());
    peer.connect();
    if (silent) {  // the tracker has dropped it with its connection
        peer.pass(500ms);
        peer.be_registered();
    }
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(names(updates[0]) == (silent ? Names{"a", "b"} : Names{"b"}));
}

TEST_CASE("an Update that was on its way when the connection broke is not forgotten") {
    bool const silent = GENERATE(false, true);
    Scripted peer(silent);
    peer.share["a"] = entry("a");
    peer.settle();
    peer.put("b");
    peer.core.on_connected(peer.now, false);
    peer.sent.clear();
    peer.pass(1s);
    CHECK(peer.sent.empty());
    peer.connect();
    if (silent) {
        peer.pass(500ms);
        peer.be_registered();
    }
    std::set<std::string> told;
    for (auto const& update : peer.take<wire::Update>()) {
        for (auto const& file : update.added) {
            told.insert(file.name);
        }
    }
    CHECK(told.contains("b"));
}
