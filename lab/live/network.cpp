#include "live/network.hpp"

#include "live/program.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace xfsbus::lab::live {
namespace {

// What a packet carries and what it takes of a link: Ethernet's frame of 1514 bytes less the
// headers of Ethernet, IP and TCP with its time stamps. An experiment's rates are those of the
// content.
constexpr double payload_bytes = 1448;
constexpr double frame_bytes = 1514;

/// What a link that was idle lets through at once: what it carries in 20 ms, so that a busy machine
/// loses nothing of the rate. As long for a slow link as for a quick one: if it were as many bytes,
/// the first chunk of a slow source would come as fast as that of a quick one.
long long burst_of(double bytes_per_s) {
    constexpr double seconds = 0.02;
    constexpr long long least = 16LL * 1024;  // some packets
    return std::max(least, std::llround(bytes_per_s * seconds));
}

/// "add dev eth0 root tbf ...": a packet that comes faster than the rate waits, for 100 ms at most.
std::string shaped(std::string const& device, std::uint64_t bytes_per_s) {
    constexpr double bits = 8;
    auto const bytes = static_cast<double>(bytes_per_s) * frame_bytes / payload_bytes;
    return "qdisc add dev " + device + " root tbf rate " +
           std::to_string(std::llround(bytes * bits)) + "bit burst " +
           std::to_string(burst_of(bytes)) + " latency 100ms\n";
}

std::string switch_of(std::uint32_t rack) {
    return "rack" + std::to_string(rack);
}

/// A switch, behind a link to the middle that is as fast as the racks' links are.
void add_rack(Settings& middle, std::uint32_t rack, std::uint64_t rack_link) {
    auto const name = switch_of(rack);
    auto const number = std::to_string(rack);
    middle.ip += "link add " + name + " type bridge\nlink set " + name + " up\nlink add up" +
                 number + " type veth peer name down" + number + "\nlink set up" + number +
                 " master " + name + " up\nlink set down" + number + " master middle up\n";
    if (rack_link > 0) {
        middle.tc += shaped("up" + number, rack_link) + shaped("down" + number, rack_link);
    }
}

/// What goes out at the port comes into the peer.
void add_port(Settings& middle, std::size_t index, experiment::Peer const& peer) {
    auto const port = "port" + std::to_string(index);
    middle.ip += "link add " + port + " type veth peer name eth0 netns {" + std::to_string(index) +
                 "}\nlink set " + port + " master " + switch_of(peer.rack) + " up\n";
    middle.tc += shaped(port, peer.down);
}

Settings settings_of(experiment::Peer const& peer, std::string const& ip) {
    return {"link set lo up\naddress add " + ip + "/24 dev eth0\nlink set eth0 up\n",
            shaped("eth0", peer.up)};
}

files::Fd current_network() {
    files::Fd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!network) {
        throw std::system_error(errno, std::generic_category(), "/proc/self/ns/net");
    }
    return network;
}

files::Fd new_network() {
    if (::unshare(CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot have a network namespace");
    }
    return current_network();
}

/// Has the tool do these commands there.
void run_batch(std::string const& tool, int network, std::string const& commands) {
    if (commands.empty()) {
        return;
    }
    Program program({.file = find_tool(tool),
                     .arguments = {"-batch", "-"},
                     .directory = {},
                     .log = {},
                     .network = network});
    program.say(commands);
    program.close_input();
    std::string said;
    while (auto const more = program.read()) {
        said += *more;
    }
    if (program.wait() != 0) {
        throw std::runtime_error(tool + ": " + wire::escape(said));
    }
}

}  // namespace

NetworkPlan network_plan_of(experiment::Experiment const& experiment,
                            std::vector<experiment::Peer> const& peers,
                            Addresses const& addresses) {
    NetworkPlan plan;
    plan.middle.ip =
        "link set lo up\nlink add middle type bridge\nlink set middle up\naddress add " +
        addresses.tracker_ip + "/24 dev middle\n";
    std::set<std::uint32_t> racks;
    for (std::size_t i = 0; i < peers.size(); ++i) {
        if (racks.insert(peers[i].rack).second) {
            add_rack(plan.middle, peers[i].rack, experiment.network.rack_link);
        }
        add_port(plan.middle, i, peers[i]);
        plan.peers.push_back(settings_of(peers[i], addresses.peer_ips[i]));
    }
    return plan;
}

Network::Network(NetworkPlan const& plan) {
    auto const ours = current_network();
    middle_ = new_network();
    for (std::size_t i = 0; i < plan.peers.size(); ++i) {
        peers_.push_back(new_network());
    }
    if (::setns(ours.get(), CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot go back to our network");
    }
    set(middle_.get(), plan.middle);
    for (std::size_t i = 0; i < plan.peers.size(); ++i) {
        set(peers_[i].get(), plan.peers[i]);
    }
}

std::string Network::filled(std::string text) const {
    for (auto at = text.find('{'); at != std::string::npos; at = text.find('{', at)) {
        auto const end = text.find('}', at);
        auto const peer = std::stoul(text.substr(at + 1, end - at - 1));
        text.replace(
            at, end + 1 - at,
            "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(of_peer(peer)));
    }
    return text;
}

void Network::set(int network, Settings const& settings) const {
    run_batch("ip", network, filled(settings.ip));
    run_batch("tc", network, settings.tc);
}

std::filesystem::path find_tool(std::string const& name) {
    for (auto const* const directory : {"/usr/sbin", "/sbin", "/usr/bin", "/bin"}) {
        auto path = std::filesystem::path(directory) / name;
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    return {};
}

}  // namespace xfsbus::lab::live
