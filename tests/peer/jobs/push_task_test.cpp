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

    /// One more of that name, as the tracker knows it.
    void list_file(std::string const& name) {
        tracker.files.push_back({name, file.content, file.bytes.size(), 1, {}});
    }

    void start(PushTo to = PushTo::all, std::size_t number = 0) { start("file.bin", to, number); }

    void start(std::string const& query, PushTo to = PushTo::all, std::size_t number = 0) {
        task = std::make_shared<jobs::PushTask>(
            jobs::PushTask::Parts{.network = network, .share = share, .random = random, .log = log},
            jobs::PushTask::Order{query, to, number, 10s, {}},
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

TEST_CASE("A push to one peer prefers one that has the file, and a part of it is not the file") {
    bool const whole = GENERATE(false, true);
    Pusher pusher;
    pusher.list_file();
    auto const& idle = pusher.add_peer(wire::PushState::there);
    auto const& holder = pusher.add_peer(wire::PushState::there);
    pusher.tracker.peers.peers.back().load = 5;
    auto source = source_entry(holder);
    source.have_ppm -= whole ? 0 : 1;
    pusher.tracker.files.front().sources = {source};
    pusher.start(PushTo::number, 1);
    REQUIRE(pusher.ends());
    CHECK(idle.pushes.size() == (whole ? 0U : 1U));
    CHECK(holder.pushes.size() == (whole ? 1U : 0U));
}

TEST_CASE("Who is pushed several files is told that their names matter, and who gets one is not") {
    bool const several = GENERATE(false, true);
    Pusher pusher;
    pusher.list_file("a.bin");
    if (several) {
        pusher.list_file("b.bin");
    }
    auto const& peer = pusher.add_peer(wire::PushState::there);
    pusher.start("*.bin");
    REQUIRE(pusher.ends());
    REQUIRE(peer.pushes.size() == (several ? 2U : 1U));
    CHECK(peer.pushes.front().named == several);
}

TEST_CASE("No more than 2048 files are pushed at once") {
    Pusher pusher;
    for (int i = 0; i < 2049; ++i) {
        pusher.list_file(std::to_string(i) + ".bin");
    }
    auto const& peer = pusher.add_peer(wire::PushState::there);
    pusher.start("*.bin");
    REQUIRE(pusher.ends());
    REQUIRE_FALSE(*pusher.result);
    CHECK(pusher.result->error().code == Errc::usage);
    CHECK_THAT(pusher.result->error().message, ContainsSubstring("2049 files"));
    CHECK(peer.pushes.empty());
}

// ---- to whom ----

TEST_CASE("A peer that comes when all others have the file gets it as well") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there);
    pusher.start();
    pusher.time.pass(100ms);
    CHECK_FALSE(pusher.result);  // the list is looked at once more
    pusher.add_peer(wire::PushState::there);
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.size() == 2);
    CHECK((*pusher.result)->settled);
}

TEST_CASE("A push to some says nothing of those that it had no need to ask") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there);
    for (std::size_t i = 0; i < swarm::PushPlan::peers_most; ++i) {
        auto const port = static_cast<std::uint16_t>(1 + i % 60'000);
        auto& entry = pusher.tracker.peers.peers.emplace_back(
            peer_entry({{2}}, {"10.0.1." + std::to_string(i / 60'000), port}));
        entry.load = 1;
    }
    pusher.start(PushTo::number, 1);
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.size() == 1);
    CHECK((*pusher.result)->left_out == 0);
}

// ---- answers ----

TEST_CASE("A peer that does not answer is asked again over a new connection until it is back") {
    Pusher pusher;
    pusher.list_file();
    auto& peer = pusher.add_peer(wire::PushState::there);
    peer.is_up = false;
    pusher.start();
    pusher.time.pass(6s);
    CHECK_FALSE(pusher.result);
    CHECK(pusher.links.asked_for > 1);
    peer.is_up = true;
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.at(0).state == PushState::there);
}

TEST_CASE("A peer that may not be asked has refused, and what else goes wrong there is a failure") {
    auto const code = GENERATE(Errc::not_authorised, Errc::failed);
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there).fails_with = code;
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.at(0).targets.at(0).state ==
          (code == Errc::failed ? PushState::failed : PushState::refused));
}

TEST_CASE("A peer that answers something else than it was asked is not asked again") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there).is_confused = true;
    auto const begun = pusher.time.now();
    pusher.start();
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    auto const& target = (*pusher.result)->files.at(0).targets.at(0);
    CHECK(target.state == PushState::failed);
    CHECK(target.reason == "an answer of the wrong kind");
    CHECK(pusher.time.now() - begun < 2s);
}

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

TEST_CASE("A push goes on when the tracker that lists the peers does not say who has what yet") {
    Pusher pusher;
    pusher.list_file();
    pusher.add_peer(wire::PushState::there);
    pusher.tracker.finds = false;
    pusher.start();
    pusher.time.pass(10s);
    CHECK_FALSE(pusher.result);
    pusher.tracker.finds = true;
    REQUIRE(pusher.ends());
    CHECK(*pusher.result);
}

TEST_CASE("A tracker that is young is not believed that no other files match a pattern") {
    Pusher pusher;
    pusher.list_file("a.bin");
    auto const& peer = pusher.add_peer(wire::PushState::there);
    pusher.tracker.peers.young = true;
    pusher.start("*.bin");
    pusher.time.pass(5s);
    CHECK(peer.pushes.empty());
    pusher.list_file("b.bin");
    pusher.tracker.peers.young = false;
    REQUIRE(pusher.ends());
    REQUIRE(*pusher.result);
    CHECK((*pusher.result)->files.size() == 2);
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

TEST_CASE("A push that is cancelled where there is nobody to be asked was interrupted") {
    Pusher pusher;
    pusher.list_file();
    pusher.start();
    pusher.time.pass(100ms);
    CHECK_FALSE(pusher.result);
    pusher.task->cancel();
    REQUIRE(pusher.result);
    CHECK(pusher.result->error().code == Errc::interrupted);
}

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
