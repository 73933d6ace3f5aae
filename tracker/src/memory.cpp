#include "memory.hpp"

namespace xfsbus::tracker {

void Memory::join(Slot slot, std::string const& host, std::size_t bytes) {
    if (slot >= peers_.size()) {
        peers_.resize(slot + 1);
    }
    peers_[slot].bytes = bytes;
    total_ += bytes;
    enter(slot, host);
}

void Memory::move(Slot slot, std::string const& host) {
    forget(slot);
    enter(slot, host);
}

void Memory::leave(Slot slot) {
    forget(slot);
    total_ -= peers_[slot].bytes;
    peers_[slot].bytes = 0;
}

void Memory::add(Slot slot, std::size_t bytes) {
    Peer& peer = peers_[slot];
    peer.bytes += bytes;
    peer.host->second.bytes += bytes;
    total_ += bytes;
}

void Memory::remove(Slot slot, std::size_t bytes) {
    Peer& peer = peers_[slot];
    peer.bytes -= bytes;
    peer.host->second.bytes -= bytes;
    total_ -= bytes;
}

Memory::Host Memory::of(std::string const& host) const {
    auto const found = hosts_.find(host);
    return found == hosts_.end() ? Host{} : found->second;
}

/// What the peer takes becomes the host's.
void Memory::enter(Slot slot, std::string const& host) {
    Peer& peer = peers_[slot];
    peer.host = hosts_.try_emplace(host).first;
    ++peer.host->second.peers;
    peer.host->second.bytes += peer.bytes;
}

void Memory::forget(Slot slot) {
    Peer& peer = peers_[slot];
    peer.host->second.bytes -= peer.bytes;
    if (--peer.host->second.peers == 0) {
        hosts_.erase(peer.host);
    }
    peer.host = hosts_.end();
}

}  // namespace xfsbus::tracker
