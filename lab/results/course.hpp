#pragma once

#include "experiment/experiment.hpp"
#include "experiment/population.hpp"
#include "results/run.hpp"
#include "tally/messages.hpp"
#include "tally/timeline.hpp"

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace xfsbus::lab::results {

/// What was seen of a peer of a run, wherever it ran. Times are since the beginning of the run.
struct Course {
    std::optional<wire::Duration> first_chunk{};
    tally::Quarters quarters{};
    std::optional<wire::Duration> completed{};
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;  ///< stored
    std::optional<tally::Messages> messages{};
    std::string failure{};  ///< why it could not go on, in words for a terminal; empty: none
};

/// The row of that peer in a run that was over at `end`.
PeerRow row_of(experiment::Experiment const& experiment, experiment::Peer const& peer,
               Course const& course, wire::Duration end);

}  // namespace xfsbus::lab::results
