// What simulations of many peers cost; not run by default. They say what they took.
#include "shipped.hpp"

#include <chrono>

#include <sys/resource.h>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

/// Of this process, ever.
double gibibytes_most() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
}

/// A seed, and so many peers that come at once; 24 neighbours each.
void large(std::size_t count, std::uint32_t chunks) {
    constexpr std::uint32_t chunk_bytes = 1024 * 1024;
    Swarm::Rules rules;
    rules.file = {std::uint64_t{chunks} * chunk_bytes, chunk_bytes, chunks};
    rules.download.sources_most = 24;
    use(rules, "loadlatency");
    auto const begin = std::chrono::steady_clock::now();
    Swarm swarm(rules, 1);
    swarm.add(seed_nature);
    swarm.add(count, leecher);
    REQUIRE(swarm.run(3600s));
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    WARN(count << " peers, " << chunks << " chunks: " << took.count() << " s, " << gibibytes_most()
               << " GiB; " << makespan(swarm, leechers(swarm)) / alone(rules)
               << " times the file's time; " << cost(swarm, rules));
}

}  // namespace

TEST_CASE("a thousand peers and a GiB can be simulated", "[.large]") {
    large(1000, 1024);
}

TEST_CASE("a thousand peers and an eighth of a GiB can be simulated", "[.large]") {
    large(1000, 128);
}

TEST_CASE("ten thousand peers and a hundred chunks take no more than 4 GiB", "[.large]") {
    large(10'000, 100);
    CHECK(gibibytes_most() <= 4);
}
