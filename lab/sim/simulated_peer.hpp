#pragma once

#include "sim/figures.hpp"
#include "sim/nature.hpp"
#include "sim/rules.hpp"
#include "sim/simulated_tracker.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/sink_session.hpp>
#include <xfsbus/swarm/source_session.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>

namespace xfsbus::lab::sim {

/// A peer of a simulation: the product's sessions, what they decide by, and what came of it.
struct SimulatedPeer {
    SimulatedPeer(Nature its_nature, Rules const& rules, std::uint64_t seed);

    /// What this peer's policy knows another by, and back: each has an order of its own of the
    /// others, by which ties are broken, as the programs have.
    [[nodiscard]] swarm::SourceId id_of(PeerIndex other) const {
        return swarm::SourceId{other ^ alias};
    }

    [[nodiscard]] PeerIndex index_of(swarm::SourceId id) const {
        return static_cast<PeerIndex>(static_cast<std::uint64_t>(id) ^ alias);
    }

    /// Whether it is there as a sink whose download goes on.
    [[nodiscard]] bool fetches() const {
        return here && sink && !figures.completed && !figures.failure;
    }

    /// Whether the simulation goes on until it has ended.
    [[nodiscard]] bool is_waited_for() const;

    // What is looked at with every event stands first, side by side.
    bool here = false;
    bool gone = false;
    bool starts = true;  ///< with the end of the first search
    std::uint64_t alias;
    std::unique_ptr<swarm::SinkSession> sink;
    std::optional<wire::Time> sink_wakes;
    std::optional<wire::Time> source_wakes;
    PeerFigures figures{};
    std::shared_ptr<swarm::ContentState> content;

    Nature nature;
    policies::SeededRandom random;
    std::unique_ptr<policies::PeerSelector> selector;
    std::unique_ptr<policies::ChunkRanker> order;
    swarm::Throttle throttle{0};
    swarm::Deliveries deliveries;  ///< noted for an upload choice that is not the product's
    swarm::SourceSession source;

    // as a sink
    std::uint32_t transfers = 0;
    std::set<PeerIndex> liars;

    // as a source: what is read and has not left
    std::uint64_t ahead_bytes = 0;
    std::size_t ahead_chunks = 0;
};

}  // namespace xfsbus::lab::sim
