#include "roster.hpp"

#include <cassert>

namespace xfsbus::tracker {

namespace {

template <typename Map, typename Key>
Peer* look_up(Roster const& roster, Map const& map, Key const& key) {
    auto const found = map.find(key);
    return found == map.end() ? nullptr : roster.at(found->second);
}

}  // namespace

Peer* Roster::by_id(wire::PeerId const& id) const {
    return look_up(*this, by_id_, id);
}

Peer* Roster::by_route(wire::Route const& route) const {
    return look_up(*this, by_route_, route);
}

Peer* Roster::by_listens(wire::Endpoint const& endpoint) const {
    return look_up(*this, by_listens_, endpoint);
}

Peer& Roster::add(std::unique_ptr<Peer> peer) {
    if (free_.empty()) {
        free_.push_back(static_cast<Slot>(slots_.size()));
        slots_.emplace_back();
    }
    Slot const slot = free_.back();
    free_.pop_back();
    peer->slot = slot;
    slots_[slot] = std::move(peer);
    Peer& added = *slots_[slot];
    by_id_.emplace(added.id, slot);
    link(added);
    deadlines_.emplace(added.due, slot);
    return added;
}

void Roster::move(Peer& peer, wire::Route const& route, wire::Endpoint const& listens) {
    unlink(peer);
    peer.route = route;
    peer.listens = listens;
    link(peer);
}

std::unique_ptr<Peer> Roster::remove(Peer& peer) {
    unlink(peer);
    by_id_.erase(peer.id);
    deadlines_.erase({peer.due, peer.slot});
    return std::move(slots_[peer.slot]);
}

void Roster::schedule(Peer& peer, wire::Time due) {
    if (due == peer.due) {
        return;
    }
    auto node = deadlines_.extract({peer.due, peer.slot});
    assert(!node.empty());
    node.value().first = due;
    deadlines_.insert(std::move(node));
    peer.due = due;
}

Peer* Roster::first_due() const {
    return deadlines_.empty() ? nullptr : at(deadlines_.begin()->second);
}

void Roster::link(Peer& peer) {
    [[maybe_unused]] bool const route_is_new = by_route_.emplace(peer.route, peer.slot).second;
    [[maybe_unused]] bool const place_is_new = by_listens_.emplace(peer.listens, peer.slot).second;
    assert(route_is_new && place_is_new);
}

void Roster::unlink(Peer const& peer) {
    by_route_.erase(peer.route);
    by_listens_.erase(peer.listens);
}

}  // namespace xfsbus::tracker
