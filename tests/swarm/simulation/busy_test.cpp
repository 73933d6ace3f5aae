// More sinks than a source has places for.
#include "figures.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

Swarm::Rules few_places(std::uint32_t chunks, std::size_t places) {
    auto rules = rules_of(chunks, 1ms);
    rules.uploads.sinks_most = places;
    return rules;
}

}  // namespace

TEST_CASE("five hundred sinks at one source with sixty places all get the file") {
    // They all come from one address and give nothing to each other, so that the source has to send
    // all of it. Each asks again every two seconds.
    std::size_t const count = is_slow_build ? 150 : 500;
    for_seeds(1, is_slow_build ? 1 : 5, [&](auto seed) {
        auto const rules = few_places(8, is_slow_build ? 18 : 60);
        Swarm swarm(rules, seed);
        swarm.add(seed_nature);
        auto nature = leecher;
        nature.serves = false;
        swarm.add(count, nature);
        REQUIRE(swarm.run(900s));
        double const last = makespan(swarm, leechers(swarm));
        double const least = alone(rules) * static_cast<double>(count);
        INFO(swarm.figures().busy << " times busy, " << last / least << " times the optimum");
        CHECK(last / least <= 1.1);
        CHECK(static_cast<double>(swarm.figures().busy) / static_cast<double>(count) <=
              10 + last / 1.5);
    });
}

TEST_CASE("a sink waits for a place no longer than those that came after it") {
    // One hundred come at once, and from then on one every 200 ms, which is as many as are served.
    for_seeds(1, is_slow_build ? 1 : 5, [](auto seed) {
        auto const rules = few_places(8, 10);
        Swarm swarm(rules, seed);
        swarm.add(seed_nature);
        auto nature = leecher;
        nature.serves = false;
        swarm.add(100, nature);
        for (int i = 0; i < 400; ++i) {
            swarm.add(nature, (i + 1) * 200ms);
        }
        REQUIRE(swarm.run(900s));
        double longest = 0;
        for (Swarm::PeerIndex peer = 1; peer <= 100; ++peer) {
            longest = std::max(longest, seconds(swarm.peer(peer).completed.value()));
        }
        INFO("the last of the first hundred had it after " << longest << " s");
        CHECK(longest <= 60);
    });
}

TEST_CASE("a swarm in which each serves few at once takes little longer") {
    for_seeds(1, is_slow_build ? 1 : 5, [](auto seed) {
        auto const rules = few_places(100, 30);
        Swarm swarm(rules, seed);
        swarm.add(seed_nature);
        swarm.add(200, leecher);
        REQUIRE(swarm.run(600s));
        auto const ratio = makespan(swarm, leechers(swarm)) / alone(rules);
        INFO(cost(swarm, rules) << ", " << swarm.figures().busy << " times busy");
        CHECK(ratio <= 2);
    });
}
