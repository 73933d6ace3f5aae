#pragma once

#include "../topologies.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::lab::network::test {

/// Flows between hosts, of which no two are between the same.
struct Scenario {
    struct Flow {
        std::size_t from = 0;
        std::size_t to = 0;
        std::vector<LinkIndex> route;
        double start_s = 0;
        std::uint64_t bytes = 0;
    };

    std::string name;
    std::size_t hosts = 0;
    std::vector<double> capacities;  ///< of links, bytes per second
    double delay_s = 0;              ///< of the last link of each route
    std::vector<Flow> flows;
};

/// `count` flows in a star or in racks, within the first ten seconds.
inline Scenario scenario_of(std::string name, Topology const& topology, std::size_t count,
                            Random& random) {
    Scenario scenario{std::move(name), topology.hosts, topology.capacities, 0.001, {}};
    std::vector<bool> taken(topology.hosts * topology.hosts);
    while (scenario.flows.size() < count) {
        auto const from = random.below(topology.hosts);
        auto const to = random.below(topology.hosts);
        if (from != to && !taken[from * topology.hosts + to]) {
            taken[from * topology.hosts + to] = true;
            scenario.flows.push_back({from, to, topology.route(from, to),
                                      0.001 * static_cast<double>(random.below(10'000)),
                                      1'000'000 + random.below(100'000'000)});
        }
    }
    return scenario;
}

inline Topology topology_of(std::size_t hosts, std::size_t racks, double rack_link, double core,
                            Random& random) {
    Topology topology{.hosts = hosts, .racks = racks, .capacities = {}};
    for (std::size_t link = 0; link < 2 * hosts; ++link) {
        topology.capacities.push_back(any_capacity(random));
    }
    topology.capacities.insert(topology.capacities.end(), 2 * racks, rack_link);
    if (racks > 0) {
        topology.capacities.push_back(core);
    }
    return topology;
}

/// A road of links: one flow all along, and one beside it at each. Each has a last link of its own.
inline Scenario parking_lot(Random& random) {
    constexpr LinkIndex links = 4;
    Scenario scenario{"a parking lot", 2 * (links + 1), {}, 0.001, {}};
    std::vector<LinkIndex> road;
    for (LinkIndex link = 0; link < links; ++link) {
        scenario.capacities.push_back(any_capacity(random));
        road.push_back(link);
        scenario.flows.push_back(
            {2 + 2 * link, 3 + 2 * link, {link, links + link}, 0.5 * link, 50'000'000});
    }
    scenario.capacities.insert(scenario.capacities.end(), links + 1, 100 * mega);
    road.push_back(2 * links);
    scenario.flows.push_back({0, 1, road, 0, 200'000'000});
    return scenario;
}

inline std::vector<Scenario> scenarios() {
    Random random(1);
    std::vector<Scenario> all;
    all.push_back(scenario_of("one sends to twenty", topology_of(21, 0, 0, 0, random), 0, random));
    for (std::size_t to = 1; to < 21; ++to) {
        all.back().flows.push_back({0,
                                    to,
                                    {Topology::up(0), Topology::down(to)},
                                    0.1 * static_cast<double>(to),
                                    10'000'000});
    }
    all.push_back(parking_lot(random));
    all.push_back(scenario_of("a star", topology_of(30, 0, 0, 0, random), 150, random));
    all.push_back(scenario_of("racks with thin links and a core",
                              topology_of(64, 4, 60 * mega, 100 * mega, random), 300, random));
    all.push_back(
        scenario_of("a star of a hundred", topology_of(100, 0, 0, 0, random), 1000, random));
    return all;
}

}  // namespace xfsbus::lab::network::test
