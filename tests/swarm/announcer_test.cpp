#include "scripted_peer.hpp"

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>

#include <set>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

// ---- registration ----

TEST_CASE("a peer registers as soon as it is connected, and not before") {
    Scripted peer;
    peer.pass(10s);
    CHECK(peer.sent.empty());
    CHECK_FALSE(peer.core.next_deadline().has_value());
    peer.connect();
    auto const asked = peer.take<wire::Register>();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].listens == wire::Endpoint{"", 7000});
    CHECK(asked[0].heartbeat_ms == 1000);
    CHECK(asked[0].labels == "zone=a");
    CHECK_FALSE(peer.core.registered());
}

TEST_CASE("a Register that is not answered is sent again after two seconds") {
    Scripted peer;
    peer.connect();
    peer.sent.clear();
    CHECK(peer.core.next_deadline() == peer.now + 2s);
    peer.pass(2s - tick);
    CHECK(peer.sent.empty());
    peer.pass(tick);
    CHECK(peer.take<wire::Register>().size() == 1);
}

TEST_CASE("a refused registration is told of, and tried again once a second") {
    Scripted peer;
    peer.connect();
    peer.sent.clear();
    for (auto const code : {wire::ErrorCode::limit, wire::ErrorCode::busy,
                            wire::ErrorCode::not_authorised, wire::ErrorCode::bad_message}) {
        peer.hear(wire::Failure{code, "no\nroom", epoch});
        CHECK(peer.sent.empty());
        CHECK(peer.core.trouble() == "it refuses this peer: no\\x0aroom");
        CHECK(peer.core.next_deadline() == peer.now + 1s);
        peer.pass(1s - tick);
        CHECK(peer.sent.empty());
        peer.pass(tick);
        CHECK(peer.take<wire::Register>().size() == 1);
    }
    peer.be_registered();
    CHECK(peer.core.registered());
    CHECK(peer.core.trouble().empty());
}

TEST_CASE("when the connection is lost, a refusal is no longer what is wrong") {
    Scripted peer;
    peer.connect();
    peer.hear(wire::Failure{wire::ErrorCode::limit, "no room", epoch});
    peer.core.on_connected(peer.now, false);
    CHECK(peer.core.trouble().empty());
}

TEST_CASE("once registered, the peer shows the address that the tracker tells") {
    Scripted peer;
    peer.connect();
    peer.be_registered();
    CHECK(peer.core.registered());
    CHECK(peer.core.listens() == wire::Endpoint{"10.0.0.9", 7000});
}

TEST_CASE("the address that a tracker tells is never registered, whatever it is") {
    Scripted peer;
    peer.connect();
    peer.sent.clear();
    peer.hear(wire::Registered{epoch, 3000, 1000, {"203.0.113.66", 6666}});
    CHECK(peer.core.listens() == wire::Endpoint{"203.0.113.66", 6666});
    peer.sent.clear();
    SECTION("it has forgotten the peer") {
        peer.hear(wire::Failure{wire::ErrorCode::unknown_peer, "register first", epoch});
    }
    SECTION("it is another one now") {
        peer.hear(wire::Alive{epoch + 1});
    }
    peer.pass(500ms);
    auto const asked = peer.take<wire::Register>();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].listens == wire::Endpoint{"", 7000});
    peer.hear(wire::Registered{epoch, 3000, 1000, {"10.0.0.7", 7000}});
    CHECK(peer.core.listens() == wire::Endpoint{"10.0.0.7", 7000});
}

TEST_CASE("heartbeats come as often as the tracker wanted last") {
    Scripted peer;
    peer.settle();
    auto const next = [&] { return *peer.core.next_deadline() - peer.now; };
    peer.pass(next());
    REQUIRE(peer.take<wire::Heartbeat>().size() == 1);
    CHECK(next() == 1s);
    peer.hear(wire::Alive{epoch, 4000});
    CHECK(next() == 4s);
    peer.hear(wire::Alive{epoch});
    CHECK(next() == 4s);
    peer.pass(4s - 1ns);
    CHECK(peer.take<wire::Heartbeat>().empty());
    peer.pass(1ns);
    CHECK(peer.take<wire::Heartbeat>().size() == 1);
    peer.hear(wire::Alive{epoch, 1000});
    CHECK(next() == 1s);
    peer.hear(wire::Alive{epoch + 1, 4000});  // not of the tracker that it is registered with
    CHECK_FALSE(peer.core.registered());
}

