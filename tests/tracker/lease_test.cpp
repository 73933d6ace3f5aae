#include "simulated.hpp"

#include <tuple>

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using Kind = tracker::Directory::PeerChange::Kind;

TEST_CASE("a registration is answered with the terms of the lease") {
    Simulated world;
    world.send("r", wire::Register{peer_id(1), {"", 4000}, 1000, ""}, 5);
    auto const answer = world.last<wire::Registered>("r");
    CHECK(world.out.sent.back().request == 5);
    CHECK(answer.epoch == epoch);
    CHECK(answer.lease_ms == 3000);
    CHECK(answer.heartbeat_ms == 1000);
    CHECK(answer.listens == wire::Endpoint{"10.0.0.1", 4000});
}

TEST_CASE("a lease holds until one nanosecond before its end and no longer") {
    Simulated world;
    world.join(1);
    CHECK(world.directory.next_deadline() == world.now + ttl);
    auto const start = world.now;
    world.directory.on_tick(start + ttl - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    world.directory.on_tick(start + ttl);
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.out.changes.back().kind == Kind::expired);
    CHECK_FALSE(world.directory.next_deadline());
}

TEST_CASE("reading expires nothing: only a tick does") {
    Simulated world;
    world.join(1);
    world.now += ttl + 10s;
    world.send("asker", wire::ListPeers{});
    CHECK(world.last<wire::PeerList>("asker").peers.size() == 1);
    world.directory.on_tick(world.now);
    world.send("asker", wire::ListPeers{});
    CHECK(world.last<wire::PeerList>("asker").peers.empty());
}

TEST_CASE("any message from a registered peer renews its lease") {
    wire::Message const message = GENERATE(
        wire::Message(wire::Heartbeat{epoch, 0, 0}), wire::Message(wire::Ping{}),
        wire::Message(wire::Pong{}), wire::Message(wire::ListPeers{}),
        wire::Message(wire::Find{wire::FindBy::name, "x", "", 0}),
        wire::Message(wire::Update{epoch, 1, false, false, {}, {}}),
        wire::Message(wire::Failure{wire::ErrorCode::busy, "", 0}), wire::Message(wire::Close{}));
    Simulated world;
    world.join(1);
    world.pass(ttl - 1ns);
    world.send(route_of(1), message);
    CHECK(world.directory.next_deadline() == world.now + ttl);
    world.pass(ttl - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    world.pass(1ns);
    CHECK(world.directory.stats()[Counter::peers] == 0);
}

namespace {

/// A directory that wants two heartbeats a second at most; its lease is 3 s, so each of two peers
/// may send one a second.
Simulated small_fleet() {
    tracker::Directory::Limits limits;
    limits.heartbeats = 2;
    return Simulated(limits);
}

}  // namespace

TEST_CASE("the more peers there are, the longer is the lease that a new one is told") {
    auto world = small_fleet();
    for (auto const& [peer, lease_ms, heartbeat_ms] :
         {std::tuple{1U, 3000U, 1000U}, std::tuple{2U, 3000U, 1000U}, std::tuple{3U, 6000U, 2000U},
          std::tuple{4U, 6000U, 2000U}, std::tuple{5U, 12000U, 4000U}}) {
        world.send(route_of(peer), world.registration(peer));
        auto const told = world.last<wire::Registered>(route_of(peer));
        CHECK(told.lease_ms == lease_ms);
        CHECK(told.heartbeat_ms == heartbeat_ms);
    }
}

TEST_CASE("a peer that registered before the others came learns by its heartbeat") {
    auto world = small_fleet();
    for (std::uint32_t peer = 1; peer <= 3; ++peer) {
        world.join(peer);
    }
    world.heartbeat(1, 0);
    CHECK(world.last<wire::Alive>(route_of(1)).heartbeat_ms == 2000);
    world.heartbeat(1, 0);
    CHECK(world.last<wire::Alive>(route_of(1)).heartbeat_ms == 0);
    world.pass(2 * ttl - 1ns);
    CHECK(world.all<wire::Alive>(route_of(2)).empty());
    CHECK(world.directory.stats()[Counter::peers] ==
          2);  // the second was told of the old lease only
    world.pass(1ns);
    CHECK(world.directory.stats()[Counter::peers] == 0);
}

TEST_CASE("when the others have gone the lease is short again, from the next heartbeat on") {
    auto world = small_fleet();
    for (std::uint32_t peer = 1; peer <= 3; ++peer) {
        world.join(peer);
    }
    world.send(route_of(1), wire::Leave{});
    world.heartbeat(3, 0);
    CHECK(world.last<wire::Alive>(route_of(3)).heartbeat_ms == 1000);
    world.heartbeat(2, 0);
    world.pass(ttl - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 2);
    world.pass(1ns);
    CHECK(world.directory.stats()[Counter::peers] == 0);
}

TEST_CASE("a peer that may be silent for longer is named without a check for as much longer") {
    auto world = small_fleet();
    for (std::uint32_t peer = 1; peer <= 3; ++peer) {
        world.join(peer, {file("a")});
        world.heartbeat(peer, 1);
    }
    world.heartbeat(1, 1);
    world.heartbeat(2, 1);
    world.pass(2 * fresh - 1ns);
    CHECK(world.sources_of("a") == Numbers{1, 2, 3});
    world.pass(1ns);
    world.out.sent.clear();
    world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0});
    CHECK(world.all<wire::Found>("asker").empty());
}

