#include "catch.hpp"
#include "simulated.hpp"

#include <xfsbus/policies/mixed.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>

using namespace xfsbus;
using namespace xfsbus::tracker::test;

namespace {

/// What a source is called by, as text: the views end with the call.
struct SeenSource {
    std::uint32_t flags;
    std::uint64_t draw;
    std::uint64_t id;
    std::string host;
    std::string labels;
    double completeness;
    std::uint32_t port;
    std::uint32_t load;
};

struct SeenFind {
    std::uint32_t wanted;
    std::uint64_t file_bytes;
    std::string host;
    std::string labels;
    std::vector<SeenSource> sources;
};

/// Ranks by what a test says, and remembers what it was shown.
class ScriptedHandout final : public policies::Handout {
  public:
    using RankOf = std::function<double(policies::HandoutSource const&)>;

    explicit ScriptedHandout(RankOf rank_of) : rank_of_(std::move(rank_of)) {}

    void rank(policies::HandoutRequest const& request,
              std::span<policies::HandoutSource const> sources, std::span<double> ranks) override {
        auto& find = finds.emplace_back(SeenFind{
            request.wanted, request.file_bytes, request.asker_host, request.asker_labels, {}});
        for (std::size_t i = 0; i < sources.size(); ++i) {
            auto const& each = sources[i];
            find.sources.push_back({each.flags, each.draw, each.source_id, each.host, each.labels,
                                    each.completeness, each.port, each.load});
            ranks[i] = rank_of_(each);
        }
    }

    std::vector<SeenFind> finds;

  private:
    RankOf rank_of_;
};

/// Fails as often as a test says.
class FailingHandout final : public policies::Handout {
  public:
    bool fails = true;

    void rank(policies::HandoutRequest const&, std::span<policies::HandoutSource const>,
              std::span<double> ranks) override {
        if (fails) {
            throw std::runtime_error("no idea");
        }
        std::ranges::fill(ranks, 0.0);
    }
};

double highest_port(policies::HandoutSource const& source) {
    return -static_cast<double>(source.port);
}

double all_equal(policies::HandoutSource const&) {
    return 0;
}

/// Peers 1 to 40 have the file, the even ones all of it; a find of it is told eight.
struct Handed {
    std::shared_ptr<ScriptedHandout> handout;
    Simulated world{[] {
        tracker::Directory::Limits limits;
        limits.found_sources = 8;
        limits.swarm_sources = 8;
        return limits;
    }()};

