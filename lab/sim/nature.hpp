#pragma once

#include <xfsbus/swarm/source_history.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <string>

namespace xfsbus::lab::sim {

/// How a peer treats those that it serves.
enum class Conduct : std::uint8_t {
    honest,
    lies,    ///< what it sends is corrupt
    stalls,  ///< answers pings, offers what it has, and sends nothing
};

/// How a peer is as a sink. Those that hoard are connected to the first peer only; that one takes
/// them for peers of the swarm.
enum class Taking : std::uint8_t {
    honest,
    no_credit,    ///< asks for all, and grants no credit
    never_reads,  ///< asks for all, with all credit, and nothing reaches it
    seldom,       ///< asks for one chunk every five seconds, and takes it
    nothing,      ///< asks for nothing, and has nothing for ever
};

/// What a peer of the simulation is like.
struct Nature {
    double up = 12.5e6;  ///< bytes per second
    double down = 50e6;
    bool seed = false;  ///< has the file from the start
    Conduct conduct = Conduct::honest;
    bool stays = true;   ///< and serves when it has the file; else it leaves cleanly
    bool serves = true;  ///< what it has; else nobody hears of it
    Taking taking = Taking::honest;
    wire::Duration far{};      ///< from the middle of the network, beside the rules' latency
    std::string labels{};      ///< as it describes itself
    std::uint32_t rack = 0;    ///< where it stands
    std::uint32_t others = 0;  ///< that it serves beside the swarm's: it says so, and is as slow
    swarm::SourceHistory* history = nullptr;  ///< what it knows of sources from before
};

}  // namespace xfsbus::lab::sim
