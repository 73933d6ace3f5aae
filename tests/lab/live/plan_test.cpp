// What a run with real programs is to be, before any of it is there.
#include "live/plan.hpp"

#include "experiments.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::live;
using namespace xfsbus::lab::test;
using namespace std::chrono_literals;

namespace {

using experiment::Where;

Plan planned(std::string const& text, Where where = Where::live) {
    auto const experiment = experiment_of(text, where);
    auto const seed = experiment.seeds.front();
    auto const peers = experiment::draw(experiment, seed);
    auto const addresses = where == Where::live ? loopback_addresses(0x10203, peers.size())
                                                : network_addresses(peers.size());
    return plan_of(experiment, 0, seed, peers, where, addresses, {"/plug/ins"});
}

/// The word after this one; empty: there is none.
std::string after(std::vector<std::string> const& words, std::string const& option) {
    auto const found = std::ranges::find(words, option);
    return found == words.end() || found + 1 == words.end() ? std::string() : *(found + 1);
}

}  // namespace

TEST_CASE("a peer that runs live is told its own rates, and one behind a link is not") {
    auto const live = planned(three_peers);
    CHECK(after(live.peers[0].arguments, "--max-upload-limit") == std::to_string(10 << 20U));
    CHECK(after(live.peers[2].arguments, "--max-download-limit") == std::to_string(2 << 20U));
    auto const apart = planned(three_peers, Where::netns);
    CHECK(after(apart.peers[0].arguments, "--max-upload-limit").empty());
    CHECK(after(apart.peers[2].arguments, "--max-download-limit").empty());
}

TEST_CASE("policies of every kind reach the programs that decide by them") {
    auto const plan = planned(three_peers + R"([fetching]
places = 3
[[policy]]
name = "p"
select = "loadlatency"
parameters = {load_weight = 2}
chunk-order = "sequential"
upload-choice = "titfortat"
handout = "samerack"
)");
    CHECK(after(plan.tracker_arguments, "--handout") == "samerack");
    CHECK(after(plan.tracker_arguments, "--plugin-dir") == "/plug/ins");
    CHECK(std::ranges::count(plan.tracker_arguments, "--strict-policy") == 1);
    for (auto const& peer : plan.peers) {
        CHECK(after(peer.arguments, "--chunk-order") == "sequential");
        CHECK(after(peer.arguments, "--upload-policy") == "titfortat");
        CHECK(after(peer.arguments, "--sources") == "3");
        CHECK(after(peer.arguments, "--plugin-dir") == "/plug/ins");
        CHECK(std::ranges::count(peer.arguments, "--strict-policy") == 1);
    }
    CHECK(after(plan.peers[0].arguments, "--policy") == "loadlatency:load_weight=2");
    CHECK(after(plan.peers[1].arguments, "--policy") == "random");
    CHECK(after(plan.peers[0].arguments, "--labels") == "rack=1,disk=ssd");
    CHECK(after(plan.peers[1].arguments, "--labels").empty());
}

TEST_CASE("what the experiment leaves to the product is no option") {
    auto const plan = planned(three_peers);
    CHECK(after(plan.tracker_arguments, "--handout").empty());
    for (auto const* option : {"--policy", "--chunk-order", "--upload-policy", "--sources"}) {
        INFO(option);
        CHECK(after(plan.peers[0].arguments, option).empty());
    }
}

TEST_CASE("each peer has a seed of its own, which follows from that of the run") {
    auto const plan = planned(three_peers);
    auto const own = after(plan.peers[1].arguments, "--seed");
    CHECK(own == after(planned(three_peers).peers[1].arguments, "--seed"));
    CHECK(own != after(plan.peers[2].arguments, "--seed"));
    auto other = three_peers;
    other.replace(other.find("[7]"), 3, "[8]");
    CHECK(own != after(planned(other).peers[1].arguments, "--seed"));
}

TEST_CASE("sinks fetch when they come, and seeds have the content") {
    auto const plan = planned(three_peers);
    CHECK(plan.stop == 90s);
    CHECK(plan.download == "download content --wait 90s &");
    CHECK(plan.peers[0].has_content);
    CHECK_FALSE(plan.peers[0].fetches);
    CHECK_FALSE(plan.peers[0].starts);
    CHECK_FALSE(plan.peers[1].has_content);
    CHECK(plan.peers[1].fetches == wire::Duration());
    CHECK(plan.peers[2].fetches == wire::Duration(1500ms));
    auto late = three_peers;
    late.replace(late.find("role = \"seed\""), 13, "role = \"seed\"\narrives = \"2s\"");
    CHECK(planned(late).peers[0].starts == wire::Duration(2s));
}

TEST_CASE("who does not serve shares no directory") {
    auto const plan = planned(three_peers);
    CHECK(after(plan.peers[1].arguments, "--dir") == "shared");
    CHECK(after(plan.peers[2].arguments, "--dir").empty());
}

TEST_CASE("the latency file has the round trip between each two, and none if there is no latency") {
    auto const plan = planned(three_peers, Where::netns);
    CHECK(plan.latencies ==
          "10.77.0.2:7471 10.77.0.3:7471 11.000\n"
          "10.77.0.2:7471 10.77.0.4:7471 10.000\n"
          "10.77.0.3:7471 10.77.0.4:7471 11.000\n");
    CHECK(after(plan.peers[0].arguments, "--latency-file") == "../latencies");
    auto none = three_peers;
    none.replace(none.find("far = \"500us\"\n"), 14, "");
    none.replace(none.find("\"5ms\""), 5, "\"0s\"");
    CHECK(planned(none).latencies.empty());
    CHECK(after(planned(none).peers[0].arguments, "--latency-file").empty());
}

TEST_CASE("a matrix of latencies becomes the latency file of real peers") {
    auto const plan = planned(
        three_peers + "[latency]\nbetween = \"racks\"\nms = [[1, 20], [20, 2]]\n", Where::netns);
    CHECK(plan.latencies ==
          "10.77.0.2:7471 10.77.0.3:7471 3.000\n"
          "10.77.0.2:7471 10.77.0.4:7471 40.000\n"
          "10.77.0.3:7471 10.77.0.4:7471 41.000\n");
}

TEST_CASE("churn is planned: who leaves with the content, and who crashes when") {
    auto const plan = planned(three_peers + "[churn]\nleave = 1\ncrash = 0.5\n");
    CHECK_FALSE(plan.peers[0].leaves);
    CHECK_FALSE(plan.peers[0].crashes);
    for (std::size_t sink = 1; sink < 3; ++sink) {
        CHECK(plan.peers[sink].leaves);
        REQUIRE(plan.peers[sink].crashes);
        CHECK(*plan.peers[sink].crashes > *plan.peers[sink].fetches);
    }
}

TEST_CASE("peers on one machine have ports of their own at an address of the run's own") {
    auto const plan = planned(three_peers);
    CHECK(plan.tracker_ready == "ready on tcp://127.129.2.3:7470");
    CHECK(after(plan.tracker_arguments, "--bind") == "tcp://127.129.2.3:7470");
    CHECK(plan.peers[0].address == "127.129.2.3:7471");
    CHECK(after(plan.peers[0].arguments, "--data-port") == "7472");
    CHECK(plan.peers[1].address == "127.129.2.3:7473");
    CHECK(after(plan.peers[1].arguments, "--bind") == plan.peers[1].address);
    CHECK(after(plan.peers[1].arguments, "--tracker") == "tcp://127.129.2.3:7470");
    CHECK(loopback_addresses(1, 1).tracker_ip != loopback_addresses(2, 1).tracker_ip);
}
