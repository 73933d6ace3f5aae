#include "simulated.hpp"

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using Kind = tracker::Directory::PeerChange::Kind;

namespace {

wire::Find exact(std::string name) {
    return {wire::FindBy::name, std::move(name), "", 0};
}

/// Sends a find whose answer must not come yet.
void ask(Simulated& world, wire::Find const& find, std::uint64_t request = 9) {
    world.out.sent.clear();
    world.send("asker", find, request);
    REQUIRE(world.all<wire::Found>("asker").empty());
}

/// Those of the peers 1 to `last` that were sent a Ping.
Numbers pinged(Simulated const& world, std::uint32_t last) {
    Numbers peers;
    for (std::uint32_t peer = 1; peer <= last; ++peer) {
        if (!world.all<wire::Ping>(route_of(peer)).empty()) {
            peers.push_back(peer);
        }
    }
    return peers;
}

}  // namespace

TEST_CASE("a peer killed a moment ago is not named: sending to it says that it is gone") {
    Simulated world;
    world.join(1, {file("a")});
    world.join(2, {file("a")});
    CHECK(world.sources_of("a") == Numbers{1, 2});
    world.now += tracker::Directory::ping_pause;
    world.out.gone.insert(route_of(1));
    CHECK(world.sources_of("a") == Numbers{2});
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.out.changes.back().kind == Kind::closed);
}

TEST_CASE("a peer whose connection tells its end is named without a Ping, until that is told") {
    Simulated world;
    world.out.tells_ends = true;
    world.join(1, {file("a")});
    world.join(2, {file("a")});
    world.now += fresh - 1ns;
    CHECK(world.sources_of("a") == Numbers{1, 2});
    CHECK(pinged(world, 2).empty());
    world.directory.on_closed(route_of(1), world.now);
    CHECK(world.sources_of("a") == Numbers{2});
    CHECK(pinged(world, 2).empty());
}

TEST_CASE("a peer not heard of lately must answer, though its connection tells its end") {
    Simulated world;
    world.out.tells_ends = true;
    world.join(1, {file("a")});
    world.join(2, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    CHECK(pinged(world, 2) == Numbers{1, 2});
    world.send(route_of(2), wire::Pong{});
    world.pass(250ms);
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{2});
}

TEST_CASE("what a peer's connection tells is that of the connection it registered on last") {
    Simulated world;
    world.out.tells_ends = true;
    world.join(1, {file("a")});
    world.out.gone.insert(route_of(1));
    world.out.tells_ends = false;
    world.send("another connection", world.registration(1));
    world.out.sent.clear();
    CHECK(world.sources_of("a") == Numbers{1});
    CHECK(world.all<wire::Ping>("another connection").size() == 1);
}

TEST_CASE("peers heard of lately are sent a Ping and not waited for") {
    Simulated world;
    world.join(1, {file("a")});
    world.now += fresh - 1ns;
    CHECK(world.sources_of("a") == Numbers{1});
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    CHECK(world.out.sent[world.out.sent.size() - 2].request != 0);
}

TEST_CASE("a peer heard of lately that does not answer the Ping keeps its lease") {
    Simulated world;
    world.join(1, {file("a")});
    CHECK(world.sources_of("a") == Numbers{1});
    world.pass(ttl - 1ns);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.directory.next_deadline() == world.now + 1ns);
}

TEST_CASE("many finds send a popular peer few Pings") {
    Simulated world;
    world.join(1, {file("a")});
    for (int i = 0; i < 1000; ++i) {
        CHECK(world.sources_of("a") == Numbers{1});
        world.now += 100us;
    }
    CHECK(world.all<wire::Ping>(route_of(1)).size() ==
          static_cast<std::size_t>(100ms / tracker::Directory::ping_pause));
}

TEST_CASE("a peer not heard of lately is named once it has answered") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    world.now += 3ms;
    world.send(route_of(1), wire::Pong{});
    auto const found = world.last<wire::Found>("asker");
    CHECK(world.out.sent.back().request == 9);
    CHECK(Simulated::numbers(found) == Numbers{1});
    CHECK(world.directory.stats()[Counter::pending_finds] == 0);
}

TEST_CASE("any message will do as the answer to a check") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.heartbeat(1, 1);
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{1});
}

