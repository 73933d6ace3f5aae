#include "simulated.hpp"

// Questions that take long are worked off in turns, host by host; others do not wait for them.

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using tracker::Directory;

namespace {

/// A turn is 8 times `quick` so that what is not quick needs several.
Directory::Limits slow(std::size_t quick = 10'000) {
    Directory::Limits limits;
    limits.quick_work = quick;
    limits.turn_work = 8 * quick;
    return limits;
}

/// One peer with so many files, none of which "*x" matches, except the last.
void fill(Simulated& world, std::uint32_t count) {
    world.join(1);
    std::vector<wire::FileEntry> files;
    std::uint64_t sequence = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        files.push_back(file("some/directory/file-" + std::to_string(100'000 + i), i));
        if (files.size() == 1000) {
            world.update(1, ++sequence, std::exchange(files, {}));
        }
    }
    files.push_back(file("z-x", 1'000'000));
    world.update(1, ++sequence, std::move(files));
    world.out.sent.clear();
}

/// Ticks until this route has been answered.
int ticks_until_answered(Simulated& world, wire::Route const& route) {
    int ticks = 0;
    while (world.all<wire::Found>(route).empty()) {
        REQUIRE(ticks < 100'000);
        REQUIRE(world.directory.next_deadline() <= world.now);
        world.directory.on_tick(world.now);
        ++ticks;
    }
    return ticks;
}

}  // namespace

TEST_CASE("a find by name is answered at once, however many scans wait") {
    Simulated world(slow());
    fill(world, 5000);
    for (int i = 0; i < 100; ++i) {
        world.send("asker-" + std::to_string(i), glob("*x"), 0, "10.0.0.7");
    }
    CHECK(world.directory.stats()[Counter::scans] == 100);
    CHECK(world.sources_of("z-x") == Numbers{1});
    CHECK(world.sources_of(swarm(1'000'000)) == Numbers{1});
    world.send("same host", wire::Find{wire::FindBy::name, "z-x", "", 0}, 0, "10.0.0.7");
    CHECK(world.all<wire::Found>("same host").size() == 1);
}

TEST_CASE("a scan that takes little is answered at once, unless its host has asked for more") {
    Simulated world(slow());
    fill(world, 5000);
    CHECK(world.find(glob("z*")).files.size() == 1);
    world.send("busy", glob("*x"), 0, "10.0.0.7");
    world.send("other of that host", glob("z*"), 0, "10.0.0.7");
    CHECK(world.directory.stats()[Counter::scans] == 2);
    CHECK(world.find(glob("z*")).files.size() == 1);
}

TEST_CASE("a scan goes on, tick by tick, until its page is complete") {
    Simulated world(slow());
    fill(world, 5000);
    world.send("asker", glob("*x"), 5);
    CHECK(ticks_until_answered(world, "asker") > 3);
    auto const found = world.last<wire::Found>("asker");
    CHECK(world.out.sent.back().request == 5);
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].name == "z-x");
    CHECK(found.next.empty());
    CHECK(world.directory.stats()[Counter::scans] == 0);
    CHECK(*world.directory.next_deadline() > world.now);
}

TEST_CASE("a page that was collected in many steps is the one that one step gives") {
    Simulated world(slow());
    Simulated quick;
    fill(world, 3000);
    fill(quick, 3000);
    wire::Find question = glob("*");
    do {
        world.out.sent.clear();
        world.send("asker", question);
        ticks_until_answered(world, "asker");
        auto const found = world.last<wire::Found>("asker");
        quick.out.sent.clear();
        quick.send("asker", question);
        while (quick.all<wire::Found>("asker").empty()) {
            quick.directory.on_tick(quick.now);
        }
        CHECK(found == quick.last<wire::Found>("asker"));
        question.after = found.next;
    } while (!question.after.empty());
}

TEST_CASE("peers that go while a scan is under way are not named, nor those on their places") {
    Simulated world(slow());
    world.join(2, {file("a", 1)});
    world.join(3, {file("a", 1)});
    fill(world, 3000);
    world.send("asker", glob("*[ax]"));
    world.directory.on_tick(world.now);
    REQUIRE(world.all<wire::Found>("asker").empty());
    world.send(route_of(2), wire::Leave{});
    world.pass(0ns);
    REQUIRE(world.directory.stats()[Counter::scans] == 0);
    auto const found = world.last<wire::Found>("asker");
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[0].source_count == 1);
    CHECK(found.files[0].sources.at(0).listens.port == 1003);
}

