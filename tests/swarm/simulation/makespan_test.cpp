// How close a swarm comes to what no swarm can beat.
#include "figures.hpp"

#include <numeric>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t long_file_chunks = 400;

/// Mundinger, Weber and Weiss, "Optimal scheduling of peer-to-peer file dissemination" (2008): with
/// equal uplinks, and parts that are passed on when they are whole.
double round_bound(Swarm::Rules const& rules, std::size_t count) {
    return alone(rules) * (1 + std::floor(std::log2(count)) / rules.file.chunks);
}

/// Kumar and Ross, "Peer-assisted file distribution" (2006): the seed sends the file once, the
/// slowest receives it, and all together send it to each.
double fluid_bound(Swarm::Rules const& rules, std::vector<double> const& rates) {
    auto const bytes = static_cast<double>(rules.file.bytes);
    double const all = std::accumulate(rates.begin(), rates.end(), link_rate);
    return std::max({alone(rules), bytes / *std::ranges::min_element(rates),
                     static_cast<double>(rates.size()) * bytes / all});
}

/// What messages add to it: find and answer, open and answer, ask and chunk at the beginning; tell,
/// ask and chunk at the end, with the wait for more to tell.
double message_time(Swarm::Rules const& rules) {
    return 9 * seconds(rules.latency) + 0.05;
}

void many_peers(std::size_t count, std::size_t sources_most, std::uint64_t seed) {
    auto rules = rules_of(long_file_chunks, 1ms);
    rules.download.sources_most = sources_most;
    Swarm swarm(rules, seed);
    swarm.add(seed_nature);
    swarm.add(count, leecher);
    REQUIRE(swarm.run(600s));
    double const ratio = makespan(swarm, leechers(swarm)) / round_bound(rules, count);
    INFO(cost(swarm, rules));
    CHECK(ratio <= 1.55);
}

/// With eight neighbours each, which takes a little longer than with the usual number, but the
/// simulation a third of the time.
void thousand_peers(std::uint64_t first_seed, std::uint64_t seeds) {
    for_seeds(first_seed, seeds,
              [](auto seed) { many_peers(is_slow_build ? 100 : 1000, 8, seed); });
}

/// Leechers with these rates, up and down. Where all links are of one speed, two that send to the
/// same leecher share its downlink, and have nothing better to do with the rest of their uplinks;
/// the bounds, which a plan of all that is sent would reach, do not know of that.
void crowd(std::vector<double> const& rates, wire::Duration latency, double most) {
    for_seeds(1, is_slow_build ? 2 : 10, [&](auto seed) {
        auto const rules = rules_of(long_file_chunks, latency);
        Swarm swarm(rules, seed);
        swarm.add({.up = link_rate, .down = link_rate, .seed = true});
        for (double const rate : rates) {
            swarm.add({.up = rate, .down = rate});
        }
        REQUIRE(swarm.run(600s));
        double const bound = fluid_bound(rules, rates) + message_time(rules);
        auto const bytes = static_cast<double>(rules.file.bytes);
        INFO(cost(swarm, rules));
        CHECK(makespan(swarm, leechers(swarm)) / bound <= most);
        CHECK(static_cast<double>(swarm.figures().bytes_duplicate) <=
              0.012 * bytes * static_cast<double>(rates.size()));
        // Where the seed is not the slowest it has nothing better to do than to send more.
        bool const seed_is_slowest = *std::ranges::min_element(rates) >= link_rate;
        CHECK((!seed_is_slowest || static_cast<double>(swarm.peer(0).bytes_sent) <= 1.1 * bytes));
    });
}

}  // namespace

TEST_CASE("a thousand peers take at most 1.55 times the optimum, first seed") {
    thousand_peers(1, 1);
}

TEST_CASE("a thousand peers take at most 1.55 times the optimum, second seed") {
    thousand_peers(2, 1);
}

TEST_CASE("a thousand peers take at most 1.55 times the optimum, third seed") {
    thousand_peers(3, 1);
}

TEST_CASE("a thousand peers take at most 1.55 times the optimum, fourth seed") {
    thousand_peers(4, 1);
}

TEST_CASE("a thousand peers take at most 1.55 times the optimum, twenty seeds", "[.all]") {
    thousand_peers(1, 20);
}

TEST_CASE("two hundred peers with the usual number of neighbours are as close to the optimum") {
    many_peers(is_slow_build ? 50 : 200, Download::Limits().sources_most, 1);
}

TEST_CASE("eight and sixteen peers on links of one speed take little longer than one would") {
    crowd(std::vector<double>(8, link_rate), 1ms, 1.08);
    crowd(std::vector<double>(16, link_rate), 1ms, 1.18);
}

TEST_CASE("where a round trip takes a tenth of a second a swarm loses little else") {
    crowd(std::vector<double>(8, link_rate), 50ms, 1.09);
    crowd(std::vector<double>(16, link_rate), 50ms, 1.16);
}

TEST_CASE("where a round trip takes a fifth of a second a swarm loses little else") {
    crowd(std::vector<double>(8, link_rate), 100ms, 1.06);
    crowd(std::vector<double>(16, link_rate), 100ms, 1.17);
}

TEST_CASE("slow links among fast ones hold back nobody but their own") {
    std::vector<double> rates;
    for (int i = 0; i < 4; ++i) {
        rates.insert(rates.end(), {2 * link_rate, link_rate / 2});
    }
    crowd(rates, 1ms, 1.2);
}