TEST_CASE("a list that the tracker does not take is told of, and sent again after half a minute") {
    bool const silent = GENERATE(false, true);
    Scripted peer(silent);
    peer.settle();
    peer.put("a");
    peer.put("b");
    REQUIRE(peer.take<wire::Update>().size() == 1);
    peer.hear(wire::Failure{wire::ErrorCode::limit, "memory is full", epoch});
    peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch});
    CHECK(peer.core.registered());
    CHECK_FALSE(peer.core.settled());
    CHECK(peer.core.trouble() == "it does not take this peer's list of files: memory is full");
    auto const refused = peer.now;
    peer.put("c");
    while (peer.now + 500ms < refused + 30s) {
        peer.pass(500ms);
        for (auto const& message : peer.sent) {
            // The refused Update has not used its number.
            REQUIRE(message == wire::Message(wire::Heartbeat{epoch, 1, 0}));
        }
        peer.sent.clear();
        REQUIRE(peer.core.next_deadline().has_value());
        // It asks whether the change that it has sent is missing; it is, and that is known.
        peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch});
    }
    peer.pass(500ms);
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].sequence == 2);
    CHECK(updates[0].full_begin);
    CHECK(names(updates[0]) == Names{"a", "b", "c"});
    peer.answer(2);
    CHECK(peer.core.settled());
    CHECK(peer.core.trouble().empty());
}

TEST_CASE("a list that was refused is sent at once if the user wants that, or after registration") {
    Scripted peer;
    peer.settle();
    peer.put("a");
    peer.hear(wire::Failure{wire::ErrorCode::limit, "memory is full", epoch});
    peer.sent.clear();
    SECTION("the user wants it") {
        peer.core.resend(peer.now);
    }
    SECTION("the tracker was restarted") {
        peer.pass(1s);
        REQUIRE(peer.take<wire::Heartbeat>().size() == 1);
        peer.hear(wire::Failure{wire::ErrorCode::unknown_peer, "register first", epoch});
        peer.pass(500ms);
        peer.be_registered();
    }
    CHECK(peer.take<wire::Update>().size() == 1);
}

TEST_CASE("an answer to a Register that was repeated changes nothing") {
    Scripted peer;
    peer.share["a"] = entry("a");
    peer.settle();
    peer.be_registered();
    CHECK(peer.sent.empty());
    CHECK(peer.core.settled());
}

TEST_CASE("a tracker that does not know the peer is registered with again, within the jitter") {
    std::set<wire::Duration> waits;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Scripted peer(false, seed);
        peer.settle();
        peer.hear(wire::Failure{wire::ErrorCode::unknown_peer, "register first", epoch});
        CHECK_FALSE(peer.core.registered());
        if (!peer.take<wire::Register>().empty()) {
            waits.insert(0ms);
            continue;
        }
        auto const wait = peer.core.next_deadline().value() - peer.now;
        waits.insert(wait);
        peer.pass(wait);
        CHECK(peer.take<wire::Register>().size() == 1);
    }
    CHECK(*waits.begin() <= 50ms);
    CHECK(*waits.rbegin() >= 450ms);
    CHECK(*waits.rbegin() <= 500ms);
    CHECK(waits.size() > 50);
}

TEST_CASE("whatever shows a new life of the tracker makes the peer register again") {
    auto const message = GENERATE(wire::Message(wire::Alive{epoch + 1}),
                                  wire::Message(wire::Found{epoch + 1, {}, {}}),
                                  wire::Message(wire::PeerList{epoch + 1, {}, {}}),
                                  wire::Message(wire::Updated{epoch + 1, 1}));
    Scripted peer;
    peer.share["a"] = entry("a");
    peer.settle();
    peer.hear(message);
    CHECK_FALSE(peer.core.registered());
    peer.pass(500ms);
    peer.be_registered(epoch + 1);
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].epoch == epoch + 1);
    CHECK(updates[0].sequence == 1);
    CHECK(names(updates[0]) == Names{"a"});
}