TEST_CASE("hosts take turns: one that asks hundreds of times waits for itself alone") {
    Simulated world(slow());
    fill(world, 2000);
    world.send("alone", glob("*x"));
    int const undisturbed = ticks_until_answered(world, "alone");
    for (int i = 0; i < 100; ++i) {
        world.send("flood-" + std::to_string(i), glob("*x"), 0, "10.0.0.7");
    }
    world.send("victim", glob("*x"), 0, "10.0.0.8");
    CHECK(ticks_until_answered(world, "victim") <= 2 * undisturbed + 1);
}

TEST_CASE("connections of a host take turns, too") {
    Simulated world(slow());
    fill(world, 2000);
    world.send("alone", glob("*x"));
    int const undisturbed = ticks_until_answered(world, "alone");
    for (int i = 0; i < 4; ++i) {
        world.send("one", glob("*x"));
    }
    world.send("two", glob("*x"));
    CHECK(ticks_until_answered(world, "two") <= 2 * undisturbed + 1);
}

TEST_CASE("no more scans wait than the limits say, in all, of a host and of a connection") {
    auto limits = slow();
    limits.scans = {5, 3, 2};
    Simulated world(limits);
    fill(world, 2000);
    auto const refused = [&](std::string const& route, std::string const& host) {
        world.out.sent.clear();
        world.send(route, glob("*x"), 8, host);
        if (world.out.sent.empty()) {
            return false;
        }
        world.expect_failure(route, wire::ErrorCode::busy);
        CHECK(world.out.sent.back().request == 8);
        return true;
    };
    CHECK_FALSE(refused("a", "10.0.0.7"));
    CHECK_FALSE(refused("a", "10.0.0.7"));
    CHECK(refused("a", "10.0.0.7"));
    CHECK_FALSE(refused("b", "10.0.0.7"));
    CHECK(refused("c", "10.0.0.7"));
    CHECK_FALSE(refused("d", "10.0.0.8"));
    CHECK_FALSE(refused("e", "10.0.0.9"));
    CHECK(refused("f", "10.0.0.10"));
    world.directory.on_closed("a", world.now);
    CHECK(world.directory.stats()[Counter::scans] == 3);
    CHECK_FALSE(refused("f", "10.0.0.10"));
    world.pass(0ns);
    CHECK(world.directory.stats()[Counter::scans] == 0);
    CHECK_FALSE(refused("a", "10.0.0.7"));
}

TEST_CASE("the list of many peers waits for its turn, too, and that of few does not") {
    Simulated world(slow());
    fill(world, 2000);
    world.send("asker", wire::ListPeers{});
    CHECK(world.all<wire::PeerList>("asker").size() == 1);
    for (std::uint32_t peer = 2; peer <= 200; ++peer) {
        world.join(peer);
    }
    world.send("asker", wire::ListPeers{}, 6);
    CHECK(world.all<wire::PeerList>("asker").size() == 1);
    world.directory.on_tick(world.now);
    CHECK(world.last<wire::PeerList>("asker").peers.size() == 200);
    CHECK(world.out.sent.back().request == 6);
}

TEST_CASE("no more finds wait for checks than the limits say, of a host and of a connection") {
    Directory::Limits limits;
    limits.pending_finds = {4, 3, 2};
    Simulated world(limits);
    world.join(1, {file("a")});
    world.pass(fresh);
    auto const waits = [&](std::string const& route, std::string const& host) {
        world.out.sent.clear();
        world.send(route, wire::Find{wire::FindBy::name, "a", "", 0}, 8, host);
        return world.all<wire::Failure>(route).empty();
    };
    CHECK(waits("a", "10.0.0.7"));
    CHECK(waits("a", "10.0.0.7"));
    CHECK_FALSE(waits("a", "10.0.0.7"));
    CHECK(waits("b", "10.0.0.7"));
    CHECK_FALSE(waits("c", "10.0.0.7"));
    CHECK(waits("d", "10.0.0.8"));
    CHECK_FALSE(waits("e", "10.0.0.9"));
    world.send(route_of(1), wire::Pong{});
    CHECK(world.directory.stats()[Counter::pending_finds] == 0);
    world.pass(fresh);
    CHECK(waits("a", "10.0.0.7"));
}
