#pragma once

#include "experiment/experiment.hpp"

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace xfsbus::lab::experiment {

/// A peer of one run, with what chance has made of it.
struct Peer {
    std::uint32_t group = 0;  ///< index into Experiment::groups
    std::uint64_t up = 0;     ///< bytes per second
    std::uint64_t down = 0;
    std::uint32_t rack = 0;
    wire::Duration arrives{};
    bool stays = true;                        ///< when it has the file; else it leaves
    std::optional<wire::Duration> crashes{};  ///< since the beginning
};

/// How many there are in all groups together.
std::uint64_t peers_of(Experiment const& experiment);

/// How long a message takes from one of these peers to another, one way.
wire::Duration latency_between(Experiment const& experiment, std::vector<Peer> const& peers,
                               std::size_t from, std::size_t to);

/// The peers of the run with this seed, in the order of the groups: the same on every machine, and
/// whichever policy is tried, since what chance draws for one thing does not depend on others.
std::vector<Peer> draw(Experiment const& experiment, std::uint64_t seed);

}  // namespace xfsbus::lab::experiment