TEST_CASE("a silent peer is asked when its lease ends, and stays if it answers") {
    Simulated world;
    world.join(1, {file("a")}, true);
    world.pass(ttl - 1ns);
    CHECK(world.all<wire::Ping>(route_of(1)).empty());
    world.pass(1ns);
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    CHECK(world.out.sent.back().request != 0);
    world.pass(249ms);
    world.send(route_of(1), wire::Pong{3});
    world.pass(ttl - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
}

TEST_CASE("a silent peer that does not answer when its lease ends is dropped") {
    Simulated world;
    world.join(1, {file("a")}, true);
    world.pass(ttl + 250ms - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    world.pass(1ns);
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.directory.stats()[Counter::versions] == 0);
    CHECK(world.out.changes.back().kind == Kind::unanswered);
}

TEST_CASE("a silent peer whose connection is closed is dropped when its lease ends") {
    Simulated world;
    world.join(1, {}, true);
    world.out.gone.insert(route_of(1));
    world.pass(ttl);
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.out.changes.back().kind == Kind::closed);
}

TEST_CASE("a tracker that was restarted knows nobody, and says so with its epoch") {
    Simulated world;
    for (wire::Message const& message :
         {wire::Message(wire::Heartbeat{epoch - 1, 4, 0}),
          wire::Message(wire::Update{epoch - 1, 5, false, false, {}, {}}),
          wire::Message(wire::Leave{})}) {
        world.send("r", message, 8);
        world.expect_failure("r", wire::ErrorCode::unknown_peer);
        CHECK(world.out.sent.back().request == 8);
    }
}

TEST_CASE("an Update or a heartbeat of another epoch is refused, though the peer is known") {
    Simulated world;
    world.join(1);
    world.send(route_of(1), wire::Update{epoch - 1, 1, false, false, {file("a")}, {}});
    world.expect_failure(route_of(1), wire::ErrorCode::unknown_peer);
    world.send(route_of(1), wire::Heartbeat{epoch - 1, 0, 0});
    world.expect_failure(route_of(1), wire::ErrorCode::unknown_peer);
    CHECK(world.directory.stats()[Counter::files] == 0);
}

TEST_CASE("a peer that leaves is forgotten at once") {
    Simulated world;
    world.join(1, {file("a")});
    world.send(route_of(1), wire::Leave{}, 4);
    CHECK(world.last<wire::Left>(route_of(1)).epoch == epoch);
    CHECK(world.sources_of("a").empty());
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.out.changes.back().kind == Kind::left);
}

