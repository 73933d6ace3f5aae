// Built with -ffp-contract=off, as exact_math.cpp.
#include "experiment/population.hpp"

#include "experiment/exact_math.hpp"
#include "platform/platform.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <cmath>

namespace xfsbus::lab::experiment {
namespace {

using Random = policies::SeededRandom;

/// What is drawn has a generator of its own each, so that more of one thing changes nothing of
/// another.
enum class Stream : std::uint64_t { up = 1, down, arrivals, leaving, crashes };

std::uint64_t seed_of(std::uint64_t seed, Stream stream) {
    constexpr std::uint64_t odd = 0xd1342543de82ef95U;
    return seed * odd + static_cast<std::uint64_t>(stream);
}

/// In (0, 1).
double unit(Random& random) {
    constexpr unsigned unused_bits = 12;
    return (static_cast<double>(random.next() >> unused_bits) + 0.5) * 0x1p-52;
}

/// Of a standard normal distribution, by Marsaglia's polar method.
double normal(Random& random) {
    for (;;) {
        double const x = 2 * unit(random) - 1;
        double const y = 2 * unit(random) - 1;
        double const square = x * x + y * y;
        if (square > 0 && square < 1) {
            return x * std::sqrt(-2 * exact_log(square) / square);
        }
    }
}

/// Later nothing happens: some thirty years, and a sum of a few still fits a Duration.
constexpr wire::Duration never = std::chrono::seconds(1'000'000'000);

/// The time until the next of so many a second.
wire::Duration gap(Random& random, double per_second) {
    constexpr double most = std::chrono::duration<double>(never).count();
    double const seconds = std::min(-exact_log(unit(random)) / per_second, most);
    return std::chrono::duration_cast<wire::Duration>(std::chrono::duration<double>(seconds));
}

std::uint64_t rate(Rates const& rates, std::size_t number, Random& random) {
    auto const first = rates.values.front();
    switch (rates.kind) {
        case Rates::Kind::constant:
            return first;
        case Rates::Kind::list:
            return rates.values[number % rates.values.size()];
        case Rates::Kind::uniform:
            return first + random.rng().below(rates.values[1] - first + 1);
        case Rates::Kind::lognormal:
            break;
    }
    double const drawn =
        static_cast<double>(first) * exact_exp(std::clamp(rates.sigma * normal(random), -50., 50.));
    return static_cast<std::uint64_t>(std::clamp(drawn, static_cast<double>(limits::rate_least),
                                                 static_cast<double>(limits::rate_most)));
}

void draw_arrivals(Experiment const& experiment, std::vector<Peer>& peers, std::uint64_t seed) {
    Random random(seed_of(seed, Stream::arrivals));
    auto const& arrivals = experiment.arrivals;
    auto next = arrivals.first;
    std::size_t number = 0;
    for (auto& peer : peers) {
        auto const& group = experiment.groups[peer.group];
        if (group.arrives || group.role == Role::seed) {
            peer.arrives = group.arrives.value_or(wire::Duration());
        } else if (arrivals.kind == Arrivals::Kind::trace) {
            peer.arrives = arrivals.times[number++];
        } else {
            peer.arrives = next;
            if (arrivals.kind == Arrivals::Kind::poisson) {
                next = std::min(next + gap(random, arrivals.per_second), never);
            }
        }
    }
}

void draw_churn(Experiment const& experiment, std::vector<Peer>& peers, std::uint64_t seed) {
    Random leaving(seed_of(seed, Stream::leaving));
    Random crashes(seed_of(seed, Stream::crashes));
    auto const& churn = experiment.churn;
    for (auto& peer : peers) {
        if (experiment.groups[peer.group].role == Role::seed) {
            continue;
        }
        peer.stays = unit(leaving) >= churn.leave;
        if (churn.crash > 0) {
            peer.crashes = peer.arrives + gap(crashes, churn.crash);
        }
    }
}

/// Of the matrix of latencies.
std::size_t row_of(Latencies const& latencies, std::vector<Peer> const& peers, std::size_t peer) {
    switch (latencies.between) {
        case Latencies::Between::groups:
            return peers[peer].group;
        case Latencies::Between::racks:
            return static_cast<std::size_t>(
                std::ranges::lower_bound(latencies.racks, peers[peer].rack) -
                latencies.racks.begin());
        case Latencies::Between::peers:
        case Latencies::Between::nobody:
            break;
    }
    return peer;
}

/// In place of what was drawn.
void place(Placement const& placement, std::vector<Peer>& peers) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
        peers[i].up = placement.up[i];
        peers[i].down = placement.down[i];
        peers[i].rack = placement.platform->zone(placement.hosts[i]);
    }
}

}  // namespace

std::uint64_t peers_of(Experiment const& experiment) {
    std::uint64_t count = 0;
    for (auto const& group : experiment.groups) {
        count += group.count;
    }
    return count;
}

wire::Duration latency_between(Experiment const& experiment, std::vector<Peer> const& peers,
                               std::size_t from, std::size_t to) {
    auto const& latencies = experiment.latencies;
    auto const between = latencies.between == Latencies::Between::nobody
                             ? experiment.network.latency
                             : latencies.one_way[row_of(latencies, peers, from) * latencies.rows +
                                                 row_of(latencies, peers, to)];
    return between + experiment.groups[peers[from].group].far +
           experiment.groups[peers[to].group].far;
}

std::vector<Peer> draw(Experiment const& experiment, std::uint64_t seed) {
    Random up(seed_of(seed, Stream::up));
    Random down(seed_of(seed, Stream::down));
    std::vector<Peer> peers;
    for (std::uint32_t index = 0; index < experiment.groups.size(); ++index) {
        auto const& group = experiment.groups[index];
        for (std::size_t i = 0; i < group.count; ++i) {
            Peer peer;
            peer.group = index;
            peer.up = rate(group.up, i, up);
            peer.down = rate(group.down, i, down);
            peer.rack = group.rack[i % group.rack.size()];
            peers.push_back(peer);
        }
    }
    if (experiment.placement) {
        place(*experiment.placement, peers);
    }
    draw_arrivals(experiment, peers, seed);
    draw_churn(experiment, peers, seed);
    return peers;
}

}  // namespace xfsbus::lab::experiment
