// The same flows in the network model and in SimGrid: each must end at the same time, within one
// per cent of its duration. "compare NUMBER" does one scenario.
//
// SimGrid's CM02 model with all factors of TCP set to nothing is a max-min sharing, too, with two
// differences that the scenarios leave no room for. It gives flows shares in inverse proportion to
// their latency: here all have the same. And a flow takes no part until its latency has passed,
// while here its bytes take their share at once, and arrive by the latency later: the same for
// flows that all have the same.
#include "play.hpp"
#include "scenarios.hpp"

#include <set>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::lab::network;
using namespace xfsbus::lab::network::test;

namespace {

/// The links that take time.
std::set<LinkIndex> delayed(Scenario const& scenario) {
    std::set<LinkIndex> links;
    for (auto const& flow : scenario.flows) {
        links.insert(flow.route.back());
    }
    return links;
}

std::vector<Start> starts_of(Scenario const& scenario) {
    std::vector<Start> starts;
    for (auto const& flow : scenario.flows) {
        starts.push_back({flow.route, flow.start_s, flow.bytes});
    }
    return starts;
}

std::vector<double> ends_here(Scenario const& scenario) {
    Network network;
    auto const slow = delayed(scenario);
    for (LinkIndex link = 0; link < scenario.capacities.size(); ++link) {
        network.add_link(scenario.capacities[link],
                         duration(slow.contains(link) ? scenario.delay_s : 0));
    }
    return play(network, starts_of(scenario));
}

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
    configure();
    auto const hosts = build(scenario);
    std::vector<double> ends(scenario.flows.size());
    for (std::size_t i = 0; i < scenario.flows.size(); ++i) {
        auto const& flow = scenario.flows[i];
        send_in_simgrid(hosts[flow.from], hosts[flow.to], flow.start_s, flow.bytes, ends[i]);
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
    return judge(scenario.name, starts_of(scenario), here, ends_in_simgrid(scenario, argc, argv));
}
