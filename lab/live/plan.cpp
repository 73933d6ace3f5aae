#include "live/plan.hpp"

#include "results/text.hpp"

#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::lab::live {
namespace {

using experiment::Experiment;
using experiment::Group;
using experiment::Where;
using Words = std::vector<std::string>;

constexpr std::uint16_t tracker_port = 7470;
constexpr std::uint16_t peers_port = 7471;

std::string with_port(std::string const& ip, std::uint16_t port) {
    return ip + ":" + std::to_string(port);
}

std::uint16_t port_of(Addresses const& addresses, std::size_t peer) {
    return static_cast<std::uint16_t>(addresses.first_port + peer * addresses.ports_between);
}

std::string address_of(Addresses const& addresses, std::size_t peer) {
    return with_port(addresses.peer_ips[peer], port_of(addresses, peer));
}

/// An option, unless it has no value: then it is left to the product.
void add(Words& words, char const* option, std::string const& value) {
    if (!value.empty()) {
        words.insert(words.end(), {option, value});
    }
}

void add_all(Words& words, char const* option, std::vector<std::filesystem::path> const& values) {
    for (auto const& value : values) {
        add(words, option, value.string());
    }
}

/// For both ways of the link, since the peers do it.
void add_rates(Words& words, experiment::Peer const& peer) {
    add(words, "--max-upload-limit", std::to_string(peer.up));
    add(words, "--max-download-limit", std::to_string(peer.down));
}

Words words_of_tracker(experiment::Policy const& policy, Addresses const& addresses,
                       std::vector<std::filesystem::path> const& plugin_dirs) {
    Words words = {"--bind", "tcp://" + with_port(addresses.tracker_ip, tracker_port), "--quiet",
                   "--strict-policy"};
    add(words, "--handout", policy.handout);
    add_all(words, "--plugin-dir", plugin_dirs);
    return words;
}

/// Whatever is of this group and policy, and no matter of where it runs.
void add_policies(Words& words, Experiment const& experiment, Group const& group,
                  experiment::Policy const& policy) {
    add(words, "--policy", group.select.empty() ? policy.select : group.select);
    add(words, "--chunk-order", policy.chunk_order);
    add(words, "--upload-policy", policy.upload_choice);
    add(words, "--labels", group.labels);
    if (experiment.fetching.places) {
        add(words, "--sources", std::to_string(*experiment.fetching.places));
    }
}

/// The simulator has no disk: nothing is kept for a power cut or for the next start.
Words words_of_peer(Addresses const& addresses, std::size_t peer, std::uint64_t seed) {
    auto const data_port = static_cast<std::uint16_t>(port_of(addresses, peer) + 1);
    return {"--json",
            "--json-log",
            "--strict-policy",
            "--no-cache",
            "--no-watch",
            "--durability",
            "process",
            "--tracker",
            "tcp://" + with_port(addresses.tracker_ip, tracker_port),
            "--bind",
            address_of(addresses, peer),
            "--data-port",
            std::to_string(data_port),
            "--seed",
            std::to_string(seed * experiment::limits::peers + peer)};
}

/// The round trip between each two, of which the file has one line.
std::string latencies_of(Experiment const& experiment, std::vector<experiment::Peer> const& peers,
                         Addresses const& addresses) {
    std::string text;
    for (std::size_t a = 0; a < peers.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            auto const both_ways =
                latency_between(experiment, peers, a, b) + latency_between(experiment, peers, b, a);
            text += address_of(addresses, b) + " " + address_of(addresses, a) + " " +
                    results::number_text(
                        "%.3f\n", std::chrono::duration<double, std::milli>(both_ways).count());
        }
    }
    return text;
}

PeerPlan peer_plan_of(Experiment const& experiment, experiment::Policy const& policy,
                      experiment::Peer const& peer, Words words) {
    auto const& group = experiment.groups[peer.group];
    PeerPlan plan;
    plan.has_content = group.role == experiment::Role::seed;
    add_policies(words, experiment, group, policy);
    if (group.serves) {
        words.insert(words.end(), {"--dir", "shared"});
    }
    plan.arguments = std::move(words);
    if (plan.has_content) {
        plan.starts = peer.arrives > wire::Duration() ? std::optional(peer.arrives) : std::nullopt;
        return plan;
    }
    plan.fetches = peer.arrives;
    plan.crashes = peer.crashes;
    plan.leaves = !peer.stays;
    return plan;
}

}  // namespace

bool has_latency(Experiment const& experiment) {
    return experiment.network.latency > wire::Duration() ||
           experiment.latencies.between != experiment::Latencies::Between::nobody ||
           std::ranges::any_of(experiment.groups,
                               [](auto const& group) { return group.far > wire::Duration(); });
}

Addresses loopback_addresses(std::uint32_t process, std::size_t peers) {
    auto const byte = [&](unsigned shift) { return std::to_string(process >> shift & 0xffU); };
    auto const ip =
        "127." + std::to_string(128 + (process >> 16U) % 64) + "." + byte(8) + "." + byte(0);
    return {ip, std::vector(peers, ip), peers_port, 2};
}

Addresses network_addresses(std::size_t peers) {
    Addresses addresses{"10.77.0.1", {}, peers_port, 0};
    for (std::size_t peer = 0; peer < peers; ++peer) {
        addresses.peer_ips.push_back("10.77.0." + std::to_string(peer + 2));
    }
    return addresses;
}

Plan plan_of(Experiment const& experiment, std::size_t policy, std::uint64_t seed,
             std::vector<experiment::Peer> const& peers, Where where, Addresses const& addresses,
             std::vector<std::filesystem::path> const& plugin_dirs) {
    auto const& row = experiment.policies[policy];
    Plan plan;
    plan.stop = experiment.stop;
    plan.content_bytes = experiment.content.bytes;
    plan.tracker_ready = "ready on tcp://" + with_port(addresses.tracker_ip, tracker_port);
    plan.tracker_arguments = words_of_tracker(row, addresses, plugin_dirs);
    auto const patience = std::chrono::ceil<std::chrono::seconds>(experiment.stop).count();
    plan.download =
        std::string("download ") + content_name + " --wait " + std::to_string(patience) + "s &";
    if (has_latency(experiment)) {
        plan.latencies = latencies_of(experiment, peers, addresses);
    }
    for (std::size_t i = 0; i < peers.size(); ++i) {
        auto words = words_of_peer(addresses, i, seed);
        add_all(words, "--plugin-dir", plugin_dirs);
        add(words, "--latency-file", plan.latencies.empty() ? "" : "../latencies");
        if (where == Where::live) {
            add_rates(words, peers[i]);
        }
        plan.peers.push_back(peer_plan_of(experiment, row, peers[i], std::move(words)));
        plan.peers.back().address = address_of(addresses, i);
    }
    return plan;
}

}  // namespace xfsbus::lab::live
