#include "catch.hpp"

#include <xfsbus/swarm/subscription.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

wire::ListedFile listed(std::string name, std::uint8_t content, std::uint32_t complete = 1,
                        std::uint32_t partial = 0) {
    wire::ContentId id;
    id.bytes[0] = content;
    return {std::move(name), id, 100, complete, partial};
}

wire::ListedFile nobodys(std::string name, std::uint8_t content) {
    return listed(std::move(name), content, 0, 0);
}

constexpr std::uint64_t first_epoch = 7;

wire::Changes list(std::vector<wire::ListedFile> files, std::uint64_t epoch = first_epoch,
                   bool young = false, std::string next = {}) {
    return {epoch, 1, std::move(files), std::move(next), true, young};
}

wire::Changes changes(std::vector<wire::ListedFile> files, std::uint64_t epoch = first_epoch) {
    return {epoch, 2, std::move(files), {}, false, false};
}

using Told = std::vector<std::pair<FileNews, std::string>>;

/// What it tells after this answer.
Told told(Subscription& sut, wire::Changes const& answer) {
    REQUIRE(sut.on_answer(answer));
    Told all;
    while (auto const news = sut.next()) {
        all.emplace_back(news->what, news->file.name);
    }
    return all;
}

}  // namespace

TEST_CASE("A subscription hands back what the last answer gave it") {
    Subscription sut({"a/*"});
    CHECK(sut.question() == wire::Subscribe{"a/*", "", 0, 0});
    REQUIRE(sut.on_answer(list({}, 7, false, "cursor")));
    CHECK(sut.question() == wire::Subscribe{"a/*", "cursor", 7, 1});
    REQUIRE(sut.on_answer({7, 9, {}, "", false, false}));
    CHECK(sut.question() == wire::Subscribe{"a/*", "", 7, 9});
}

TEST_CASE("Files of the first list were there, and others appear") {
    Subscription sut({"*"});
    CHECK(told(sut, list({listed("a", 1)}, 7, false, "more")) == Told{{FileNews::there, "a"}});
    CHECK(told(sut, {7, 1, {listed("b", 1)}, "", false, false}) == Told{{FileNews::there, "b"}});
    CHECK(told(sut, changes({listed("c", 1)})) == Told{{FileNews::appeared, "c"}});
}

TEST_CASE("A name with another content has changed, whatever is told first of it") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1)}));
    CHECK(told(sut, changes({nobodys("a", 1), listed("a", 2)})) ==
          Told{{FileNews::changed, "a"}, {FileNews::holders, "a"}});
    REQUIRE(sut.files().size() == 1);
    CHECK(sut.files().front() == listed("a", 2));
}

TEST_CASE("A name is gone when nobody has any content of it") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1), listed("a", 2)}));
    CHECK(told(sut, changes({nobodys("a", 2)})) == Told{{FileNews::holders, "a"}});
    CHECK(told(sut, changes({nobodys("a", 1)})) == Told{{FileNews::gone, "a"}});
    CHECK(sut.files().empty());
}

TEST_CASE("Other numbers of holders are told, and equal ones are not") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1, 1, 0)}));
    CHECK(told(sut, changes({listed("a", 1, 1, 0)})).empty());
    CHECK(told(sut, changes({listed("a", 1, 1, 1)})) == Told{{FileNews::holders, "a"}});
}

TEST_CASE("What has come and gone between two looks is not told, and what came back neither") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1)}));
    REQUIRE(sut.on_answer(changes({listed("b", 1), nobodys("a", 1)})));
    REQUIRE(sut.on_answer(changes({nobodys("b", 1), listed("a", 1)})));
    CHECK_FALSE(sut.next());
    CHECK(sut.files().size() == 1);
    CHECK(told(sut, changes({listed("b", 2)})) == Told{{FileNews::appeared, "b"}});
}

