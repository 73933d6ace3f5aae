#pragma once

#include "tally/messages.hpp"
#include "tally/timeline.hpp"

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace xfsbus::lab::sim {

/// What came of one peer. Times are since the beginning of the simulation.
struct PeerFigures {
    std::optional<wire::Duration> completed{};  ///< it had the file
    std::optional<Error> failure{};
    std::optional<wire::Duration> first_chunk{};  ///< was stored
    tally::Quarters quarters{};                   ///< so much was stored
    wire::Duration stalled{};          ///< its play head had stood still, when it had the file
    std::uint32_t chunks_stored = 0;   ///< with those that it had at the beginning
    std::uint64_t bytes_sent = 0;      ///< that have left it
    std::uint64_t bytes_received = 0;  ///< of chunks that came to it, in vain or not
    tally::Messages messages{};        ///< that it has sent
};

/// What came of all of them together.
struct Figures {
    tally::Timeline stored{};  ///< the bytes of chunks that were kept, by all peers
    std::uint64_t chunks_sent = 0;
    std::uint64_t bytes_duplicate = 0;  ///< delivered in vain
    std::uint64_t chunks_corrupt = 0;
    std::uint64_t busy = 0;  ///< times that a sink was told to come back later
    /// That have left a peer of the first rack for one of the second.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> bytes_between_racks;

    /// Bytes that have left a rack for others.
    [[nodiscard]] std::uint64_t bytes_out_of(std::uint32_t rack) const {
        std::uint64_t bytes = 0;
        for (auto const& [between, passed] : bytes_between_racks) {
            bytes += between.first == rack && between.second != rack ? passed : 0;
        }
        return bytes;
    }
};

}  // namespace xfsbus::lab::sim
