#include "jobs/source_find.hpp"

#include "catch.hpp"
#include "fakes.hpp"

#include <xfsbus/policies/load_latency.hpp>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;
using xfsbus::test::sample;

namespace {

using Found = Result<std::vector<FoundSource>>;

/// A user who looks for file.bin, and those that the tracker names for it.
struct User {
    /// `load`: its order among the others.
    FakePeer& add_holder(std::uint32_t load = 0) {
        auto& peer = peers.emplace_back();
        auto const number = static_cast<std::uint16_t>(peers.size());
        peer.id.bytes[0] = static_cast<std::uint8_t>(number);
        peer.listens = {"10.0.0.1", number};
        peer.load = load;
        peer.contents.emplace(file.content, file);
        list(source_entry(peer));
        return peer;
    }

    void list(wire::SourceEntry const& source) {
        if (tracker.files.empty()) {
            tracker.files = {{"file.bin", file.content, file.bytes.size(), 0, {}}};
        }
        tracker.files.front().sources.push_back(source);
    }

    Found find() {
        std::optional<Found> found;
        sut.start("file.bin", slot, [&](Found answer) {
            REQUIRE_FALSE(found);  // once
            found = std::move(answer);
        });
        REQUIRE(time.pass_until([&] { return found.has_value(); }));
        return *found;
    }

    std::vector<std::uint16_t> ports() {
        std::vector<std::uint16_t> ports;
        auto const found = find();
        for (auto const& source : found ? *found : std::vector<FoundSource>()) {
            ports.push_back(source.port);
        }
        return ports;
    }

    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeTracker tracker{time};
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    std::vector<std::string> notes;
    telemetry::Log log{[this](LogEvent const& event) { notes.push_back(event.text); },
                       LogLevel::debug};
    std::uint32_t looked_ppm = wire::complete_ppm;
    jobs::Network network{.scheduler = time,
                          .tracker = tracker,
                          .links = links,
                          .self = {{255}},
                          .look = [this](auto const& contents, auto const& on_looked) {
                              on_looked(std::vector<std::uint32_t>(contents.size(), looked_ppm));
                          }};
    xfsbus::test::Sample file = sample(100);
    std::shared_ptr<jobs::PolicySlot> slot = [] {
        auto made = std::make_shared<jobs::PolicySlot>(1);
        made->put(std::make_shared<policies::GuardedSelector>(
                      "loadlatency", std::make_unique<policies::LoadLatency>(), 1),
                  std::make_shared<policies::PolicyCounters>(), nullptr);
        return made;
    }();
    jobs::SourceIds ids{1};
    jobs::Finder finder{network, log};
    jobs::SourceFind sut{finder, log, [this] {
                             return jobs::Viewpoint{
                                 .self = {{255}}, .load = 7, .now = time.now(), .source_ids = ids};
                         }};
};

using Ports = std::vector<std::uint16_t>;

}  // namespace

TEST_CASE("Those that have a file are told best first, and those that do not answer last") {
    User user;
    user.add_holder(5);
    user.add_holder().is_up = false;
    user.add_holder(1);
    CHECK(user.ports() == Ports{3, 1, 2});
    auto const found = user.find();
    CHECK(found->front().cost);
    CHECK(found->front().load == 1U);
    CHECK_FALSE(found->back().latency_ms);
}

TEST_CASE("A source that nobody can connect to is not told, but named in the log") {
    User user;
    user.add_holder();
    user.add_holder().is_there = false;
    CHECK(user.ports() == Ports{1});
    REQUIRE(user.notes.size() == 1);
    CHECK_THAT(user.notes.front(), ContainsSubstring("nothing listens there"));
}

TEST_CASE("A source that says that it has the file no more is not told") {
    User user;
    user.add_holder();
    user.add_holder().contents.clear();
    CHECK(user.ports() == Ports{1});
}

TEST_CASE("A source that has not said whether it has the file is told as the tracker names it") {
    User user;
    auto const& silent = user.add_holder();
    user.peers.front().is_up = false;
    user.tracker.files.front().sources.front().have_ppm = 0;  // it has only just begun
    auto const found = user.find();
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().port == silent.listens.port);
    CHECK(found->front().share_percent == 0);
}

TEST_CASE("How much a source has is what it says itself, not what the tracker says") {
    User user;
    user.add_holder();
    user.tracker.files.front().sources.front().have_ppm = 1;
    auto const found = user.find();
    REQUIRE(found);
    CHECK(found->front().share_percent == 100);
}

TEST_CASE("This peer itself is told with its own load, no latency, and what its disk holds") {
    User user;
    user.list(source_entry(user.network.self, {"10.0.0.1", 99}));
    user.looked_ppm = 250'000;
    auto const found = user.find();
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().self);
    CHECK(found->front().latency_ms == 0);
    CHECK(found->front().load == 7U);
    CHECK(found->front().share_percent == 25);
}

TEST_CASE("Where nobody who is named can be reached a find says so, and why") {
    User user;
    user.add_holder().is_there = false;
    auto const found = user.find();
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::not_found);
    CHECK_THAT(found.error().message, ContainsSubstring("no peer that can be reached"));
    CHECK_THAT(found.error().message, ContainsSubstring("nothing listens there"));
}

TEST_CASE("Where all who are named have it no more a find says that nobody has it") {
    User user;
    user.add_holder().contents.clear();
    auto const found = user.find();
    REQUIRE_FALSE(found);
    CHECK(found.error().message == jobs::Finder::nobody("file.bin").message);
}

TEST_CASE("A find ends with the fault of a policy that may not be stood in for") {
    User user;
    user.add_holder();
    user.slot->fail("it has thrown");
    auto const found = user.find();
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::plugin);
    CHECK(found.error().message == "it has thrown");
}

TEST_CASE("A find ends with what the tracker fails with") {
    User user;
    user.add_holder();
    user.tracker.is_up = false;
    CHECK(user.find().error().code == Errc::tracker_unreachable);
}