// ---- the list ----

TEST_CASE("the whole list follows registration") {
    Scripted peer;
    peer.share = {{"a", entry("a")}, {"b", entry("b")}};
    peer.connect();
    peer.be_registered();
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].epoch == epoch);
    CHECK(updates[0].sequence == 1);
    CHECK(updates[0].full_begin);
    CHECK(updates[0].full_end);
    CHECK(names(updates[0]) == Names{"a", "b"});
    CHECK_FALSE(peer.core.settled());
    peer.answer(1);
    CHECK(peer.core.settled());
}

TEST_CASE("an empty list is said, too") {
    Scripted peer;
    peer.connect();
    peer.be_registered();
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].full_begin);
    CHECK(updates[0].full_end);
    CHECK(updates[0].added.empty());
}

TEST_CASE("a hundred thousand files go in batches within the limits, four on the way at most") {
    bool const long_names = GENERATE(false, true);
    Scripted peer;
    std::string const pad(long_names ? 900 : 0, 'x');
    for (int i = 0; i < 100'000; ++i) {
        auto name = std::to_string(i) + (long_names && i % 10 == 0 ? "/" + pad : std::string());
        peer.share[name] = entry(name);
    }
    peer.connect();
    peer.be_registered();
    Names told;
    std::uint64_t sequence = 0;
    bool ended = false;
    while (!ended) {
        auto const updates = peer.take<wire::Update>();
        REQUIRE_FALSE(updates.empty());
        REQUIRE(updates.size() <= 4);
        for (auto const& update : updates) {
            REQUIRE(update.sequence == ++sequence);
            REQUIRE(update.full_begin == (sequence == 1));
            REQUIRE(update.added.size() <= wire::limits::update_entries);
            REQUIRE(wire::encode(update).body.size() <= wire::limits::update_bytes);
            for (auto const& file : update.added) {
                told.push_back(file.name);
            }
            ended = ended || update.full_end;
        }
        peer.answer(sequence);
    }
    CHECK(peer.core.settled());
    CHECK(told.size() == peer.share.size());
    CHECK(std::ranges::equal(told, peer.share, {}, {}, [](auto const& one) { return one.first; }));
    CHECK(peer.most_entries <= wire::limits::update_entries);
}

TEST_CASE("a list that ends with a full batch is ended by an empty one") {
    Scripted peer;
    for (std::size_t i = 0; i < wire::limits::update_entries; ++i) {
        auto const name = std::to_string(10'000 + i);
        peer.share[name] = entry(name);
    }
    peer.connect();
    peer.be_registered();
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 2);
    CHECK_FALSE(updates[0].full_end);
    CHECK(updates[1].full_end);
    CHECK(updates[1].added.empty());
}

TEST_CASE("a change that follows the answer to the one before has the next number") {
    Scripted peer;
    peer.settle();
    peer.put("a");
    peer.answer(2);
    peer.remove("a");
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 2);
    CHECK(updates[0].sequence == 2);
    CHECK_FALSE(updates[0].full_begin);
    CHECK_FALSE(updates[0].full_end);
    CHECK(names(updates[0]) == Names{"a"});
    CHECK(updates[1].sequence == 3);
    CHECK(updates[1].removed == Names{"a"});
}

TEST_CASE("changes that are told of together are said together") {
    Scripted peer;
    peer.settle();
    std::vector<wire::FileEntry> added;
    for (auto const* name : {"a", "b", "c"}) {
        added.push_back(peer.share[name] = entry(name, 1));
    }
    peer.core.on_changed(peer.now, added, {"old"});
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].added == added);
    CHECK(updates[0].removed == std::vector<std::string>{"old"});
}

TEST_CASE(
    "changes wait for the answer to the last and are put together, the last of a name counts") {
    Scripted peer;
    peer.settle();
    peer.put("d");
    CHECK(peer.take<wire::Update>().size() == 1);
    peer.put("e");
    peer.put("a", 2);
    peer.put("f");
    peer.remove("f");
    CHECK(peer.sent.empty());
    peer.answer(2);
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].sequence == 3);
    CHECK(names(updates[0]) == Names{"a", "e"});
    CHECK(updates[0].added[0].size == 2);
    CHECK(updates[0].removed == Names{"f"});
}

