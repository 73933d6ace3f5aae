#include "subscriber.hpp"

// Who subscribes to peers hears of each that appears, changes and goes, alone or beside files.

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using tracker::Directory;

namespace {

/// A subscription to peers, and to the files that match.
struct PeerSubscriber : Subscriber {
    explicit PeerSubscriber(Simulated& world, std::string pattern = {},
                            wire::Sender const& from = {"sub", "10.0.0.9"})
        : Subscriber(world, std::move(pattern), from, true) {}

    /// The numbers of the peers that are known.
    [[nodiscard]] Numbers numbers() const {
        Numbers all;
        for (auto const& [id, peer] : peers) {
            all.push_back(peer.listens.port - 1000U);
        }
        return all;
    }
};

Directory::Limits pages_of(std::size_t peers) {
    Directory::Limits limits;
    limits.peers_page = peers;
    return limits;
}

}  // namespace

TEST_CASE("the first answer to who wants peers has all of them, as a list of peers tells of them") {
    Simulated world;
    auto registration = world.registration(1);
    registration.labels = "rack=a";
    world.send(route_of(1), registration);
    world.update(1, 1, {file("a"), file("b")});
    world.heartbeat(1, 1, 3);
    world.pass(500ms);
    PeerSubscriber subscriber(world);
    auto const page = subscriber.ask_and_get();
    CHECK(page.begin);
    CHECK(page.next.empty());
    CHECK(page.files.empty());
    REQUIRE(page.peers.size() == 1);
    CHECK(page.peers[0] == wire::PeerEntry{peer_id(1), {"10.0.0.1", 1001}, 2, 3, 500, "rack=a"});
}

TEST_CASE("who wants files alone hears of no peers, and who wants peers alone of no files") {
    Simulated world;
    Subscriber files(world, "**", {"files", "10.0.0.8"});
    PeerSubscriber peers(world);
    files.list();
    peers.list();
    files.ask();
    world.join(1);
    world.pass(1s);
    CHECK_FALSE(files.answer());
    CHECK(peers.ask_and_wait().files.empty());
    CHECK(peers.numbers() == Numbers{1});
    peers.ask();
    world.update(1, 1, {file("a")});
    world.pass(gathering);
    REQUIRE(files.answer());
    CHECK(files.peers.empty());
    CHECK_FALSE(peers.answer());
}

TEST_CASE("a peer that registers is told of soon, with others that come together with it") {
    Simulated world;
    PeerSubscriber subscriber(world);
    subscriber.list();
    subscriber.ask();
    world.join(1);
    world.join(2);
    world.pass(gathering - 1ns);
    CHECK_FALSE(subscriber.answer());
    world.pass(1ns);
    REQUIRE(subscriber.answer());
    CHECK(subscriber.numbers() == Numbers{1, 2});
}

TEST_CASE("a peer is gone with its good-bye, its connection or its lease, and told by its id") {
    Simulated world;
    PeerSubscriber subscriber(world);
    for (std::uint32_t i = 1; i <= 3; ++i) {
        world.join(i);
    }
    subscriber.list();
    world.send(route_of(1), wire::Leave{});
    world.directory.on_closed(route_of(2), world.now);
    auto const first = subscriber.ask_and_wait();
    CHECK(first.peers.empty());
    CHECK(first.gone == std::vector{peer_id(1), peer_id(2)});
    CHECK(subscriber.numbers() == Numbers{3});
    subscriber.ask();
    world.pass(ttl + gathering);
    REQUIRE(subscriber.answer());
    CHECK(subscriber.peers.empty());
}

TEST_CASE("a peer whose heartbeats stop is gone, and there again when it registers again") {
    Simulated world;
    world.join(1);
    PeerSubscriber subscriber(world);
    subscriber.list();
    subscriber.ask();
    world.pass(ttl + gathering);
    REQUIRE(subscriber.answer());
    CHECK(subscriber.peers.empty());
    world.join(1);
    CHECK(subscriber.ask_and_wait().peers.size() == 1);
    CHECK(subscriber.numbers() == Numbers{1});
}

TEST_CASE("a peer that is back before it was told that it is gone has never been away") {
    Simulated world;
    world.join(1);
    PeerSubscriber subscriber(world);
    subscriber.list();
    world.directory.on_closed(route_of(1), world.now);
    world.send("another connection", world.registration(1));
    auto const changes = subscriber.ask_and_wait();
    CHECK(changes.gone.empty());
    CHECK(subscriber.numbers() == Numbers{1});
}

