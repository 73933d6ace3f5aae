// Flows between the hosts of a platform's file, as we read it and as SimGrid does: each must end at
// the same time, within one per cent of its duration. "compare FILE FLOWS". What is said in
// network/simgrid/compare.cpp of latency holds here as well: in these files all flows have the
// same.
#include "../../network/simgrid/play.hpp"
#include "platform/parse.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::network::test;

namespace {

/// Between two hosts, of which no two are the same.
struct Sent {
    platform::HostIndex from = 0;
    platform::HostIndex to = 0;
    Start start;
};

platform::Platform platform_of(std::string const& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string const text(std::istreambuf_iterator<char>(stream), {});
    auto parsed = platform::parse(text, file);
    if (!parsed) {
        std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
        std::exit(2);
    }
    return std::move(parsed).value();
}

std::vector<Sent> any_flows(platform::Platform const& platform, network::Network& network,
                            std::size_t count) {
    Random random(7);
    std::vector<Sent> all;
    auto const hosts = platform.hosts();
    std::vector<bool> taken(hosts * hosts);
    while (all.size() < count) {
        auto const from = static_cast<platform::HostIndex>(random.below(hosts));
        auto const to = static_cast<platform::HostIndex>(random.below(hosts));
        if (from == to || taken[from * hosts + to]) {
            continue;
        }
        taken[from * hosts + to] = true;
        auto const path = platform.path(from, to);
        if (!path) {
            std::fprintf(stderr, "%s\n", path.error().message.c_str());
            std::exit(2);
        }
        Start start{{path->links.begin(), path->links.end()},
                    0.001 * static_cast<double>(random.below(3000)),
                    1'000'000 + random.below(50'000'000)};
        if (path->most) {
            start.route.push_back(network.add_link(*path->most));
        }
        all.push_back({from, to, std::move(start)});
    }
    return all;
}

std::vector<double> ends_in_simgrid(platform::Platform const& platform, std::string const& file,
                                    std::vector<Sent> const& flows, int argc, char** argv) {
    s4u::Engine engine(&argc, argv);
    configure();
    engine.load_platform(file);
    std::vector<double> ends(flows.size());
    for (std::size_t i = 0; i < flows.size(); ++i) {
        send_in_simgrid(engine.host_by_name(platform.name(flows[i].from)),
                        engine.host_by_name(platform.name(flows[i].to)), flows[i].start.start_s,
                        flows[i].start.bytes, ends[i]);
    }
    engine.run();
    return ends;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "compare FILE FLOWS\n");
        return 2;
    }
    std::string const file = argv[1];
    auto const platform = platform_of(file);
    network::Network network;
    for (auto const& link : platform.links()) {
        network.add_link(link.bytes_per_second, link.latency);
    }
    auto const flows = any_flows(platform, network, std::strtoul(argv[2], nullptr, 10));
    std::vector<Start> starts;
    std::ranges::transform(flows, std::back_inserter(starts), &Sent::start);
    auto const here = play(network, starts);
    auto const there = ends_in_simgrid(platform, file, flows, argc, argv);
    return judge(file, starts, here, there);
}
