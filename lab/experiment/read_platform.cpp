#include "experiment/read_platform.hpp"

#include "experiment/population.hpp"
#include "platform/parse.hpp"

#include <xfsbus/policies/host/sha256.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace xfsbus::lab::experiment {
namespace {

using platform::Platform;

/// Hosts that groups name, and for the others those that nobody names, in the order of the file.
/// Empty: it is complained of.
std::vector<std::uint32_t> hosts_of(TableReader& table, Experiment const& experiment,
                                    Platform const& platform) {
    std::vector<bool> taken(platform.hosts());
    std::vector<std::uint32_t> hosts;
    std::vector<std::size_t> waiting;
    for (auto const& group : experiment.groups) {
        for (std::size_t i = 0; i < group.count; ++i) {
            if (group.hosts.empty()) {
                waiting.push_back(hosts.size());
                hosts.push_back(0);
                continue;
            }
            auto const host = platform.host(group.hosts[i]);
            if (!host || taken[*host]) {
                table.wrong("file", "[[peers]] host: '" + wire::escape(group.hosts[i]) + "' " +
                                        (host ? "is that of two peers" : "is no host of it"));
                return {};
            }
            taken[*host] = true;
            hosts.push_back(*host);
        }
    }
    std::uint32_t next = 0;
    for (auto const peer : waiting) {
        while (next < taken.size() && taken[next]) {
            ++next;
        }
        if (next == taken.size()) {
            table.wrong("file", "has " + std::to_string(platform.hosts()) +
                                    " hosts, which are fewer than there are peers");
            return {};
        }
        hosts[peer] = next++;
    }
    return hosts;
}

/// The links that the paths so far have in common.
class Common {
  public:
    void add(std::vector<platform::LinkIndex> links) {
        std::ranges::sort(links);
        if (!std::exchange(is_first_, false)) {
            std::vector<platform::LinkIndex> both;
            std::ranges::set_intersection(links_, links, std::back_inserter(both));
            links = std::move(both);
        }
        links_ = std::move(links);
    }

    /// Bytes per second of the slowest.
    [[nodiscard]] std::uint64_t slowest(Platform const& platform) const {
        double least = static_cast<double>(limits::rate_most);
        for (auto const link : links_) {
            least = std::min(least, platform.links()[link].bytes_per_second);
        }
        return static_cast<std::uint64_t>(least);
    }

  private:
    std::vector<platform::LinkIndex> links_;
    bool is_first_ = true;
};

/// Looks at the path between each two.
void look_at_paths(TableReader& table, Placement& placement, Latencies& latencies) {
    auto const& platform = *placement.platform;
    auto const count = placement.hosts.size();
    std::vector<Common> up(count);
    std::vector<Common> down(count);
    latencies.between = Latencies::Between::peers;
    latencies.rows = count;
    latencies.one_way.assign(count * count, wire::Duration());
    for (std::size_t from = 0; from < count; ++from) {
        for (std::size_t to = 0; to < count; ++to) {
            if (from == to) {
                continue;
            }
            auto const path = platform.path(placement.hosts[from], placement.hosts[to]);
            if (!path) {
                return table.wrong(
                    "file", "between '" + wire::escape(platform.name(placement.hosts[from])) +
                                "' and '" + wire::escape(platform.name(placement.hosts[to])) +
                                "': " + path.error().message);
            }
            latencies.one_way[from * count + to] = path->latency;
            up[from].add(path->links);
            down[to].add(path->links);
        }
    }
    for (std::size_t peer = 0; peer < count; ++peer) {
        placement.up.push_back(up[peer].slowest(platform));
        placement.down.push_back(down[peer].slowest(platform));
    }
}

}  // namespace

void read_platform(TableReader& table, Experiment& experiment, Files const& files) {
    if (experiment.latencies.between != Latencies::Between::nobody) {
        return table.wrong("file", "does not go with [latency]: a platform has latencies");
    }
    if (experiment.network.rack_link > 0 || experiment.network.core_link > 0) {
        return table.wrong("file",
                           "does not go with rack-link and core-link of [network]: a "
                           "platform has links");
    }
    auto const name = table.needed_text("file");
    if (peers_of(experiment) > limits::pairs_peers) {
        return table.wrong("file", "goes with 1024 peers at most");
    }
    auto const text = files(name, platform::file_bytes_most);
    if (!text) {
        return table.wrong("file", text.error().message);
    }
    auto parsed = platform::parse(*text, wire::escape(name));
    if (!parsed) {
        return table.wrong("file", parsed.error().message);
    }
    auto placement = std::make_shared<Placement>();
    placement->hosts = hosts_of(table, experiment, *parsed);
    if (placement->hosts.empty()) {
        return;
    }
    placement->platform = std::make_shared<Platform const>(std::move(parsed).value());
    placement->hash = policies::sha256_hex(*text);
    look_at_paths(table, *placement, experiment.latencies);
    experiment.placement = std::move(placement);
}

}  // namespace xfsbus::lab::experiment
