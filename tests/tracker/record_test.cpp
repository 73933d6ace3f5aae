#include "catch.hpp"
#include "simulated.hpp"

#include <xfsbus/tracker/handout_recorder.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

// What a Directory tells a recorder of its answers.

using namespace xfsbus;
using namespace xfsbus::tracker;
using namespace xfsbus::tracker::test;

namespace {

constexpr std::uint32_t holders = 100;
constexpr std::size_t wanted = 4;

class Records final : public HandoutRecorder {
  public:
    void on_handout(HandedOut each) override { handed.push_back(std::move(each)); }

    [[nodiscard]] bool made_good() const override { return makes_good; }

    std::vector<HandedOut> handed;
    bool makes_good = false;
};

/// Ranks the highest port lowest.
class HighestPort final : public policies::Handout {
  public:
    void rank(policies::HandoutRequest const&, std::span<policies::HandoutSource const> sources,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            ranks[i] = -static_cast<double>(sources[i].port);
        }
    }
};

struct Recorded {
    explicit Recorded(std::uint32_t peers = holders) {
        for (std::uint32_t peer = 1; peer <= peers; ++peer) {
            world.join(peer, {file("a")});
        }
    }

    HandedOut const& ask(std::uint32_t sources = wanted) {
        found = world.find({wire::FindBy::name, "a", "", 0, sources, false}, route_of(1));
        return records.handed.back();
    }

    Records records;
    Simulated world{Directory::Options{.epoch = epoch,
                                       .seed = 42,
                                       .peer_ttl = ttl,
                                       .limits = {},
                                       .foreign_hosts = false,
                                       .own_hosts = {},
                                       .born = {},
                                       .recorder = &records}};
    wire::Found found;
};

std::vector<wire::Endpoint> named(HandedOut const& handed) {
    std::vector<wire::Endpoint> peers;
    for (auto const& each : handed.candidates) {
        if (each.named) {
            peers.push_back(each.listens);
        }
    }
    return peers;
}

std::vector<wire::Endpoint> named(wire::Found const& found) {
    std::vector<wire::Endpoint> peers;
    for (auto const& each : found.files.at(0).sources) {
        peers.push_back(each.listens);
    }
    return peers;
}

}  // namespace

TEST_CASE("an answer that names all sources is recorded as one in which nobody chose") {
    Recorded sut(3);
    auto const& handed = sut.ask();
    CHECK(handed.rule == HandoutRule::all);
    CHECK(handed.known == 3);
    CHECK(handed.wanted == wanted);
    CHECK(handed.name == "a");
    CHECK(handed.content == content_id(1));
    CHECK(handed.bytes == 1000);
    CHECK(handed.asker_host == "10.0.0.1");
    CHECK(handed.asker == wire::Endpoint{"10.0.0.1", 1001});
    CHECK(named(handed) == named(sut.found));
    CHECK(handed.candidates.size() == 3);
}

TEST_CASE("what the built-in rule chose from is recorded with the draws that decided") {
    Recorded sut;
    auto const& handed = sut.ask();
    CHECK(handed.rule == HandoutRule::built_in);
    CHECK(handed.known == holders);
    CHECK(named(handed) == named(sut.found));
    REQUIRE(handed.candidates.size() == wanted + HandedOut::others_most);
    CHECK(std::ranges::is_sorted(handed.candidates, {}, &Candidate::draw));
    CHECK(handed.candidates.front().rank == std::nullopt);
    auto const seed = handed.seed;
    CHECK(sut.ask().seed != seed);
}

TEST_CASE("what a handout policy answered is recorded, and who would have come next") {
    Recorded sut;
    sut.world.directory.set_handout(std::make_shared<HighestPort>());
    auto const& handed = sut.ask();
    CHECK(handed.rule == HandoutRule::policy);
    CHECK(named(handed) == named(sut.found));
    for (std::uint32_t i = 0; i < handed.candidates.size(); ++i) {
        CHECK(handed.candidates[i].listens.port == 1000 + holders - i);
        CHECK(handed.candidates[i].rank == -static_cast<double>(1000 + holders - i));
        CHECK(handed.candidates[i].named == (i < wanted));
    }
    CHECK(sut.ask(holders).rule == HandoutRule::all);  // it was not asked
}

TEST_CASE("that the built-in rule stood in for a policy is recorded") {
    Recorded sut;
    sut.world.directory.set_handout(std::make_shared<HighestPort>());
    sut.records.makes_good = true;
    CHECK(sut.ask().rule == HandoutRule::made_good);
}

TEST_CASE("who had to show that it is there is recorded, and whether it did") {
    Recorded sut(3);
    sut.world.now += fresh;
    sut.world.out.sent.clear();
    sut.world.send("asker", wire::Find{wire::FindBy::name, "a", "", 0}, 9);
    CHECK(sut.records.handed.empty());
    sut.world.send(route_of(2), wire::Pong{});
    sut.world.pass(1s);
    CHECK(Simulated::numbers(sut.world.last<wire::Found>("asker")) ==
          std::vector<std::uint32_t>{2});
    REQUIRE(sut.records.handed.size() == 1);
    auto const& handed = sut.records.handed.front();
    CHECK(handed.answered == std::vector{wire::Endpoint{"10.0.0.1", 1002}});
    CHECK(handed.unanswered ==
          std::vector{wire::Endpoint{"10.0.0.1", 1001}, wire::Endpoint{"10.0.0.1", 1003}});
    CHECK(handed.asker == std::nullopt);
}

TEST_CASE("of each file that a pattern finds there is a record, and one of each page") {
    Recorded sut(0);
    sut.world.join(1, {file("a"), file("b")});
    sut.world.find(glob("*"), "asker");
    REQUIRE(sut.records.handed.size() == 2);
    CHECK(sut.records.handed[0].find == sut.records.handed[1].find);
    CHECK(sut.records.handed[1].name == "b");
    sut.world.find({wire::FindBy::name, "a", "", 0, 0, true}, "asker");
    CHECK(sut.records.handed.back().rule == HandoutRule::all);
}
