#include "sim/wiring.hpp"

namespace xfsbus::lab::sim {

Wiring::Wiring(Options options) : options_(std::move(options)) {
    for (double const rate : options_.fabric.links) {
        fabric_.push_back(network_.add_link(rate));
    }
}

void Wiring::add(Links const& links) {
    Peer peer;
    peer.links.up = network_.add_link(links.up);
    peer.links.down = network_.add_link(links.down);
    peer.rack = links.rack;
    peers_.push_back(std::move(peer));
}

void Wiring::silence(wire::Time now, PeerIndex peer) {
    network_.set_capacity(now, peers_[peer].links.up, 0);
    network_.set_capacity(now, peers_[peer].links.down, 0);
}

void Wiring::send(wire::Time now, PeerIndex from, PeerIndex to, swarm::Uploads::Piece piece) {
    auto const flow = connect(from, to);
    network_.send(now, flow, piece.length);
    connections_[flow].pieces.push_back(std::move(piece));
}

std::vector<swarm::Uploads::Piece> Wiring::cut(wire::Time now, PeerIndex from, PeerIndex to) {
    auto const found = peers_[from].flows.extract(to);
    if (!found) {
        return {};
    }
    network_.close(now, found.mapped());
    return std::exchange(connections_[found.mapped()], {}).pieces;
}

std::optional<Wiring::Left> Wiring::take(wire::Time now) {
    auto const left = network_.take(now);
    if (!left) {
        return std::nullopt;
    }
    Connection& connection = connections_[left->flow];
    Left result{connection.from, connection.to, std::move(connection.pieces.front())};
    connection.pieces.erase(connection.pieces.begin());
    return result;
}

network::FlowIndex Wiring::connect(PeerIndex from, PeerIndex to) {
    auto const [known, is_new] = peers_[from].flows.try_emplace(to);
    if (!is_new) {
        return known->second;
    }
    std::vector<network::LinkIndex> route{peers_[from].links.up};
    if (options_.fabric.path) {
        add_fabric(from, to, route);
    } else if (rack(from) != rack(to)) {
        add_racks(from, to, route);
    }
    route.push_back(peers_[to].links.down);
    known->second = network_.open(route);
    if (known->second >= connections_.size()) {
        connections_.resize(known->second + 1);
    }
    connections_[known->second] = {from, to, {}};
    return known->second;
}

void Wiring::add_racks(PeerIndex from, PeerIndex to, std::vector<network::LinkIndex>& route) {
    if (options_.rack_link > 0) {
        route.push_back(rack_ends(rack(from)).up);
    }
    if (options_.core_link > 0) {
        core_ = core_ ? core_ : network_.add_link(options_.core_link);
        route.push_back(*core_);
    }
    if (options_.rack_link > 0) {
        route.push_back(rack_ends(rack(to)).down);
    }
}

/// What holds back one connection alone is a link of its own.
void Wiring::add_fabric(PeerIndex from, PeerIndex to, std::vector<network::LinkIndex>& route) {
    auto const path = options_.fabric.path(from, to);
    for (auto const link : path.links) {
        route.push_back(fabric_[link]);
    }
    if (path.most) {
        auto const [own, is_new] = holding_back_.try_emplace({from, to});
        if (is_new) {
            own->second = network_.add_link(*path.most);
        }
        route.push_back(own->second);
    }
}

Wiring::Ends const& Wiring::rack_ends(std::uint32_t rack) {
    auto const [ends, is_new] = racks_.try_emplace(rack);
    if (is_new) {
        ends->second = {network_.add_link(options_.rack_link),
                        network_.add_link(options_.rack_link)};
    }
    return ends->second;
}

}  // namespace xfsbus::lab::sim