TEST_CASE("changes that fill an Update do not wait for the answer to the one before") {
    Scripted peer;
    peer.settle();
    peer.put("a");
    peer.put_many(wire::limits::update_entries - 1);
    CHECK(peer.take<wire::Update>().size() == 1);
    peer.put("b");
    CHECK(peer.take<wire::Update>().size() == 1);
}

TEST_CASE("ten thousand changes at once go in messages within the limits") {
    bool const removed = GENERATE(false, true);
    Scripted peer;
    peer.settle();
    std::string const pad(200, 'x');
    for (int i = 0; i < 10'000; ++i) {
        removed ? peer.remove(std::to_string(i) + pad) : peer.put(std::to_string(i) + pad);
    }
    std::size_t told = 0;
    for (auto updates = peer.take<wire::Update>(); !updates.empty();
         updates = peer.take<wire::Update>()) {
        REQUIRE(updates.size() <= 4);
        for (auto const& update : updates) {
            told += update.added.size() + update.removed.size();
            REQUIRE(update.added.size() <= wire::limits::update_entries);
            REQUIRE(update.removed.size() <= wire::limits::update_entries);
            REQUIRE(wire::encode(update).body.size() <= wire::limits::update_bytes);
        }
        peer.answer(updates.back().sequence);
    }
    CHECK(told == 10'000);
    CHECK(peer.core.settled());
}

TEST_CASE("a change during the full list is said once: by the list if it has still to come") {
    Scripted peer;
    for (int i = 0; i < 10'000; ++i) {
        auto const name = std::to_string(10'000 + i);
        peer.share[name] = entry(name);
    }
    peer.connect();
    peer.be_registered();
    auto const first = peer.take<wire::Update>();
    REQUIRE(first.size() == 4);
    peer.put("10000", 2);  // told already
    peer.put("19999", 2);  // still to come
    peer.remove("19998");  // likewise: the list will not name it
    CHECK(peer.sent.empty());
    std::map<std::string, int> told;
    bool removed = false;
    auto sequence = first.back().sequence;
    while (!peer.core.settled()) {
        peer.answer(sequence);
        for (auto const& update : peer.take<wire::Update>()) {
            sequence = update.sequence;
            for (auto const& file : update.added) {
                ++told[file.name];
                CHECK(file.size == peer.share.at(file.name).size);
            }
            removed = removed || !update.removed.empty();
        }
    }
    CHECK(told["10000"] == 1);
    CHECK(told["19999"] == 1);
    CHECK(told.count("19998") == 0);
    CHECK_FALSE(removed);
}

// ---- what goes wrong ----

TEST_CASE("an Update that is not answered in time makes the whole list be sent again") {
    Scripted peer;
    peer.share["a"] = entry("a");
    peer.settle();
    peer.put("b");
    peer.sent.clear();
    CHECK(peer.core.next_deadline() == peer.now + 1s);  // a heartbeat comes before
    peer.pass(2s - tick);
    CHECK(peer.take<wire::Update>().empty());
    peer.pass(tick);
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].sequence == 3);
    CHECK(updates[0].full_begin);
    CHECK(updates[0].full_end);
    CHECK(names(updates[0]) == Names{"a", "b"});
}

TEST_CASE("an answer to any Update on the way is progress") {
    Scripted peer;
    peer.settle();
    peer.put_many(2 * wire::limits::update_entries);
    REQUIRE(peer.take<wire::Update>().size() >= 2);
    peer.pass(1500ms);
    peer.answer(2);
    peer.sent.clear();
    peer.pass(2s - tick);
    CHECK(peer.take<wire::Update>().empty());
    peer.pass(tick);
    CHECK(peer.take<wire::Update>().at(0).full_begin);
}

