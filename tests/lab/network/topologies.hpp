#pragma once

#include "network/max_min.hpp"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace xfsbus::lab::network::test {

/// Numbers that look like chance, the same everywhere (splitmix64).
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        auto z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }

    std::size_t below(std::size_t count) { return next() % count; }

  private:
    std::uint64_t state_;
};

inline constexpr double mega = 1e6;

/// 1 to 100 MB/s; often the same as others.
inline double any_capacity(Random& random) {
    return mega * static_cast<double>(random.below(2) == 0 ? 1 + random.below(100)
                                                           : 10 * (1 + random.below(3)));
}

/// Hosts with an uplink and a downlink each, in racks with an uplink and a downlink each, joined by
/// a core.
struct Topology {
    std::size_t hosts = 0;
    std::size_t racks = 0;           ///< 0: the core joins hosts, and is no link
    std::vector<double> capacities;  ///< up and down of each host, then of each rack; the core

    [[nodiscard]] static LinkIndex up(std::size_t of) { return static_cast<LinkIndex>(2 * of); }

    [[nodiscard]] static LinkIndex down(std::size_t of) {
        return static_cast<LinkIndex>(2 * of + 1);
    }

    [[nodiscard]] std::vector<LinkIndex> route(std::size_t from, std::size_t to) const {
        if (racks == 0 || from % racks == to % racks) {
            return {up(from), down(to)};
        }
        auto const core = static_cast<LinkIndex>(2 * (hosts + racks));
        return {up(from), up(hosts + from % racks), core, down(hosts + to % racks), down(to)};
    }

    [[nodiscard]] std::vector<LinkIndex> any_route(Random& random) const {
        auto const from = random.below(hosts);
        return route(from, (from + 1 + random.below(hosts - 1)) % hosts);
    }
};

inline Topology any_topology(Random& random) {
    Topology topology{.hosts = 2 + random.below(14), .racks = random.below(4), .capacities = {}};
    auto const links = 2 * (topology.hosts + topology.racks) + (topology.racks > 0 ? 1 : 0);
    for (std::size_t link = 0; link < links; ++link) {
        topology.capacities.push_back(any_capacity(random));
    }
    return topology;
}

}  // namespace xfsbus::lab::network::test
