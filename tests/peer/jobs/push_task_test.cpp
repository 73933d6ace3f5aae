#include "jobs/push_task.hpp"

#include "catch.hpp"
#include "fakes.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;
using xfsbus::test::sample;

namespace {

wire::PeerEntry peer_entry(wire::PeerId const& peer, wire::Endpoint const& listens) {
    return {peer, listens, 0, 0, 0, ""};
}

/// A peer that pushes a file which others share, and the fleet that it pushes to.
struct Pusher {
    FakePeer& add_peer(wire::PushState state) {
        auto& peer = peers.emplace_back();
        auto const number = static_cast<std::uint16_t>(peers.size());
        peer.id.bytes[0] = static_cast<std::uint8_t>(number);
        peer.listens = {"10.0.0.1", number};
        peer.pushed.state = state;
        if (state == wire::PushState::there) {
            peer.contents.emplace(file.content, file);
        }
        tracker.peers.peers.push_back(peer_entry(peer.id, peer.listens));
        return peer;
    }

    void list_file() { tracker.files = {{"file.bin", file.content, file.bytes.size(), 1, {}}}; }

    void start(PushTo to = PushTo::all, std::size_t number = 0) {
        task = std::make_shared<jobs::PushTask>(
            jobs::PushTask::Parts{.network = network, .share = share, .random = random, .log = log},
            jobs::PushTask::Order{"file.bin", to, number, 10s, {}},
            [this](Result<PushResult> told) { result = std::move(told); });
        task->start();
    }

    [[nodiscard]] bool ends() {
        return time.pass_until([&] { return result.has_value(); });
    }

    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeTracker tracker{time};
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    swarm::ShareTable share{1};
    std::mt19937_64 random{1};
    telemetry::Log log{{}, LogLevel::off};
    jobs::Network network{
        .scheduler = time, .tracker = tracker, .links = links, .self = {{255}}, .look = {}};
    xfsbus::test::Sample file = sample(1000);
    std::shared_ptr<jobs::PushTask> task;
    std::optional<Result<PushResult>> result;
};

}  // namespace

TEST_CASE("A push ends when every other peer that the tracker lists has the file") {
    Pusher pusher;
    pusher.list_file();
    auto& late = pusher.add_peer(wire::PushState::fetching);
    pusher.add_peer(wire::PushState::there);
    pusher.tracker.peers.peers.push_back(peer_entry(pusher.network.self, {"10.0.0.1", 99}));
    pusher.start();
    pusher.time.pass(5s);
    CHECK_FALSE(pusher.result);
    late.pushed.state = wire::PushState::there;
    late.contents.emplace(pusher.file.content, pusher.file);
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    auto const& targets = (*pusher.result)->files.at(0).targets;
    REQUIRE(targets.size() == 2);
    CHECK(targets[0].state == PushState::there);
    CHECK(targets[1].state == PushState::there);
}

TEST_CASE("A peer's word that it has what was pushed is not enough: it has to hold the content") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there).contents.clear();
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.at(0).state == PushState::failed);
}

TEST_CASE("A tracker that is young is not believed that nobody has what is to be pushed") {
    Pusher pusher;
    pusher.add_peer(wire::PushState::there);
    pusher.tracker.peers.young = true;
    pusher.start();
    pusher.time.pass(5s);
    CHECK_FALSE(pusher.result);
    pusher.list_file();
    pusher.tracker.peers.young = false;
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.size() == 1);
}

TEST_CASE("A push of what nobody has ends at once where the tracker is not young") {
    Pusher pusher;
    pusher.add_peer(wire::PushState::there);
    auto const begun = pusher.time.now();
    pusher.start();
    REQUIRE(pusher.ends());
    CHECK(pusher.time.now() == begun);
    CHECK(pusher.result->error().code == Errc::not_found);
}

TEST_CASE("Where no peer takes pushes a push to some is refused, and says what does") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::refused);
    pusher.start(PushTo::number, 1);
    REQUIRE(pusher.ends());
    REQUIRE_FALSE(*pusher.result);
    CHECK_THAT(pusher.result->error().message, ContainsSubstring("--accept-push"));
}