TEST_CASE("who does not answer within 250 ms is left out and dropped") {
    Simulated world;
    world.join(1, {file("a")});
    world.join(2, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.send(route_of(2), wire::Pong{});
    world.pass(250ms - 1ns);
    CHECK(world.all<wire::Found>("asker").empty());
    world.pass(1ns);
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{2});
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.out.changes.back().kind == Kind::unanswered);
    world.send(route_of(1), wire::Pong{});
    world.heartbeat(1, 1);
    world.expect_failure(route_of(1), wire::ErrorCode::unknown_peer);
}

TEST_CASE("an answer that comes at exactly 250 ms, before the tick, is in time") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.now += 250ms;
    world.send(route_of(1), wire::Pong{});
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{1});
    world.directory.on_tick(world.now);
    CHECK(world.directory.stats()[Counter::peers] == 1);
}

TEST_CASE("when nobody answers, the find is answered with nothing, within 250 ms") {
    Simulated world;
    world.join(1, {file("a")}, true);
    world.pass(ttl - 1s);
    ask(world, exact("a"));
    world.pass(250ms);
    CHECK(world.last<wire::Found>("asker").files.empty());
    CHECK(world.directory.stats()[Counter::versions] == 0);
}

TEST_CASE("a stale peer whose connection is closed costs no waiting") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    world.out.gone.insert(route_of(1));
    CHECK(world.sources_of("a").empty());
}

TEST_CASE("a stale peer that does not read is waited for and dropped") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    world.out.full.insert(route_of(1));
    ask(world, exact("a"));
    world.pass(250ms);
    CHECK(world.last<wire::Found>("asker").files.empty());
}

TEST_CASE("a second find joins the check that is under way") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"), 1);
    world.now += 10ms;
    world.send("asker", exact("a"), 2);
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    CHECK(world.directory.stats()[Counter::pending_finds] == 2);
    world.pass(240ms);
    CHECK(world.all<wire::Found>("asker").size() == 2);
}

TEST_CASE("a page is answered with only the files that still have sources") {
    Simulated world;
    world.join(1, {file("a", 1), file("c", 3)});
    world.join(2, {file("b", 2), file("c", 3)});
    world.pass(fresh);
    ask(world, {wire::FindBy::glob, "*", "", 0});
    world.send(route_of(2), wire::Pong{});
    world.pass(250ms);
    auto const found = world.last<wire::Found>("asker");
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[0].name == "b");
    CHECK(found.files[1].name == "c");
    CHECK(found.files[1].source_count == 1);
}

TEST_CASE("a page that shrinks during the check is still followed by the right one") {
    Simulated world;
    world.join(1, {file("a", 1), file("b", 2)});
    world.join(2, {file("c", 3), file("d", 4)});
    world.pass(fresh);
    ask(world, {wire::FindBy::glob, "*", "", 2});
    world.heartbeat(2, 1);
    world.pass(250ms);
    auto const first = world.last<wire::Found>("asker");
    CHECK(first.files.empty());
    REQUIRE_FALSE(first.next.empty());
    auto const second = world.find({wire::FindBy::glob, "*", first.next, 2});
    REQUIRE(second.files.size() == 2);
    CHECK(second.files[0].name == "c");
    CHECK(second.next.empty());
}

TEST_CASE("a peer that leaves during the check is not named") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.send(route_of(1), wire::Leave{});
    CHECK(world.last<wire::Found>("asker").files.empty());
}

TEST_CASE("a file removed during the check is not named") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.update(1, 2, {}, {"a"});
    CHECK(world.last<wire::Found>("asker").files.empty());
}

TEST_CASE("a peer that registers anew during the check counts as there") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"));
    world.out.gone.insert(route_of(1));
    world.send("another connection", world.registration(1));
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{1});
}

TEST_CASE("a peer killed while a find waits for another is not named") {
    Simulated world;
    world.join(1, {file("a")}, true);
    world.pass(fresh);
    world.join(2, {file("a")});
    ask(world, exact("a"));
    world.now += tracker::Directory::ping_pause;
    world.out.gone.insert(route_of(2));
    world.send(route_of(1), wire::Pong{});
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{1});
}

