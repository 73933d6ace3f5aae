#include "simulated.hpp"

// Who is believed: whose address it is, and who has an id or an endpoint.

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using Kind = tracker::Directory::PeerChange::Kind;
using tracker::Directory;

namespace {

wire::Register at(std::string host, std::uint16_t port = 4000, std::uint32_t peer = 1) {
    return {peer_id(peer), {std::move(host), port}, 1000, ""};
}

/// Peer 1's endpoint, claimed by peer 99.
wire::Register rival(Simulated const& world) {
    auto claim = world.registration(1);
    claim.peer = peer_id(99);
    return claim;
}

void expect_registered(Simulated const& world, wire::Route const& route,
                       wire::Endpoint const& listens) {
    CHECK(world.last<wire::Registered>(route).listens == listens);
}

Directory::Options with_own_hosts(std::vector<std::string> hosts, int* asked = nullptr) {
    Directory::Options options{epoch, 42, ttl};
    options.own_hosts = [hosts = std::move(hosts), asked] {
        *asked += 1;
        return hosts;
    };
    return options;
}

}  // namespace

// ---- the host ----

TEST_CASE("a host that is no address in particular is replaced by the one seen") {
    for (std::string const host : {"", "0.0.0.0", "::", "0:0::0", "::ffff:0.0.0.0"}) {
        INFO(host);
        Simulated world;
        world.send("r", at(host));
        expect_registered(world, "r", {"10.0.0.1", 4000});
    }
}

TEST_CASE("a registration without a port, or with a host that is no address, is refused") {
    Simulated world;
    for (auto const& message :
         {at("10.0.0.1", 0), at("ho st"), at("localhost"), at("10.0.0.256"), at("node-1")}) {
        world.send("r", message);
        world.expect_failure("r", wire::ErrorCode::bad_message);
    }
    world.send("r", at(""), 0, "");
    world.expect_failure("r", wire::ErrorCode::bad_message);
    CHECK(world.directory.stats()[Counter::peers] == 0);
}

TEST_CASE("a peer listens where its connection comes from, however that is written") {
    Simulated world;
    world.send("r", at("10.0.0.1"), 0, "::ffff:10.0.0.1");
    expect_registered(world, "r", {"10.0.0.1", 4000});
    world.send("r", at("2001:DB8:0::1"), 0, "2001:db8::1");
    expect_registered(world, "r", {"2001:db8::1", 4000});
    world.send("r", at("::FFFF:10.0.0.1"), 0, "10.0.0.1");
    expect_registered(world, "r", {"10.0.0.1", 4000});
    world.send("r", at("fe80::1"), 0, "fe80::1%eth0");
    expect_registered(world, "r", {"fe80::1", 4000});
}

TEST_CASE("another machine's address is refused, and the reason says what to do") {
    Simulated world;
    world.send("r", at("10.0.0.9"), 3);
    world.expect_failure("r", wire::ErrorCode::not_authorised);
    CHECK(world.out.sent.back().request == 3);
    auto const reason = world.last<wire::Failure>("r").reason;
    for (auto const* part : {"10.0.0.9", "10.0.0.1", "--allow-foreign-hosts"}) {
        CHECK(reason.find(part) != std::string::npos);
    }
    world.send("r", at("127.0.0.1"));
    world.expect_failure("r", wire::ErrorCode::not_authorised);
    world.send("r", at("10.0.0.1"), 0, "");
    world.expect_failure("r", wire::ErrorCode::not_authorised);
    CHECK(world.directory.stats()[Counter::peers] == 0);
}

TEST_CASE("a sender's key decides nothing yet: whoever has one is treated like those without") {
    Simulated world;
    world.send(wire::Sender{"r", "10.0.0.1", "key"}, at("10.0.0.1", 4000, 1));
    expect_registered(world, "r", {"10.0.0.1", 4000});
    world.send(wire::Sender{"s", "10.0.0.2", "key"}, at("", 4000, 2));
    expect_registered(world, "s", {"10.0.0.2", 4000});
    world.send(wire::Sender{"t", "10.0.0.2", "key"}, at("10.0.0.1", 4001, 3));
    world.expect_failure("t", wire::ErrorCode::not_authorised);
    CHECK(world.directory.stats()[Counter::peers] == 2);
}

TEST_CASE("the operator may allow addresses of other machines") {
    Directory::Options options{epoch, 42, ttl};
    options.foreign_hosts = true;
    Simulated world(options);
    world.send("r", at("192.168.7.7"));
    expect_registered(world, "r", {"192.168.7.7", 4000});
}