TEST_CASE("the load that a heartbeat or a Pong carries is listed, and how long ago it was heard") {
    Simulated world;
    world.join(1, {file("a"), file("b", 2)});
    world.heartbeat(1, 1, 7);
    CHECK(world.last<wire::Alive>(route_of(1)).epoch == epoch);
    world.pass(1500ms);
    world.send("asker", wire::ListPeers{});
    auto list = world.last<wire::PeerList>("asker");
    REQUIRE(list.peers.size() == 1);
    CHECK(list.epoch == epoch);
    CHECK(list.peers[0].peer == peer_id(1));
    CHECK(list.peers[0].files == 2);
    CHECK(list.peers[0].load == 7);
    CHECK(list.peers[0].heard_ms_ago == 1500);
    world.send(route_of(1), wire::Pong{8});
    world.send("asker", wire::ListPeers{});
    CHECK(world.last<wire::PeerList>("asker").peers[0].load == 8);
}

TEST_CASE("a tracker says that it is young for a lease, or for 30 s if that is longer") {
    auto const lease = GENERATE(3s, 1h);
    auto const young = std::min<wire::Duration>(lease, 30s);
    Simulated world({epoch, 42, lease, {}, false, {}, wire::Time{1000s}});
    auto const says = [&] {
        world.send("asker", wire::ListPeers{});
        return world.last<wire::PeerList>("asker").young;
    };
    CHECK(says());
    world.pass(young - 1ms);
    CHECK(says());
    world.pass(1ms);
    CHECK_FALSE(says());
}

TEST_CASE("the list of peers comes in pages with every peer once") {
    tracker::Directory::Limits limits;
    limits.peers_page = 3;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 10; ++peer) {
        world.join(peer);
    }
    std::vector<wire::PeerId> seen;
    wire::ListPeers ask;
    do {
        world.send("asker", ask);
        auto const list = world.last<wire::PeerList>("asker");
        CHECK(list.peers.size() <= 3);
        for (auto const& peer : list.peers) {
            seen.push_back(peer.peer);
        }
        ask.after = list.next;
    } while (!ask.after.empty());
    CHECK(seen.size() == 10);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    world.send("asker", wire::ListPeers{"no cursor"});
    world.expect_failure("asker", wire::ErrorCode::bad_message);
}

TEST_CASE("a Ping is answered with a Pong, whoever sends it") {
    Simulated world;
    world.send("stranger", wire::Ping{}, 6);
    world.last<wire::Pong>("stranger");
    CHECK(world.out.sent.back().request == 6);
}

TEST_CASE("messages that a tracker does not take are refused as unsupported") {
    Simulated world;
    for (wire::Message const& message :
         {wire::Message(wire::Registered{}), wire::Message(wire::Updated{}),
          wire::Message(wire::Alive{}), wire::Message(wire::Left{}), wire::Message(wire::Found{}),
          wire::Message(wire::PeerList{}), wire::Message(wire::GetManifests{}),
          wire::Message(wire::Manifests{}), wire::Message(wire::Request{}),
          wire::Message(wire::Close{}), wire::Message(wire::Refused{})}) {
        world.out.sent.clear();
        world.send("r", message, 3);
        world.expect_failure("r", wire::ErrorCode::unsupported);
    }
}

TEST_CASE("a Failure or a Pong from a stranger is not answered") {
    Simulated world;
    world.send("r", wire::Failure{wire::ErrorCode::busy, "", 0}, 3);
    world.send("r", wire::Pong{}, 3);
    CHECK(world.out.sent.empty());
}

TEST_CASE("a peer whose connection is found closed by an answer to it is dropped") {
    Simulated world;
    world.join(1, {file("a")});
    world.out.gone.insert(route_of(1));
    world.heartbeat(1, 1);
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.out.changes.back().kind == Kind::closed);
}
