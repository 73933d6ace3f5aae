// The same flows in the network model and in SimGrid: each must end at the same time, within one
// per cent of its duration. "compare NUMBER" does one scenario.
//
// SimGrid's CM02 model with all factors of TCP set to nothing is a max-min sharing, too, with two
// differences that the scenarios leave no room for. It gives flows shares in inverse proportion to
// their latency: here all have the same. And a flow takes no part until its latency has passed,
// while here its bytes take their share at once, and arrive by the latency later: the same for
// flows that all have the same.
#include "network/network.hpp"
#include "scenarios.hpp"

#include <simgrid/s4u.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

using namespace xfsbus;
using namespace xfsbus::lab::network;
using namespace xfsbus::lab::network::test;

namespace {

constexpr double most = 0.01;

wire::Duration duration(double seconds) {
    return std::chrono::round<wire::Duration>(std::chrono::duration<double>(seconds));
}

/// The links that take time.
std::set<LinkIndex> delayed(Scenario const& scenario) {
    std::set<LinkIndex> links;
    for (auto const& flow : scenario.flows) {
        links.insert(flow.route.back());
    }
    return links;
}

/// When each flow has arrived.
std::vector<double> ends_here(Scenario const& scenario) {
    Network network;
    auto const slow = delayed(scenario);
    for (LinkIndex link = 0; link < scenario.capacities.size(); ++link) {
        network.add_link(scenario.capacities[link],
                         duration(slow.contains(link) ? scenario.delay_s : 0));
    }
    std::multimap<wire::Time, std::size_t> starts;
    std::vector<FlowIndex> flows;
    for (std::size_t i = 0; i < scenario.flows.size(); ++i) {
        flows.push_back(network.open(scenario.flows[i].route));
        starts.emplace(wire::Time(duration(scenario.flows[i].start_s)), i);
    }
    std::vector<double> ends(flows.size());
    auto next = network.next();
    while (next || !starts.empty()) {
        if (!starts.empty() && (!next || starts.begin()->first < *next)) {
            auto const [at, i] = *starts.begin();
            starts.erase(starts.begin());
            network.send(at, flows[i], scenario.flows[i].bytes);
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

namespace s4u = simgrid::s4u;

/// The hosts and links of the scenario.
std::vector<s4u::Host*> build(Scenario const& scenario) {
    auto* const zone = s4u::create_full_zone("zone");
    auto const slow = delayed(scenario);
    std::vector<s4u::Host*> hosts;
    for (std::size_t host = 0; host < scenario.hosts; ++host) {
        hosts.push_back(zone->create_host("host" + std::to_string(host), 1e9));
    }
    std::vector<s4u::Link const*> links;
    for (LinkIndex link = 0; link < scenario.capacities.size(); ++link) {
        links.push_back(zone->create_link("link" + std::to_string(link), scenario.capacities[link])
                            ->set_latency(slow.contains(link) ? scenario.delay_s : 0)
                            ->seal());
    }
    for (auto const& flow : scenario.flows) {
        std::vector<s4u::LinkInRoute> route;
        for (auto const link : flow.route) {
            route.emplace_back(links[link]);
        }
        zone->add_route(hosts[flow.from]->get_netpoint(), hosts[flow.to]->get_netpoint(), nullptr,
                        nullptr, route, false);
    }
    zone->seal();
    return hosts;
}

std::vector<double> ends_in_simgrid(Scenario const& scenario, int argc, char** argv) {
    s4u::Engine engine(&argc, argv);
    for (char const* const setting :
         {"network/model:CM02", "network/bandwidth-factor:1", "network/latency-factor:1",
          "network/TCP-gamma:0", "network/weight-S:0", "network/crosstraffic:0"}) {
        s4u::Engine::set_config(setting);
    }
    auto const hosts = build(scenario);
    std::vector<double> ends(scenario.flows.size());
    for (std::size_t i = 0; i < scenario.flows.size(); ++i) {
        auto const& flow = scenario.flows[i];
        s4u::Actor::create("flow" + std::to_string(i), hosts[flow.from], [&, i] {
            s4u::this_actor::sleep_until(flow.start_s);
            s4u::Comm::sendto(hosts[flow.from], hosts[flow.to], flow.bytes);
            ends[i] = s4u::Engine::get_clock();
        });
    }
    engine.run();
    return ends;
}

}  // namespace

int main(int argc, char** argv) {
    auto const all = scenarios();
    auto const number = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : all.size();
    if (number >= all.size()) {
        std::fprintf(stderr, "compare NUMBER, of a scenario below %zu\n", all.size());
        return 2;
    }
    auto const& scenario = all[number];
    auto const here = ends_here(scenario);
    auto const there = ends_in_simgrid(scenario, argc, argv);
    double worst = 0;
    for (std::size_t i = 0; i < here.size(); ++i) {
        auto const took = there[i] - scenario.flows[i].start_s;
        worst = std::max(worst, std::abs(here[i] - there[i]) / took);
    }
    std::printf("%s: %zu flows, at most %.6f %% apart\n", scenario.name.c_str(), here.size(),
                100 * worst);
    return worst <= most ? 0 : 1;
}