TEST_CASE("a peer on the tracker's machine may name any address of that machine") {
    int asked = 0;
    Simulated world(with_own_hosts({"10.0.0.5", "2001:db8::5"}, &asked));
    std::uint16_t port = 4000;
    for (std::string const from : {"127.0.0.1", "127.3.2.1", "::1", "10.0.0.5", "2001:DB8::0:5"}) {
        for (std::string const host : {"127.0.0.9", "::1", "10.0.0.5", "2001:db8::5"}) {
            INFO(from << " names " << host);
            world.send("r", at(host, ++port), 0, from);
            expect_registered(world, "r", {host, port});
        }
        world.send("r", at("10.0.0.6"), 0, from);
        world.expect_failure("r", wire::ErrorCode::not_authorised);
    }
    world.send("r", at("10.0.0.5"), 0, "10.0.0.6");
    world.expect_failure("r", wire::ErrorCode::not_authorised);
}

TEST_CASE("the machine's addresses are asked for when one is doubted, and once a second at most") {
    int asked = 0;
    Simulated world(with_own_hosts({"10.0.0.5"}, &asked));
    world.send("r", at("10.0.0.1"));
    world.send("r", at(""));
    CHECK(asked == 0);
    for (int i = 0; i < 100; ++i) {
        world.send("r", at("10.0.0.9"));
        world.now += 10ms;
    }
    CHECK(asked == 1);
    world.send("r", at("10.0.0.9"));
    CHECK(asked == 2);
}

// ---- an id or an endpoint that somebody has ----

TEST_CASE("an endpoint that another peer has stays that peer's, as long as it answers") {
    Simulated world;
    world.join(1, {file("a")});
    world.send("rival", rival(world), 5);
    CHECK(world.out.sent.size() == 3);  // Registered, Updated, and a Ping
    CHECK(world.all<wire::Ping>(route_of(1)).size() == 1);
    CHECK(world.directory.stats()[Counter::pending_registrations] == 1);
    world.pass(249ms);
    world.send(route_of(1), wire::Pong{});
    world.expect_failure("rival", wire::ErrorCode::busy);
    CHECK(world.out.sent.back().request == 5);
    CHECK(world.last<wire::Failure>("rival").reason.find("10.0.0.1:1001") != std::string::npos);
    CHECK(world.directory.stats()[Counter::pending_registrations] == 0);
    CHECK(world.sources_of("a") == Numbers{1});
}

TEST_CASE("an id that another connection has stays its, as long as it answers with anything") {
    Simulated world;
    world.join(1, {file("a")});
    auto claim = world.registration(2);
    claim.peer = peer_id(1);
    world.send("rival", claim);
    CHECK(world.all<wire::Failure>("rival").empty());
    world.heartbeat(1, 1);
    world.expect_failure("rival", wire::ErrorCode::busy);
    CHECK(world.last<wire::Failure>("rival").reason.find("id") != std::string::npos);
    CHECK(world.sources_of("a") == Numbers{1});
}

TEST_CASE("claiming a peer's id and endpoint again and again takes nothing from it") {
    Simulated world;
    world.join(1, {file("a")});
    for (int i = 0; i < 100; ++i) {
        auto claim = world.registration(i % 2 == 0 ? 1U : 2U);
        claim.peer = peer_id(i % 2 == 0 ? 99U : 1U);
        world.send("rival-" + std::to_string(i), claim);
        world.send(route_of(1), wire::Pong{});
        world.now += 10ms;
        REQUIRE(world.sources_of("a") == Numbers{1});
    }
    CHECK(world.directory.stats()[Counter::peers] == 1);
}

TEST_CASE("a peer that was killed and restarted on its endpoint is admitted at once") {
    Simulated world;
    world.join(1, {file("a")});
    world.out.gone.insert(route_of(1));
    world.send("new", rival(world));
    expect_registered(world, "new", {"10.0.0.1", 1001});
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.sources_of("a").empty());
    CHECK(std::any_of(world.out.changes.begin(), world.out.changes.end(),
                      [](auto const& change) { return change.kind == Kind::closed; }));
}

TEST_CASE("a peer whose machine was switched off makes room after a check") {
    Simulated world;
    world.join(1, {file("a")});
    world.send("new", rival(world), 5);
    world.pass(250ms - 1ns);
    CHECK(world.all<wire::Registered>("new").empty());
    world.pass(1ns);
    expect_registered(world, "new", {"10.0.0.1", 1001});
    CHECK(world.out.sent.back().request == 5);
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.sources_of("a").empty());
}

