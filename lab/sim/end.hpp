#pragma once

#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

namespace xfsbus::lab::sim {

/// How the others see a peer of a simulation. Apart from the peer, since each message needs two.
struct End {
    wire::Duration far{};  ///< from the middle of the network
    wire::Sender sender;
};

}  // namespace xfsbus::lab::sim