TEST_CASE("one that is started anew at the same address is another peer") {
    Simulated world;
    world.join(1);
    PeerSubscriber subscriber(world);
    subscriber.list();
    world.directory.on_closed(route_of(1), world.now);
    auto again = world.registration(1);
    again.peer = peer_id(9);
    world.send("anew", again);
    auto const changes = subscriber.ask_and_wait();
    CHECK(changes.gone == std::vector{peer_id(1)});
    REQUIRE(changes.peers.size() == 1);
    CHECK(changes.peers[0].peer == peer_id(9));
}

TEST_CASE("a peer that registers again with another address or other labels is told anew") {
    Simulated world;
    world.join(1);
    PeerSubscriber subscriber(world);
    subscriber.list();
    auto again = world.registration(1);
    again.listens.port = 5000;
    again.labels = "rack=b";
    world.send(route_of(1), again);
    subscriber.ask_and_wait();
    CHECK(subscriber.peers.at(peer_id(1)).listens.port == 5000);
    CHECK(subscriber.peers.at(peer_id(1)).labels == "rack=b");
}

TEST_CASE("neither files nor load of a peer are told of by themselves") {
    Simulated world;
    world.join(1);
    PeerSubscriber subscriber(world);
    subscriber.list();
    subscriber.ask();
    world.update(1, 1, {file("a")});
    world.heartbeat(1, 1, 7);
    world.pass(1s);
    CHECK_FALSE(subscriber.answer());
}

TEST_CASE("peers and files that are wanted together come by one list, peers first") {
    auto limits = pages_of(2);
    limits.changes_files = 2;
    Simulated world(limits);
    for (std::uint32_t i = 1; i <= 5; ++i) {
        world.join(i, {file("f" + std::to_string(i), i)});
    }
    PeerSubscriber subscriber(world, "*");
    std::vector<std::pair<std::size_t, std::size_t>> pages;
    do {
        auto const page = subscriber.ask_and_get();
        pages.emplace_back(page.peers.size(), page.files.size());
    } while (!subscriber.question.after.empty());
    std::vector<std::pair<std::size_t, std::size_t>> const expected{{2, 0}, {2, 0}, {1, 0},
                                                                    {0, 2}, {0, 2}, {0, 1}};
    CHECK(pages == expected);
    CHECK(subscriber.lists == 1);
    CHECK(subscriber.numbers() == Numbers{1, 2, 3, 4, 5});
    CHECK(subscriber.known.size() == 5);
}

TEST_CASE("a peer that comes while the list is read is told after it, and one that goes is gone") {
    Simulated world(pages_of(2));
    for (std::uint32_t i = 1; i <= 4; ++i) {
        world.join(i);
    }
    PeerSubscriber subscriber(world);
    subscriber.ask_and_get();
    world.send(route_of(1), wire::Leave{});
    world.send(route_of(4), wire::Leave{});
    world.join(5);
    while (!subscriber.question.after.empty()) {
        subscriber.ask_and_get();
    }
    subscriber.ask_and_wait();
    CHECK(subscriber.numbers() == Numbers{2, 3, 5});
}

TEST_CASE("changes of both kinds come in the order in which they were, up to what fits") {
    auto limits = pages_of(2);
    Simulated world(limits);
    PeerSubscriber subscriber(world, "**");
    subscriber.list();
    for (std::uint32_t i = 1; i <= 5; ++i) {
        world.join(i, {file("f" + std::to_string(i), i)});
    }
    auto const first = subscriber.ask_and_wait();
    CHECK(first.peers.size() == 2);
    CHECK(first.files.size() == 1);
    while (subscriber.known.size() < 5 || subscriber.peers.size() < 5) {
        subscriber.ask_and_wait();
    }
    for (std::uint32_t i = 1; i <= 5; ++i) {
        world.send(route_of(i), wire::Leave{});
    }
    CHECK(subscriber.ask_and_wait().gone.size() == 2);
}

TEST_CASE("changes of files do not have peers forgotten, nor those of peers files") {
    Directory::Limits limits;
    limits.change_bytes = 10 * 300;
    Simulated world(limits);
    world.join(1, {file("kept")});
    PeerSubscriber peers(world);
    Subscriber files(world, "kept", {"files", "10.0.0.8"});
    peers.list();
    files.list();
    for (std::uint32_t i = 0; i < 20; ++i) {
        world.update(1, 2 + i, {file("other-" + std::to_string(i), i)});
    }
    CHECK(files.ask_and_get().begin);
    world.join(2);
    CHECK_FALSE(peers.ask_and_wait().begin);
    for (std::uint32_t i = 10; i < 30; ++i) {
        world.join(i);
    }
    CHECK(peers.ask_and_get().begin);
    CHECK(peers.peers.size() == 22);
    world.update(1, 22, {file("kept", 2)});
    CHECK_FALSE(files.ask_and_wait().begin);
}

