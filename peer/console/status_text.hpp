#pragma once

#include <xfsbus/peer/peer.hpp>

#include <string>

namespace xfsbus::console {

/// The answer of `status` for people: what the peer is, what it counts, then a block for each file
/// that is fetched, with a row for each source, and a row for each upload. Without the last line's
/// end.
std::string status_text(peer::PeerStatus const& status);

}  // namespace xfsbus::console