TEST_CASE("After a restart of the tracker only what differs is told, when it is no longer young") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1), listed("b", 1), listed("c", 1)}));
    CHECK(told(sut, list({}, 8, true)).empty());
    CHECK(told(sut, {8, 2, {listed("a", 1), listed("d", 1)}, "", false, true}) ==
          Told{{FileNews::appeared, "d"}});
    CHECK(told(sut, {8, 3, {listed("b", 1)}, "", false, false}) == Told{{FileNews::gone, "c"}});
    CHECK(told(sut, {8, 4, {}, "", false, false}).empty());
    CHECK(sut.files().size() == 3);
}

TEST_CASE("A whole list tells what has gone meanwhile only when it has ended") {
    Subscription sut({"*"});
    told(sut, list({listed("a", 1), listed("b", 1)}));
    CHECK(told(sut, list({}, 7, false, "more")).empty());
    CHECK(told(sut, {7, 1, {listed("b", 1)}, "", false, false}) == Told{{FileNews::gone, "a"}});
}

TEST_CASE("Names that could not be files are not taken in") {
    Subscription sut({"*"});
    CHECK(told(sut, list({listed("../a", 1), listed("", 1), listed("b", 1)})) ==
          Told{{FileNews::there, "b"}});
}

TEST_CASE("A subscription that matches more than there is room for ends") {
    Subscription sut({"*"}, 3 * Subscription::bytes_of("a"));
    CHECK(sut.on_answer(list({listed("a", 1), listed("b", 1), listed("c", 1)})));
    auto const over = sut.on_answer(changes({listed("d", 1)}));
    REQUIRE_FALSE(over);
    CHECK(over.error().code == Errc::usage);
}

TEST_CASE("What is gone makes room again") {
    Subscription sut({"*"}, 2 * Subscription::bytes_of("a"));
    told(sut, list({listed("a", 1), listed("b", 1)}));
    for (std::uint8_t i = 0; i < 100; ++i) {
        REQUIRE(told(sut, changes({nobodys("a", i)})).size() == (i == 1 ? 1 : 0));
        told(sut, changes({nobodys("a", 100)}));
    }
    CHECK(told(sut, changes({listed("c", 1)})) == Told{{FileNews::appeared, "c"}});
}

namespace {

wire::PeerEntry peer(std::uint8_t number, std::uint16_t port = 7000, std::string labels = {}) {
    wire::PeerEntry entry;
    entry.peer.bytes[0] = number;
    entry.listens = {"10.0.0.1", port};
    entry.labels = std::move(labels);
    return entry;
}

wire::Changes peers_there(std::vector<wire::PeerEntry> peers, std::uint64_t epoch = first_epoch) {
    wire::Changes answer{epoch, 2, {}, {}, false, false};
    answer.peers = std::move(peers);
    return answer;
}

wire::Changes list_of_peers(std::vector<wire::PeerEntry> peers, std::uint64_t epoch = first_epoch,
                            bool young = false, std::string next = {}) {
    auto answer = peers_there(std::move(peers), epoch);
    answer.begin = true;
    answer.young = young;
    answer.next = std::move(next);
    return answer;
}

wire::Changes peers_gone(std::vector<std::uint8_t> const& numbers) {
    wire::Changes answer{first_epoch, 3, {}, {}, false, false};
    for (auto const number : numbers) {
        answer.gone.push_back(peer(number).peer);
    }
    return answer;
}

using ToldPeers = std::vector<std::pair<PeerNews, unsigned>>;

/// What it tells of peers, by their numbers, after this answer.
ToldPeers told_peers(Subscription& sut, wire::Changes const& answer) {
    REQUIRE(sut.on_answer(answer));
    ToldPeers all;
    while (auto const news = sut.next_peer()) {
        all.emplace_back(news->what, news->peer.peer.bytes[0]);
    }
    return all;
}

Subscription::Wanted const only_peers{"", true};

}  // namespace

TEST_CASE("A subscription asks for what is wanted") {
    CHECK(Subscription(only_peers).question() == wire::Subscribe{"", "", 0, 0, true});
    CHECK(Subscription({"*", true}).question() == wire::Subscribe{"*", "", 0, 0, true});
}