TEST_CASE("a peer that comes on a new connection keeps its files there") {
    Simulated world;
    world.join(1, {file("a")});
    world.out.gone.insert(route_of(1));
    world.send("other", world.registration(1));
    world.last<wire::Registered>("other");
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.sources_of("a") == Numbers{1});
    CHECK(world.all<wire::Ping>("other").size() == 1);
    world.send("other", wire::Heartbeat{epoch, 0, 0});
    world.last<wire::Alive>("other");
}

TEST_CASE("a peer whose old connection is only half closed keeps its files, after a check") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    world.send("other", world.registration(1));
    world.pass(250ms - 1ns);
    CHECK(world.all<wire::Registered>("other").empty());
    world.pass(1ns);
    world.last<wire::Registered>("other");
    CHECK(world.out.changes.back().kind == Kind::renewed);
    CHECK(world.sources_of("a") == Numbers{1});
    CHECK(world.directory.stats()[Counter::drops] == 0);
    world.send(route_of(1), wire::Heartbeat{epoch, 1, 0});
    world.expect_failure(route_of(1), wire::ErrorCode::unknown_peer);
}

TEST_CASE("a find that waits for a peer names it where it has registered again") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0});
    auto moved = world.registration(1);
    moved.listens.port = 4321;
    world.send("other", moved);
    world.pass(250ms);
    auto const found = world.last<wire::Found>("asker");
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].sources.at(0).listens.port == 4321);
    CHECK(world.all<wire::Ping>("other").size() == 1);
}

TEST_CASE("a peer that registers again over its own connection is no rival of itself") {
    Simulated world;
    world.join(1, {file("a")});
    world.send(route_of(1), world.registration(1));
    world.last<wire::Registered>(route_of(1));
    auto moved = world.registration(2);
    moved.peer = peer_id(1);
    world.send(route_of(1), moved);
    expect_registered(world, route_of(1), {"10.0.0.1", 1002});
    CHECK(world.sources_of("a") == Numbers{2});
    CHECK(world.directory.stats()[Counter::peers] == 1);
}

TEST_CASE("another peer on the same connection takes the place of the one before") {
    Simulated world;
    world.join(1, {file("a")});
    world.send(route_of(1), world.registration(2));
    CHECK(world.directory.stats()[Counter::peers] == 1);
    CHECK(world.sources_of("a").empty());
    CHECK(std::any_of(world.out.changes.begin(), world.out.changes.end(),
                      [](auto const& change) { return change.kind == Kind::replaced; }));
}

TEST_CASE("who wants one peer's id and another's endpoint waits for both") {
    Simulated world;
    world.join(1, {file("a")});
    world.join(2, {file("b")});
    auto claim = world.registration(2);
    claim.peer = peer_id(1);
    SECTION("one of them that answers is enough to refuse it") {
        auto const alive = GENERATE(1U, 2U);
        world.send("new", claim);
        world.send(route_of(alive), wire::Pong{});
        world.expect_failure("new", wire::ErrorCode::busy);
        world.pass(250ms);
        CHECK(world.all<wire::Registered>("new").empty());
        CHECK(world.directory.stats()[Counter::pending_registrations] == 0);
        CHECK(world.directory.stats()[Counter::peers] == 1);
    }
    SECTION("if neither answers, it has both") {
        world.send("new", claim);
        world.pass(250ms);
        expect_registered(world, "new", {"10.0.0.1", 1002});
        CHECK(world.directory.stats()[Counter::peers] == 1);
    }
    SECTION("one whose connection is closed need not be waited for") {
        world.out.gone.insert(route_of(2));
        world.send("new", claim);
        world.pass(250ms);
        expect_registered(world, "new", {"10.0.0.1", 1002});
        CHECK(world.sources_of("a") == Numbers{2});
    }
}

TEST_CASE("of two that want what a dead peer has, the first has it and the second is refused") {
    Simulated world;
    world.join(1);
    world.send("first", rival(world));
    auto other = rival(world);
    other.peer = peer_id(98);
    world.send("second", other);
    world.pass(250ms);
    CHECK(world.all<wire::Registered>("first").size() == 1);
    CHECK(world.all<wire::Registered>("second").empty());
    world.send("first", wire::Pong{});
    world.expect_failure("second", wire::ErrorCode::busy);
}

TEST_CASE("a connection has one registration that waits: the last") {
    Simulated world;
    world.join(1);
    world.join(2);
    world.send("new", rival(world), 5);
    auto other = world.registration(2);
    other.peer = peer_id(98);
    world.send("new", other, 6);
    CHECK(world.directory.stats()[Counter::pending_registrations] == 1);
    world.send(route_of(1), wire::Pong{});
    CHECK(world.all<wire::Failure>("new").empty());
    world.send(route_of(2), wire::Pong{});
    CHECK(world.all<wire::Failure>("new").size() == 1);
    CHECK(world.out.sent.back().request == 6);
    auto third = world.registration(3);
    third.peer = peer_id(98);
    world.send("new", other);
    world.send("new", third);
    expect_registered(world, "new", {"10.0.0.1", 1003});
    CHECK(world.directory.stats()[Counter::pending_registrations] == 0);
}