TEST_CASE("answers that come twice, late or for nothing change nothing") {
    Scripted peer;
    peer.settle();
    peer.put_many(2 * wire::limits::update_entries);
    auto updates = peer.take<wire::Update>();
    REQUIRE(updates.size() >= 2);
    for (; !updates.empty(); updates = peer.take<wire::Update>()) {
        peer.answer(updates.back().sequence);
    }
    CHECK(peer.core.settled());
    peer.answer(2);
    peer.answer(3);
    peer.answer(99);
    peer.answer(0);
    CHECK(peer.core.settled());
    CHECK(peer.sent.empty());
}

TEST_CASE("a tracker that misses an Update gets the whole list") {
    Scripted peer;
    peer.share["a"] = entry("a");
    peer.settle();
    peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch});
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].sequence == 2);
    CHECK(updates[0].full_begin);
    CHECK(names(updates[0]) == Names{"a"});
}

TEST_CASE("a tracker that misses several Updates gets the whole list once") {
    Scripted peer;
    peer.settle();
    auto const before = peer.said;
    peer.put_many(2 * wire::limits::update_entries);
    auto const lost = peer.take<wire::Update>().size();
    REQUIRE(lost >= 2);
    peer.pass(1s);
    REQUIRE(peer.said == before + lost + 1);  // and a Heartbeat
    peer.sent.clear();
    for (auto number = before + 1; number <= before + lost + 1; ++number) {
        peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch}, number);
    }
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() >= 2);
    CHECK(updates[0].sequence == 2 + lost);
    CHECK(std::ranges::count(updates, true, &wire::Update::full_begin) == 1);
    CHECK(updates[0].full_begin);
    peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch});
    CHECK(peer.take<wire::Update>().at(0).full_begin);
}

TEST_CASE("what a tracker refused before the list began anew does not hold up the new list") {
    Scripted peer;
    peer.settle();
    peer.put("a");
    auto const late = peer.said;
    peer.core.resend(peer.now);
    peer.sent.clear();
    peer.hear(wire::Failure{wire::ErrorCode::limit, "memory is full", epoch}, late);
    peer.hear(wire::Failure{wire::ErrorCode::unknown_peer, "register first", epoch}, late);
    CHECK(peer.core.registered());
    CHECK(peer.core.trouble().empty());
    peer.answer(3);
    CHECK(peer.core.settled());
}

TEST_CASE("a Failure to a Register that was sent twice does not concern the list") {
    Scripted peer;
    peer.connect();
    peer.pass(2s);
    auto const second = peer.said;
    peer.be_registered();
    peer.hear(wire::Failure{wire::ErrorCode::busy, "another peer is there", epoch}, second);
    CHECK(peer.core.trouble().empty());
    peer.answer(1);
    CHECK(peer.core.settled());
}

TEST_CASE("a Heartbeat that is refused changes nothing, unless an Update is missing") {
    bool const list_waits = GENERATE(false, true);
    Scripted peer;
    peer.settle();
    if (list_waits) {
        peer.put("a");
    }
    peer.pass(1s);
    REQUIRE(peer.take<wire::Heartbeat>().size() == 1);
    peer.hear(wire::Failure{wire::ErrorCode::bad_message, "`load` is out of range", 0});
    CHECK(peer.sent.empty());
    CHECK(peer.core.trouble().empty());
    CHECK(peer.core.settled() != list_waits);
    peer.hear(wire::Failure{wire::ErrorCode::resync, "an Update is missing", epoch});
    CHECK(peer.take<wire::Update>().size() == 1);
}

TEST_CASE("an Update is refused, whatever epoch the Failure has") {
    Scripted peer;
    peer.settle();
    peer.put("a");
    peer.hear(wire::Failure{wire::ErrorCode::bad_message, "`added` is missing", 0});
    CHECK(peer.core.registered());
    CHECK(peer.core.trouble() == "it does not take this peer's list of files: `added` is missing");
}

TEST_CASE("the whole list is sent again when asked for, also by a silent peer") {
    bool const silent = GENERATE(false, true);
    Scripted peer(silent);
    peer.share["a"] = entry("a");
    peer.core.resend(peer.now);
    CHECK(peer.sent.empty());
    peer.settle();
    peer.core.resend(peer.now);
    auto const updates = peer.take<wire::Update>();
    REQUIRE(updates.size() == 1);
    CHECK(updates[0].full_begin);
}
