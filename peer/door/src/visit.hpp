#pragma once

#include "client.hpp"
#include "kept_readers.hpp"
#include "request.hpp"

#include <xfsbus/door/door.hpp>
#include <xfsbus/peer/peer.hpp>

#include <cstdint>
#include <stop_token>
#include <string>

namespace xfsbus::door {

/// What came of a request.
struct Visit {
    int status = 0;
    std::uint64_t bytes = 0;  ///< of the file that were sent
    std::string trouble{};    ///< why they were fewer than was said
};

/// Answers a request: opens the file and sends what is asked for of it as it comes. Bytes are sent
/// as they are verified, so of a file that turns out to be damaged the connection is cut where it
/// is. As long as that takes.
Visit answer(peer::Peer& peer, Request const& request, Client& client, KeptReaders& kept,
             Limits const& limits, std::stop_token const& stop);

}  // namespace xfsbus::door