TEST_CASE("Peers of the first list were there, others appear, change and go") {
    Subscription sut(only_peers);
    CHECK(told_peers(sut, list_of_peers({peer(1)}, first_epoch, false, "more")) ==
          ToldPeers{{PeerNews::there, 1}});
    CHECK(told_peers(sut, peers_there({peer(2)})) == ToldPeers{{PeerNews::there, 2}});
    CHECK(told_peers(sut, peers_there({peer(3)})) == ToldPeers{{PeerNews::appeared, 3}});
    CHECK(told_peers(sut, peers_there({peer(3, 7001)})) == ToldPeers{{PeerNews::changed, 3}});
    CHECK(told_peers(sut, peers_there({peer(3, 7001, "a=b")})) ==
          ToldPeers{{PeerNews::changed, 3}});
    CHECK(told_peers(sut, peers_gone({1, 3})) ==
          ToldPeers{{PeerNews::gone, 1}, {PeerNews::gone, 3}});
    CHECK(told_peers(sut, peers_there({peer(1)})) == ToldPeers{{PeerNews::appeared, 1}});
}

TEST_CASE("A peer that is gone is told with what was known of it last") {
    Subscription sut(only_peers);
    told_peers(sut, list_of_peers({peer(1, 7005, "rack=a")}));
    REQUIRE(sut.on_answer(peers_gone({1})));
    auto const news = sut.next_peer();
    REQUIRE(news);
    CHECK(news->peer == peer(1, 7005, "rack=a"));
}

TEST_CASE("What a peer has, and how busy it is, are no news of it") {
    Subscription sut(only_peers);
    told_peers(sut, list_of_peers({peer(1)}));
    auto busy = peer(1);
    busy.files = 7;
    busy.load = 3;
    busy.heard_ms_ago = 100;
    CHECK(told_peers(sut, peers_there({busy})).empty());
}

TEST_CASE("A peer that has come and gone, or gone and come back, between two looks is not told") {
    Subscription sut(only_peers);
    told_peers(sut, list_of_peers({peer(1)}));
    REQUIRE(sut.on_answer(peers_there({peer(2)})));
    REQUIRE(sut.on_answer(peers_gone({1, 2})));
    REQUIRE(sut.on_answer(peers_there({peer(1)})));
    CHECK_FALSE(sut.next_peer());
    CHECK(told_peers(sut, peers_gone({2, 9})).empty());
}

TEST_CASE("Peers that a tracker does not know after its restart are gone when it is not young") {
    Subscription sut(only_peers);
    told_peers(sut, list_of_peers({peer(1), peer(2)}));
    CHECK(told_peers(sut, list_of_peers({peer(1)}, 8, true)).empty());
    CHECK(told_peers(sut, peers_there({peer(3)}, 8)) ==
          ToldPeers{{PeerNews::appeared, 3}, {PeerNews::gone, 2}});
}

TEST_CASE("What a tracker tells that was not asked for is not taken in") {
    Subscription files({"*"});
    CHECK(told_peers(files, list_of_peers({peer(1)})).empty());
    Subscription peers(only_peers);
    CHECK(told(peers, list({listed("a", 1)})).empty());
    CHECK(peers.files().empty());
}

TEST_CASE("A subscription that is told of more peers than there is room for ends") {
    auto const labels = std::string(1000, 'l');
    Subscription sut(only_peers, 8 * (Subscription::peer_bytes + 1000));
    for (std::uint8_t i = 0; i < 3; ++i) {
        told_peers(sut, peers_there({peer(i, 7000, labels)}));
    }
    for (std::uint8_t i = 0; i < 100; ++i) {  // what is gone makes room again
        told_peers(sut, peers_there({peer(100, 7000, labels)}));
        told_peers(sut, peers_gone({100}));
    }
    std::vector<wire::PeerEntry> more;
    for (std::uint8_t i = 10; i < 20; ++i) {
        more.push_back(peer(i, 7000, labels));
    }
    auto const over = sut.on_answer(peers_there(more));
    REQUIRE_FALSE(over);
    CHECK(over.error().code == Errc::usage);
}
