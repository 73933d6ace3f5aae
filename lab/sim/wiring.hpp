#pragma once

#include "network/network.hpp"
#include "sim/simulated_tracker.hpp"

#include <xfsbus/swarm/uploads.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xfsbus::lab::sim {

/// Links that lie between those of the peers, where these are no racks and a core.
struct Fabric {
    std::vector<double> links{};  ///< bytes per second

    struct Path {
        std::vector<std::uint32_t> links{};  ///< indices, none twice; at most path_most
        std::optional<double> most{};  ///< bytes per second of one connection, whoever else sends
    };

    std::function<Path(PeerIndex from, PeerIndex to)> path{};  ///< empty: there is no fabric

    /// The peers' own links, and one that holds back a connection, are on the route as well.
    static constexpr std::size_t path_most = network::route_most - 3;
};

/// How the peers of a simulation are connected: each has an uplink and a downlink. Between racks
/// bytes also pass the uplink of the one rack, the core, and the downlink of the other; or between
/// any two what a Fabric says.
///
/// The chunks that one peer sends to another leave in order over one connection. All connections
/// share the links as lab::network says: so one that the other's downlink holds back leaves more of
/// the uplink to the others, and what a peer has sent and a slow one has not taken stays with the
/// sender.
///
/// Times never go back. One thread.
class Wiring {
  public:
    /// In bytes per second.
    struct Options {
        double rack_link = 0;  ///< each rack's, out and in; 0: no limit
        double core_link = 0;  ///< of all racks together; 0: no limit
        Fabric fabric{};
    };

    explicit Wiring(Options options);

    /// What a peer's links carry, in bytes per second; 0: nothing.
    struct Links {
        double up = 0;
        double down = 0;
        std::uint32_t rack = 0;
    };

    /// The next peer, counted from 0.
    void add(Links const& links);
    /// From now on nothing comes from it or gets to it: what is under way stays where it is.
    void silence(wire::Time now, PeerIndex peer);

    void send(wire::Time now, PeerIndex from, PeerIndex to, swarm::Uploads::Piece piece);
    /// Ends the connection; the pieces that have not left and never will.
    std::vector<swarm::Uploads::Piece> cut(wire::Time now, PeerIndex from, PeerIndex to);

    struct Left {
        PeerIndex from = 0;
        PeerIndex to = 0;
        swarm::Uploads::Piece piece;
    };

    /// When the next piece has left; nullopt: nothing is under way.
    std::optional<wire::Time> next() { return network_.next(); }

    /// One piece that has left by now, which is next().
    std::optional<Left> take(wire::Time now);

    [[nodiscard]] std::uint32_t rack(PeerIndex peer) const { return peers_[peer].rack; }

    [[nodiscard]] network::Network const& network() const { return network_; }

  private:
    struct Ends {
        network::LinkIndex up = 0;
        network::LinkIndex down = 0;
    };

    struct Peer {
        Ends links;
        std::uint32_t rack = 0;
        std::unordered_map<PeerIndex, network::FlowIndex> flows;  ///< by where they lead
    };

    struct Connection {
        PeerIndex from = 0;
        PeerIndex to = 0;
        std::vector<swarm::Uploads::Piece> pieces;  ///< that have not left; few
    };

    network::FlowIndex connect(PeerIndex from, PeerIndex to);
    Ends const& rack_ends(std::uint32_t rack);
    void add_racks(PeerIndex from, PeerIndex to, std::vector<network::LinkIndex>& route);
    void add_fabric(PeerIndex from, PeerIndex to, std::vector<network::LinkIndex>& route);

    Options options_;
    network::Network network_;
    std::vector<Peer> peers_;
    std::vector<Connection> connections_;  ///< by their flows
    std::map<std::uint32_t, Ends> racks_;
    std::optional<network::LinkIndex> core_;
    std::vector<network::LinkIndex> fabric_;  ///< by the indices of Fabric
    std::map<std::pair<PeerIndex, PeerIndex>, network::LinkIndex> holding_back_;
};

}  // namespace xfsbus::lab::sim