    explicit Handed(ScriptedHandout::RankOf rank_of, bool silent = false)
        : handout(std::make_shared<ScriptedHandout>(std::move(rank_of))) {
        for (std::uint32_t peer = 1; peer <= 40; ++peer) {
            world.join(peer, {part("a", 7, peer % 2 == 0 ? wire::complete_ppm : 250'000)}, silent);
        }
        world.directory.set_handout(handout);
    }
};

/// Those that are named, by their numbers, in the order in which they are.
Numbers named_in_order(wire::Found const& found) {
    Numbers peers;
    for (auto const& source : found.files.at(0).sources) {
        peers.push_back(source.listens.port - 1000U);
    }
    return peers;
}

}  // namespace

TEST_CASE("the sources that a handout ranks lowest are named, the lowest first") {
    auto const find = GENERATE(glob("a"), swarm(7), wire::Find{wire::FindBy::name, "a", "", 0});
    Handed handed(&highest_port);
    auto const found = handed.world.find(find);
    CHECK(named_in_order(found) == Numbers{40, 39, 38, 37, 36, 35, 34, 33});
    CHECK(found.files[0].source_count == 40);
    CHECK(handed.handout->finds.size() == 1);
}

TEST_CASE("a handout is not asked where all sources are named") {
    Handed handed(&highest_port);
    wire::Find every{wire::FindBy::name, "a", "", 0};
    every.every = true;
    handed.world.find(every);
    for (std::uint32_t peer = 9; peer <= 40; ++peer) {
        handed.world.update(peer, 2, {}, {"a"});
    }
    CHECK(Simulated::numbers(handed.world.find("a")) == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(handed.handout->finds.empty());
}

TEST_CASE("sources of equal rank are named by chance, by another one for each find") {
    Handed handed(&all_equal);
    std::vector<int> named(41, 0);
    for (int i = 0; i < 400; ++i) {
        for (auto const peer : Simulated::numbers(handed.world.find("a"))) {
            ++named.at(peer);
        }
    }
    // Each is named in 80 of 400 on average; the standard deviation is 8.
    CHECK(*std::min_element(named.begin() + 1, named.end()) > 40);
    CHECK(*std::max_element(named.begin() + 1, named.end()) < 120);
}

TEST_CASE("a handout sees what the tracker knows of the sources and of who asks") {
    Handed handed(&all_equal);
    auto& world = handed.world;
    auto registration = world.registration(77);
    registration.labels = "rack=b";
    world.send(route_of(77), registration, 0, "10.0.0.1");
    registration = world.registration(2);
    registration.labels = "rack=a";
    world.send(route_of(2), registration);
    world.heartbeat(2, 0, 5);
    wire::Find find{wire::FindBy::name, "a", "", 0};
    find.sources = 3;
    world.find(find, route_of(77));
    world.find(find, "stranger");

    REQUIRE(handed.handout->finds.size() == 2);
    auto const& seen = handed.handout->finds[0];
    CHECK(seen.wanted == 3);
    CHECK(seen.file_bytes == 1000);
    CHECK(seen.host == "10.0.0.1");
    CHECK(seen.labels == "rack=b");
    CHECK(handed.handout->finds[1].labels.empty());
    REQUIRE(seen.sources.size() == 40);
    auto const of_port = [&](std::uint32_t port) {
        return *std::find_if(seen.sources.begin(), seen.sources.end(),
                             [&](auto const& each) { return each.port == port; });
    };
    auto const whole = of_port(1002);
    CHECK(whole.flags == XFSBUS_HANDOUT_SOURCE_COMPLETE);
    CHECK(whole.host == "10.0.0.1");
    CHECK(whole.labels == "rack=a");
    CHECK(whole.completeness == 1.0);
    CHECK(whole.load == 5);
    auto const partial = of_port(1003);
    CHECK(partial.flags == 0);
    CHECK(partial.completeness == 0.25);
    CHECK(partial.id != whole.id);
    CHECK(partial.draw != whole.draw);
    auto const& later = handed.handout->finds[1].sources;
    CHECK(later[0].id == seen.sources[0].id);
    CHECK(later[0].draw != seen.sources[0].draw);
}

TEST_CASE("a find for which a handout throws is answered in its words, and the next as ever") {
    Handed handed(&all_equal);
    auto const failing = std::make_shared<FailingHandout>();
    handed.world.directory.set_handout(failing);
    for (auto const& find : {glob("a"), swarm(7)}) {
        handed.world.send("asker", find, 9);
        CHECK(handed.world.out.sent.back().request == 9);
        auto const failure = handed.world.last<wire::Failure>("asker");
        CHECK(failure.code == wire::ErrorCode::failed);
        CHECK(failure.reason == "no idea");
    }
    failing->fails = false;
    CHECK(handed.world.find("a").files.size() == 1);
}

TEST_CASE("a complete source is named, if there is one, even if a handout ranks it last") {
    Handed handed([](auto const& source) { return source.completeness; });
    auto const peers = Simulated::numbers(handed.world.find("a"));
    REQUIRE(peers.size() == 8);
    CHECK(std::count_if(peers.begin(), peers.end(), [](auto peer) { return peer % 2 == 0; }) == 1);
    for (std::uint32_t peer = 2; peer <= 40; peer += 2) {
        handed.world.update(peer, 2, {}, {"a"});
    }
    CHECK(Simulated::numbers(handed.world.find("a")).size() == 8);
}

TEST_CASE(
    "the built-in rule as a handout names the same sources as without one, in the same order") {
    auto const complete = GENERATE(0U, 1U, 3U, 20U, 39U, 40U);
    auto const find = GENERATE(glob("a"), swarm(7));
    tracker::Directory::Limits limits;
    limits.found_sources = 9;
    limits.swarm_sources = 9;
    Simulated plain(limits);
    Simulated handed(limits);
    handed.directory.set_handout(std::make_shared<policies::Mixed>());
    for (std::uint32_t peer = 1; peer <= 40; ++peer) {
        auto const have = peer <= complete ? wire::complete_ppm : 500'000U;
        plain.join(peer, {part("a", 7, have)});
        handed.join(peer, {part("a", 7, have)});
    }
    for (int i = 0; i < 20; ++i) {
        CHECK(named_in_order(plain.find(find)) == named_in_order(handed.find(find)));
    }
}

TEST_CASE("a find that waits for sources puts the same draws before the handout again") {
    Handed handed(&highest_port, true);
    auto& world = handed.world;
    world.pass(fresh);
    world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0}, 9);
    REQUIRE(world.all<wire::Found>("asker").empty());
    for (std::uint32_t peer = 1; peer < 40; ++peer) {
        world.send(route_of(peer), wire::Pong{});
    }
    world.pass(tracker::Directory::check_time);
    CHECK(named_in_order(world.last<wire::Found>("asker")) ==
          Numbers{39, 38, 37, 36, 35, 34, 33, 32});
    auto const& finds = handed.handout->finds;
    REQUIRE(finds.size() > 1);
    CHECK(finds.front().sources.front().draw == finds.back().sources.front().draw);
}

TEST_CASE("another handout takes the place of one, and without one the built-in rule is back") {
    Handed handed(&highest_port);
    auto const other = std::make_shared<ScriptedHandout>(
        [](auto const& source) { return static_cast<double>(source.port); });
    handed.world.directory.set_handout(other);
    CHECK(named_in_order(handed.world.find("a")) == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(handed.handout->finds.empty());
    handed.world.directory.set_handout(nullptr);
    auto const peers = Simulated::numbers(handed.world.find("a"));
    CHECK(std::count_if(peers.begin(), peers.end(), [](auto peer) { return peer % 2 == 0; }) == 4);
    CHECK(other->finds.size() == 1);
}
