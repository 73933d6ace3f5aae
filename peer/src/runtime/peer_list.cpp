#include "runtime/peer_list.hpp"

#include <utility>

namespace xfsbus::peer::runtime {

KnownPeer PeerList::known(wire::PeerEntry const& entry) const {
    return {entry.listens.host, entry.listens.port, entry.files,         entry.load,
            entry.heard_ms_ago, entry.labels,       entry.peer == self_, wire::to_hex(entry.peer)};
}

void PeerList::on_list(std::vector<wire::PeerEntry> const& all) {
    if (!events_.keeps_all()) {
        return;
    }
    auto gone = std::exchange(there_, {});
    for (auto const& entry : all) {
        there_.insert(entry.listens);
        if (gone.erase(entry.listens) == 0) {
            events_.put(PeerAppeared{known(entry)});
        }
    }
    for (auto const& endpoint : gone) {
        events_.put(PeerGone{endpoint.host, endpoint.port});
    }
}

}  // namespace xfsbus::peer::runtime
