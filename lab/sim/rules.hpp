#pragma once

#include "sim/nature.hpp"
#include "sim/wiring.hpp"

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/upload_choice.hpp>
#include <xfsbus/swarm/download.hpp>
#include <xfsbus/swarm/uploads.hpp>
#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace xfsbus::lab::sim {

/// What is the same for all peers of a simulation: the file, the network between them, and what
/// they decide by.
struct Rules {
    wire::FileLayout file;
    wire::Duration latency = std::chrono::milliseconds(1);  ///< of a message, one way
    swarm::Download::Limits download;
    swarm::Uploads::Limits uploads;
    /// The same from one peer to another; by default `latency` and what they are `far`.
    std::function<wire::Duration(PeerIndex, PeerIndex)> latency_between;
    /// What a peer decides by; by default as the product does.
    std::function<std::unique_ptr<policies::PeerSelector>(Nature const&, std::uint64_t seed)>
        policy;
    std::function<std::unique_ptr<policies::ChunkRanker>(Nature const&, std::uint64_t seed)>
        chunk_order;
    std::function<std::unique_ptr<policies::UploadChoice>(Nature const&, std::uint64_t seed)>
        upload_choice;
    /// What the tracker names sources by.
    std::function<std::unique_ptr<policies::Handout>(std::uint64_t seed)> handout;
    std::uint64_t play_rate = 0;  ///< bytes per second at which each sink reads; 0: it does not
    double rack_link = 0;         ///< bytes per second out of each rack, and into it; 0: no limit
    double core_link = 0;         ///< bytes per second of all between racks; 0: no limit
    Fabric fabric{};              ///< in place of both
};

}  // namespace xfsbus::lab::sim