TEST_CASE("A push names a version where others have several, and this peer none") {
    Pusher pusher;
    pusher.list_file();
    auto other = pusher.tracker.files.front();
    other.content = sample(1000, 2).content;
    pusher.tracker.files.push_back(other);
    pusher.add_peer(wire::PushState::there);
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE_FALSE(*pusher.result);
    CHECK(pusher.result->error().code == Errc::usage);
    CHECK_THAT(pusher.result->error().message, ContainsSubstring("2 versions"));
}

// ---- what is pushed ----

TEST_CASE("A push names the version that this peer shares where others have several") {
    Pusher pusher;
    pusher.list_file();
    auto other = pusher.tracker.files.front();
    other.content = sample(1000, 2).content;
    pusher.tracker.files.push_back(other);
    pusher.share.put({"file.bin", pusher.file.content, nullptr, {.size = 1000}});
    pusher.tracker.files.front().size = 1;  // what the tracker says is a hint
    pusher.add_peer(wire::PushState::there);
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).content == wire::to_hex(pusher.file.content));
    CHECK((*pusher.result)->files.at(0).size == 1000);
    CHECK(pusher.peers.front().pushes.at(0).size == 1000);
}

TEST_CASE("A push to one peer asks the one that is least busy") {
    Pusher pusher;
    pusher.list_file();
    for (std::uint32_t const load : {3U, 1U, 2U}) {
        pusher.add_peer(wire::PushState::there);
        pusher.tracker.peers.peers.back().load = load;
    }
    pusher.start(PushTo::number, 1);
    REQUIRE(pusher.ends());
    CHECK(pusher.peers[0].pushes.empty());
    CHECK(pusher.peers[1].pushes.size() == 1);
    CHECK(pusher.peers[2].pushes.empty());
    CHECK((*pusher.result)->left_out == 0);  // nobody was meant to be asked besides
}

// ---- answers ----

TEST_CASE("A push to all peers tells of each that it refuses, and is no failure") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::refused).pushed.reason = "not\nme";
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    auto const& target = (*pusher.result)->files.at(0).targets.at(0);
    CHECK(target.state == PushState::refused);
    CHECK(target.reason == "not\\x0ame");  // a stranger's words are shown as one line
}

// ---- the tracker ----

TEST_CASE("A push waits for a tracker that does not answer, for a minute") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there);
    pusher.tracker.is_up = false;
    auto const begun = pusher.time.now();
    pusher.start();
    REQUIRE(pusher.ends());
    CHECK(pusher.result->error().code == Errc::tracker_unreachable);
    CHECK(pusher.time.now() - begun >= 60s);
    CHECK(pusher.time.now() - begun < 90s);
}

TEST_CASE("A push goes on when the tracker is back") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there);
    pusher.tracker.is_up = false;
    pusher.start();
    pusher.time.pass(30s);
    pusher.tracker.is_up = true;
    REQUIRE(pusher.ends());
    CHECK(*pusher.result);
}

TEST_CASE("A push ends at once if the tracker refuses it") {
    Pusher pusher;
    pusher.tracker.trouble = Error{Errc::not_authorised, "not you"};
    auto const begun = pusher.time.now();
    pusher.start();
    REQUIRE(pusher.ends());
    CHECK(pusher.result->error().code == Errc::not_authorised);
    CHECK(pusher.time.now() == begun);
}

// ---- called off ----

TEST_CASE("A push that is cancelled before anybody was asked has no outcome, and later one has") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::fetching);
    pusher.start();
    pusher.task->cancel();
    REQUIRE(pusher.result);
    CHECK(pusher.result->error().code == Errc::interrupted);
    pusher.result.reset();
    pusher.start();
    pusher.time.pass(5s);
    pusher.task->cancel();
    REQUIRE(pusher.result);
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.at(0).state == PushState::fetching);
}
