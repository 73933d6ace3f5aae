#include "jobs/subscription_task.hpp"

#include "catch.hpp"
#include "fakes.hpp"

using namespace xfsbus;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;
using swarm::FileNews;

namespace {

wire::ListedFile on_list(std::string name) {
    return {std::move(name), {}, 10, 1, 0};
}

struct Subscriber {
    void start() {
        task = std::make_shared<peer::jobs::SubscriptionTask>(
            network,
            peer::jobs::SubscriptionTask::Order{
                .wanted = {"*", true},
                .on_news = [this](auto const& news) { told.push_back(news.file.name); },
                .on_peer =
                    [this](auto const& news) {
                        told.push_back("peer " + std::to_string(news.peer.listens.port));
                    },
                .room = [this] { return room - std::min(room, told.size()); }},
            [this](auto files) { result = std::move(files); });
        task->start();
    }

    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeTracker tracker{time};
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    peer::jobs::Network network{
        .scheduler = time, .tracker = tracker, .links = links, .self = {{255}}, .look = {}};
    std::size_t room = 1000;
    std::vector<std::string> told;
    std::shared_ptr<peer::jobs::SubscriptionTask> task;
    std::optional<Result<std::vector<wire::ListedFile>>> result;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("A subscription asks on with what the last answer gave it, and tells what it said") {
    Subscriber sut;
    sut.tracker.changes = {wire::Changes{7, 1, {on_list("a")}, "cursor", true, false},
                           wire::Changes{7, 1, {on_list("b")}, "", false, false}};
    sut.start();
    sut.time.pass(1s);
    CHECK(sut.told == Names{"a", "b"});
    REQUIRE(sut.tracker.subscribed.size() == 3);
    CHECK(sut.tracker.subscribed[1] == wire::Subscribe{"*", "cursor", 7, 1, true});
    CHECK(sut.tracker.subscribed[2] == wire::Subscribe{"*", "", 7, 1, true});
}

TEST_CASE("A subscription goes on after a question that was not answered") {
    Subscriber sut;
    sut.tracker.changes = {Error{Errc::tracker_unreachable, "silence"},
                           Error{Errc::network, "busy"},
                           wire::Changes{7, 1, {on_list("a")}, "", true, false}};
    sut.start();
    sut.time.pass(1500ms);
    CHECK(sut.told.empty());
    sut.time.pass(1s);
    CHECK(sut.told == Names{"a"});
    CHECK_FALSE(sut.result);
}

TEST_CASE("A subscription that the tracker refuses ends, and says why") {
    Subscriber sut;
    sut.tracker.changes = {Error{Errc::failed, "unknown message type 13"}};
    sut.start();
    REQUIRE(sut.time.pass_until([&] { return sut.result.has_value(); }));
    CHECK(sut.result->error().message == "unknown message type 13");
    sut.time.pass(10s);
    CHECK(sut.tracker.subscribed.size() == 1);
}

TEST_CASE("A subscription asks nothing as long as nobody takes what it tells") {
    Subscriber sut;
    sut.room = 2;
    sut.tracker.changes = {
        wire::Changes{7, 1, {on_list("a"), on_list("b"), on_list("c")}, "", true, false}};
    sut.start();
    sut.time.pass(1min);
    CHECK(sut.told == Names{"a", "b"});
    CHECK(sut.tracker.subscribed.size() == 1);
    sut.room = 10;
    sut.time.pass(100ms);
    CHECK(sut.told == Names{"a", "b", "c"});
    CHECK(sut.tracker.subscribed.size() == 2);
}

TEST_CASE("A tracker that has always something to say does not keep a peer busy") {
    Subscriber sut;
    for (int i = 0; i < 10'000; ++i) {
        sut.tracker.changes.emplace_back(wire::Changes{7, 1, {}, "more", false, false});
    }
    sut.start();
    sut.time.pass(1s);
    CHECK(sut.tracker.subscribed.size() > 100);
    CHECK(sut.tracker.subscribed.size() < 1000);
}

TEST_CASE(
    "A subscription that is cancelled has the files of which it has told, and tells no more") {
    Subscriber sut;
    sut.tracker.changes = {wire::Changes{7, 1, {on_list("a")}, "", true, false}};
    sut.start();
    sut.time.pass(1s);
    sut.task->cancel();
    REQUIRE(sut.result);
    CHECK((*sut.result)->size() == 1);
    sut.tracker.changes = {wire::Changes{7, 2, {on_list("b")}, "", false, false}};
    sut.tracker.answer_subscription();
    sut.time.pass(1s);
    CHECK(sut.told == Names{"a"});
}

TEST_CASE("A subscription ends where the tracker does not let this peer in") {
    Subscriber sut;
    sut.tracker.changes = {Error{Errc::not_authorised, "not you"}};
    sut.start();
    REQUIRE(sut.time.pass_until([&] { return sut.result.has_value(); }));
    CHECK(sut.result->error().code == Errc::not_authorised);
}

TEST_CASE("A subscription tells of peers before files, and both share the room that there is") {
    Subscriber sut;
    sut.room = 2;
    wire::Changes both{7, 1, {on_list("a")}, "", true, false};
    both.peers.resize(2);
    both.peers[0].listens.port = 1;
    both.peers[1].listens.port = 2;
    both.peers[1].peer.bytes[0] = 1;
    sut.tracker.changes = {both};
    sut.start();
    sut.time.pass(1min);
    CHECK(sut.told == Names{"peer 1", "peer 2"});
    CHECK(sut.tracker.subscribed.size() == 1);
    sut.room = 10;
    sut.time.pass(100ms);
    CHECK(sut.told == Names{"peer 1", "peer 2", "a"});
    CHECK(sut.tracker.subscribed.size() == 2);
}
