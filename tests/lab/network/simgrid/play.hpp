#pragma once

#include "../topologies.hpp"
#include "network/network.hpp"

#include <simgrid/s4u.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace xfsbus::lab::network::test {

namespace s4u = simgrid::s4u;

/// What a flow sends, and when it begins.
struct Start {
    std::vector<LinkIndex> route;
    double start_s = 0;
    std::uint64_t bytes = 0;
};

inline wire::Duration duration(double seconds) {
    return std::chrono::round<wire::Duration>(std::chrono::duration<double>(seconds));
}

/// When each flow has arrived, in our network.
inline std::vector<double> play(Network& network, std::vector<Start> const& all) {
    std::multimap<wire::Time, std::size_t> starts;
    std::vector<FlowIndex> flows;
    for (std::size_t i = 0; i < all.size(); ++i) {
        flows.push_back(network.open(all[i].route));
        starts.emplace(wire::Time(duration(all[i].start_s)), i);
    }
    std::vector<double> ends(flows.size());
    auto next = network.next();
    while (next || !starts.empty()) {
        if (!starts.empty() && (!next || starts.begin()->first < *next)) {
            auto const [at, i] = *starts.begin();
            starts.erase(starts.begin());
            network.send(at, flows[i], all[i].bytes);
        } else {
            while (auto const left = network.take(*next)) {
                // Flows are opened in order, and none is closed.
                ends[left->flow] =
                    std::chrono::duration<double>(left->arrives.time_since_epoch()).count();
            }
        }
        next = network.next();
    }
    return ends;
}

/// SimGrid shares links as we do then.
inline void configure() {
    for (char const* const setting :
         {"network/model:CM02", "network/bandwidth-factor:1", "network/latency-factor:1",
          "network/TCP-gamma:0", "network/weight-S:0", "network/crosstraffic:0"}) {
        s4u::Engine::set_config(setting);
    }
}

/// When it has arrived is in `end` once the simulation is over.
inline void send_in_simgrid(s4u::Host* from, s4u::Host* to, double start_s, std::uint64_t bytes,
                            double& end) {
    s4u::Actor::create(from->get_name() + "-" + to->get_name(), from,
                       [from, to, start_s, bytes, &end] {
                           s4u::this_actor::sleep_until(start_s);
                           s4u::Comm::sendto(from, to, bytes);
                           end = s4u::Engine::get_clock();
                       });
}

/// The exit code: 0 if no flow ends elsewhere by more than one per cent of its duration.
inline int judge(std::string const& name, std::vector<Start> const& flows,
                 std::vector<double> const& here, std::vector<double> const& there) {
    constexpr double most = 0.01;
    double worst = 0;
    for (std::size_t i = 0; i < flows.size(); ++i) {
        auto const took = there[i] - flows[i].start_s;
        worst = std::max(worst, std::abs(here[i] - there[i]) / took);
    }
    std::printf("%s: %zu flows, at most %.6f %% apart\n", name.c_str(), flows.size(), 100 * worst);
    return worst <= most ? 0 : 1;
}

}  // namespace xfsbus::lab::network::test