TEST_CASE("a registration that waits is forgotten when its connection says good-bye or closes") {
    Simulated world;
    world.join(1);
    world.send("new", rival(world));
    SECTION("it leaves") {
        world.send("new", wire::Leave{});
    }
    SECTION("it closes") {
        world.directory.on_closed("new", world.now);
    }
    CHECK(world.directory.stats()[Counter::pending_registrations] == 0);
    world.pass(250ms);
    CHECK(world.all<wire::Registered>("new").empty());
}

TEST_CASE("no more registrations wait than the limits say, in all and of one host") {
    Directory::Limits limits;
    limits.registrations = {3, 2, 1};
    Simulated world(limits);
    world.join(1);
    auto const claim = [&](std::string const& route, std::string const& host) {
        wire::Register message = rival(world);
        message.listens.host.clear();
        if (host != "10.0.0.1") {
            message = {peer_id(1), {"", 1001}, 1000, ""};  // the id, since not the endpoint
        }
        world.send(route, message, 0, host);
    };
    claim("a", "10.0.0.1");
    claim("b", "10.0.0.1");
    claim("c", "10.0.0.1");
    world.expect_failure("c", wire::ErrorCode::busy);
    claim("d", "10.0.0.2");
    claim("e", "10.0.0.3");
    world.expect_failure("e", wire::ErrorCode::busy);
    CHECK(world.directory.stats()[Counter::pending_registrations] == 3);
    world.send(route_of(1), wire::Pong{});
    CHECK(world.directory.stats()[Counter::pending_registrations] == 0);
    claim("e", "10.0.0.3");
    CHECK(world.directory.stats()[Counter::pending_registrations] == 1);
}

// ---- closed connections ----

TEST_CASE("a peer whose connection is said to be closed is dropped at once") {
    Simulated world;
    world.join(1, {file("a")});
    world.directory.on_closed(route_of(1), world.now);
    CHECK(world.out.changes.back().kind == Kind::closed);
    CHECK(world.directory.stats()[Counter::peers] == 0);
    CHECK(world.sources_of("a").empty());
    world.directory.on_closed("nobody's", world.now);
}

TEST_CASE("what a closed connection has asked for is forgotten, and others' is not") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0});
    world.send("other", wire::Find{wire::FindBy::name, "a", "", 0});
    CHECK(world.directory.stats()[Counter::pending_finds] == 2);
    world.directory.on_closed("asker", world.now);
    CHECK(world.directory.stats()[Counter::pending_finds] == 1);
    world.send(route_of(1), wire::Pong{});
    CHECK(world.all<wire::Found>("asker").empty());
    CHECK(world.all<wire::Found>("other").size() == 1);
}

TEST_CASE("who waits for a peer learns at once that its connection is closed") {
    Simulated world;
    world.join(1, {file("a")});
    world.pass(fresh);
    world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0});
    world.send("new", rival(world));
    world.directory.on_closed(route_of(1), world.now);
    CHECK(world.last<wire::Found>("asker").files.empty());
    world.last<wire::Registered>("new");
}

TEST_CASE("a peer that waits to come back has its files again when its old connection closes") {
    Simulated world;
    world.join(1, {file("a")});
    world.send("new", world.registration(1));
    world.directory.on_closed(route_of(1), world.now);
    world.last<wire::Registered>("new");
    CHECK(world.sources_of("a") == Numbers{1});
}

// ---- room ----

TEST_CASE("one host has no more peers than its share, and others have room") {
    Directory::Limits limits;
    limits.peers_per_host = 2;
    Simulated world(limits);
    world.join(1);
    world.join(2);
    world.send("r3", world.registration(3));
    world.expect_failure("r3", wire::ErrorCode::limit);
    world.send("r4", at("", 4000, 4), 0, "10.0.0.2");
    world.last<wire::Registered>("r4");
    world.send(route_of(1), wire::Leave{});
    world.send("r3", world.registration(3));
    world.last<wire::Registered>("r3");
}

TEST_CASE("ten thousand peers of one host are admitted") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 10'000; ++peer) {
        world.send(route_of(peer), world.registration(peer));
    }
    CHECK(world.directory.stats()[Counter::peers] == 10'000);
}