TEST_CASE("who was away hears of the peers that have come and gone meanwhile, and of no more") {
    Simulated world;
    world.join(1);
    world.join(2);
    PeerSubscriber subscriber(world);
    subscriber.list();
    world.directory.on_closed("sub", world.now);
    world.send(route_of(1), wire::Leave{});
    world.join(3);
    world.pass(1s);
    subscriber.sender.route = "another connection";
    auto const changes = subscriber.ask_and_wait();
    CHECK_FALSE(changes.begin);
    CHECK(changes.peers.size() == 1);
    CHECK(changes.gone.size() == 1);
    CHECK(subscriber.numbers() == Numbers{2, 3});
}

TEST_CASE(
    "a tracker that was started anew gives the whole list of peers, and says that it is young") {
    Directory::Options options{epoch + 1, 42, ttl, {}};
    options.born = wire::Time{1000s};
    Simulated after(options);
    after.send(route_of(1), after.registration(1));
    after.send("sub", wire::Subscribe{"", "", epoch, 7, true}, 5);
    auto const changes = after.last<wire::Changes>("sub");
    CHECK(changes.begin);
    CHECK(changes.young);
    CHECK(changes.peers.size() == 1);
}

TEST_CASE("a question about peers waits in vain for no longer than others, whatever else changes") {
    Simulated world;
    world.join(1, {}, true);
    PeerSubscriber subscriber(world);
    subscriber.list();
    subscriber.ask();
    for (std::uint32_t i = 0; i < 10; ++i) {
        CHECK_FALSE(subscriber.answer());
        world.update(1, 1 + i, {file("f" + std::to_string(i), i)});
        world.pass(Directory::question_time / 10);
    }
    auto const changes = subscriber.answer();
    REQUIRE(changes);
    CHECK(changes->peers.empty());
    CHECK(changes->gone.empty());
    CHECK(changes->sequence == 10);
    CHECK(world.directory.stats()[Counter::subscriptions] == 0);
}

TEST_CASE("where nothing that is wanted changes a tracker looks once, and has nothing to do then") {
    Simulated world;
    world.join(1, {}, true);
    PeerSubscriber subscriber(world);
    subscriber.list();
    subscriber.ask();
    world.update(1, 1, {file("a")});
    world.pass(gathering);
    CHECK(world.directory.next_deadline() > world.now + gathering);
}

TEST_CASE("a list goes on from any place, also from one that was of another question") {
    Simulated world(pages_of(1));
    world.join(1, {file("a")});
    world.join(2, {file("b", 2)});
    auto const at_peer = "@" + wire::to_hex(peer_id(1));
    world.send("sub", wire::Subscribe{"*", at_peer, 0, 0, true}, 5);
    CHECK(world.last<wire::Changes>("sub").peers.size() == 1);
    world.send("sub", wire::Subscribe{"*", at_peer}, 6);
    CHECK(world.last<wire::Changes>("sub").files.size() == 2);
    auto const at_file = wire::to_hex(content_id(1)) + "a";
    world.send("sub", wire::Subscribe{"", at_file, 0, 0, true}, 7);
    auto const nothing = world.last<wire::Changes>("sub");
    CHECK(nothing.peers.empty());
    CHECK(nothing.next.empty());
}

TEST_CASE("a cursor of peers that is none is refused") {
    Simulated world;
    for (std::string const cursor : {"@", "@00", "@zz", "@000000000000000000000000000000000"}) {
        world.send("sub", wire::Subscribe{"", cursor, 0, 0, true}, 5);
        world.expect_failure("sub", wire::ErrorCode::bad_message);
    }
}

TEST_CASE("a list of many peers does not keep other messages waiting") {
    auto limits = pages_of(1024);
    limits.quick_work = 128 * 100;
    Simulated world(limits);
    for (std::uint32_t i = 1; i <= 300; ++i) {
        world.join(i);
    }
    PeerSubscriber subscriber(world);
    CHECK(subscriber.ask_and_get().peers.size() == 100);
    subscriber.list();
    CHECK(subscriber.peers.size() == 300);
}
