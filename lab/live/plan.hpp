#pragma once

#include "experiment/experiment.hpp"
#include "experiment/population.hpp"

#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::lab::live {

/// The name under which all know the content.
inline constexpr char const* content_name = "content";

/// What one peer's program is, and what happens to it. Times are since the beginning of the run.
struct PeerPlan {
    std::string address{};  ///< "IP:PORT", by which others know it
    std::vector<std::string> arguments{};
    bool has_content = false;                 ///< in the directory that it shares, or would share
    std::optional<wire::Duration> starts{};   ///< empty: it is ready before the run begins
    std::optional<wire::Duration> fetches{};  ///< is told `download` then
    std::optional<wire::Duration> crashes{};
    bool leaves = false;  ///< when it has the content
};

/// A run with real programs: which there are, with which arguments, and what they are told when.
/// Each runs in a directory of its own, in which `shared` is the one that it shares; the latency
/// file stands beside these directories.
struct Plan {
    std::string tracker_ready{};  ///< the end of the line that it prints when it is up
    std::vector<std::string> tracker_arguments{};
    std::vector<PeerPlan> peers{};
    std::uint64_t content_bytes = 0;
    std::string download{};   ///< the command of those that fetch
    std::string latencies{};  ///< the latency file
    wire::Duration stop{};
};

/// Whether there is a latency to be added, between any two.
bool has_latency(experiment::Experiment const& experiment);

/// Where the programs of a run are.
struct Addresses {
    std::string tracker_ip{};
    std::vector<std::string> peer_ips{};
    std::uint16_t first_port = 0;
    std::uint16_t ports_between = 0;  ///< the ports of a peer and of the next; 0: all are the same
};

/// All at one address of this machine, with ports that no connection is given by chance. Runs of
/// different processes meet in no address.
Addresses loopback_addresses(std::uint32_t process, std::size_t peers);

/// Each at an address of its own, 10.77.0.2 and so on; the tracker at 10.77.0.1.
Addresses network_addresses(std::size_t peers);

/// `peers`: experiment::draw() of the seed. `plugin_dirs` are where plug-ins are looked for. Peers
/// limit their rates themselves where they run live, and not where links do it.
Plan plan_of(experiment::Experiment const& experiment, std::size_t policy, std::uint64_t seed,
             std::vector<experiment::Peer> const& peers, experiment::Where where,
             Addresses const& addresses, std::vector<std::filesystem::path> const& plugin_dirs);

}  // namespace xfsbus::lab::live