TEST_CASE("the check of a find also serves a silent peer's lease") {
    Simulated world;
    world.join(1, {file("a")}, true);
    world.pass(ttl - 100ms);
    ask(world, exact("a"));
    world.pass(249ms);
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    world.send(route_of(1), wire::Pong{});
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.directory.next_deadline() == world.now + ttl);
}

TEST_CASE("when all of a sample turn out dead, others are asked, and the survivor is named") {
    tracker::Directory::Limits limits;
    limits.found_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 20; ++peer) {
        world.join(peer, {file("a")}, true);
    }
    world.pass(fresh);
    ask(world, exact("a"));
    auto const survivor = route_of(20);
    std::size_t answered = 0;
    while (world.all<wire::Found>("asker").empty()) {
        world.pass(1ms);
        if (auto const pings = world.all<wire::Ping>(survivor).size(); pings > answered) {
            answered = pings;
            world.send(survivor, wire::Pong{});
        }
    }
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == Numbers{20});
}

TEST_CASE("the sample that was asked is the one that is named, with others for those who died") {
    tracker::Directory::Limits limits;
    limits.swarm_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 100; ++peer) {
        world.join(peer, {part("a", 7, peer % 2 == 0 ? wire::complete_ppm : 0)}, true);
    }
    world.pass(fresh);
    ask(world, swarm(7));
    auto const asked = pinged(world, 100);
    REQUIRE(asked.size() == 8);
    auto const dead = asked.front();
    for (auto const peer : asked) {
        if (peer != dead) {
            world.send(route_of(peer), wire::Pong{});
        }
    }
    world.out.sent.clear();
    world.pass(250ms);
    REQUIRE(world.all<wire::Found>("asker").empty());
    auto named = pinged(world, 100);
    std::erase_if(named,
                  [&](auto peer) { return std::count(asked.begin(), asked.end(), peer) > 0; });
    REQUIRE(named.size() == 1);
    auto const substitute = named.front();
    CHECK(substitute % 2 == dead % 2);
    world.send(route_of(substitute), wire::Pong{});
    named.insert(named.end(), asked.begin() + 1, asked.end());
    std::sort(named.begin(), named.end());
    CHECK(Simulated::numbers(world.last<wire::Found>("asker")) == named);
}

TEST_CASE("a find does not wait for ever, however many sources turn out dead") {
    tracker::Directory::Limits limits;
    limits.found_sources = 1;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 20; ++peer) {
        world.join(peer, {file("a")}, true);
    }
    world.pass(fresh);
    ask(world, exact("a"));
    world.pass(250ms * tracker::Directory::check_rounds - 1ns);
    CHECK(world.all<wire::Found>("asker").empty());
    world.pass(1ns);
    CHECK(world.last<wire::Found>("asker").files.empty());
    CHECK(world.directory.stats()[Counter::pending_finds] == 0);
}

TEST_CASE("any number of closed connections is found out within one find") {
    tracker::Directory::Limits limits;
    limits.found_sources = 4;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 100; ++peer) {
        world.join(peer, {file("a")});
        if (peer != 50) {
            world.out.gone.insert(route_of(peer));
        }
    }
    CHECK(world.sources_of("a") == Numbers{50});
    CHECK(world.directory.stats()[Counter::peers] == 1);
}

TEST_CASE("more finds than may wait are told that the tracker is busy") {
    tracker::Directory::Limits limits;
    limits.pending_finds.in_all = 2;
    Simulated world(limits);
    world.join(1, {file("a")});
    world.pass(fresh);
    ask(world, exact("a"), 1);
    world.send("asker", exact("a"), 2);
    world.send("late", exact("a"), 3);
    world.expect_failure("late", wire::ErrorCode::busy);
    CHECK(world.out.sent.back().request == 3);
    world.send(route_of(1), wire::Pong{});
    CHECK(world.all<wire::Found>("asker").size() == 2);
    CHECK(world.all<wire::Found>("late").empty());
}

TEST_CASE("a find whose asker has gone meanwhile ends quietly") {
    Simulated world;
    world.join(1, {file("a")});
    world.join(2, {file("b")});
    world.pass(fresh);
    world.send(route_of(2), exact("a"), 1);
    world.out.gone.insert(route_of(2));
    world.send(route_of(1), wire::Pong{});
    CHECK(world.directory.stats()[Counter::pending_finds] == 0);
    CHECK(world.directory.stats()[Counter::peers] == 1);
}
