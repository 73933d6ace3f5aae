#pragma once

#include "runtime/event_store.hpp"

#include <xfsbus/peer/status.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>

#include <set>
#include <vector>

namespace xfsbus::peer::runtime {

/// The tracker's list of peers, as this peer saw it last: tells what has changed. Reactor thread.
class PeerList {
  public:
    PeerList(EventStore& events, wire::PeerId const& self) : events_(events), self_(self) {}

    /// As the users of a Peer see it.
    [[nodiscard]] KnownPeer known(wire::PeerEntry const& entry) const;

    /// The list is this now. It is not looked at as long as nobody is told.
    void on_list(std::vector<wire::PeerEntry> const& all);

  private:
    EventStore& events_;
    wire::PeerId self_;
    std::set<wire::Endpoint> there_;
};

}  // namespace xfsbus::peer::runtime
