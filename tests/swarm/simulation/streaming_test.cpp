// Sinks that are read while they fetch: how long the reader waits, and what that costs.
#include "shipped.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t chunks = 200;  ///< 52 MB
constexpr double mb = 1e6;

/// Of all readers, in seconds.
struct Played {
    double stalled = 0;  ///< on average
    double makespan = 0;
};

Played figures_of(Swarm const& swarm, std::vector<Swarm::PeerIndex> const& sinks) {
    Played played;
    for (auto const sink : sinks) {
        played.stalled += seconds(swarm.peer(sink).stalled) / static_cast<double>(sinks.size());
    }
    played.makespan = makespan(swarm, sinks);
    return played;
}

Swarm::Rules rules_for(std::string const& order, double play_rate) {
    auto rules = rules_of(chunks, 5ms);
    rules.play_rate = static_cast<std::uint64_t>(play_rate);
    use_order(rules, order);
    return rules;
}

/// One sink with slow sources, of which one goes every three seconds and another comes.
Played come_and_go(std::string const& order, std::uint64_t seed) {
    Swarm swarm(rules_for(order, 3 * mb), seed);
    auto source = seed_nature;
    source.up = 0.8 * mb;
    swarm.add(5, source);
    auto const sink = swarm.add(leecher, 10ms);
    for (int i = 0; i < 5; ++i) {
        auto const peer = static_cast<Swarm::PeerIndex>(i);
        swarm.at(3s * (i + 1), [&swarm, peer] { swarm.crash(peer); });
        swarm.add(source, 3s * (i + 1));
    }
    REQUIRE(swarm.run(300s));
    return figures_of(swarm, {sink});
}

/// Readers who come one after the other, and live by what they fetch from each other.
Played readers(std::string const& order, std::uint64_t seed) {
    Swarm swarm(rules_for(order, 2.5 * mb), seed);
    auto source = seed_nature;
    source.up = 6 * mb;
    swarm.add(source);
    std::vector<Swarm::PeerIndex> sinks;
    auto reader = leecher;
    reader.up = 4 * mb;
    for (int i = 0; i < 12; ++i) {
        sinks.push_back(swarm.add(reader, 10ms + i * 200ms));
    }
    REQUIRE(swarm.run(300s));
    return figures_of(swarm, sinks);
}

using Run = Played (*)(std::string const& order, std::uint64_t seed);

/// The mean of some seeds.
Played mean(Run run, std::string const& order) {
    constexpr std::uint64_t seeds = 4;  // few: one alone may stand out
    Played all;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto const played = run(order, seed);
        all.stalled += played.stalled / seeds;
        all.makespan += played.makespan / seeds;
    }
    return all;
}

}  // namespace

TEST_CASE("who reads a file while it comes waits less with streaming, which costs no time") {
    auto const [what, run] = GENERATE(table<char const*, Run>(
        {{"sources that come and go", &come_and_go}, {"readers with each other", &readers}}));
    auto const rarest = mean(run, "rarest");
    auto const sequential = mean(run, "sequential");
    auto const streaming = mean(run, "streaming");
    INFO(what << ", seconds stalled and makespan: rarest " << rarest.stalled << " "
              << rarest.makespan << ", sequential " << sequential.stalled << " "
              << sequential.makespan << ", streaming " << streaming.stalled << " "
              << streaming.makespan);
    CHECK(streaming.stalled < 0.9 * rarest.stalled);
    // Where sources come and go it waits an eighth longer than the plain order, over 24 seeds.
    CHECK(streaming.stalled < 1.2 * sequential.stalled);
    CHECK(streaming.makespan <= 1.02 * rarest.makespan);
    CHECK(streaming.makespan <= sequential.makespan);
}
