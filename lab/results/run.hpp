#pragma once

#include "tally/messages.hpp"
#include "tally/timeline.hpp"

#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::lab::results {

/// What came of one peer of a run. Times are since the beginning of the run.
struct PeerRow {
    std::uint32_t group = 0;
    bool counts = false;  ///< an honest sink that did not crash: the run is about these
    wire::Duration arrived{};
    std::optional<wire::Duration> first_chunk{};
    tally::Quarters quarters{};  ///< of the file, stored
    std::optional<wire::Duration> completed{};
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;               ///< stored
    std::optional<tally::Messages> messages{};  ///< that it has sent; empty: nobody counts them
    std::string failure{};                      ///< empty: none

    friend bool operator==(PeerRow const&, PeerRow const&) = default;
};

/// What the peer selections of a run have decided.
struct Decisions {
    std::uint64_t made = 0;
    double seconds = 0;  ///< within the policies, of this machine

    /// What they took does not make it another run.
    friend bool operator==(Decisions const& a, Decisions const& b) { return a.made == b.made; }
};

/// What came of one run: a policy with a seed.
struct Run {
    std::vector<PeerRow> peers{};
    tally::Timeline stored{};  ///< bytes, by all sinks
    std::uint64_t chunks_sent = 0;
    std::uint64_t bytes_duplicate = 0;  ///< delivered in vain
    std::uint64_t bytes_of_seeds = 0;   ///< that have left those that had the file from the start
    /// From rack to rack; empty: there is one rack, or nobody counts them.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> bytes_between_racks{};
    std::optional<double> busy{};  ///< the share of the machine's processors; empty: virtual time
    std::optional<Decisions> decisions{};  ///< empty: nobody counts them

    friend bool operator==(Run const&, Run const&) = default;
};

/// What a run took of this machine.
struct Timing {
    double processor_s = 0;
    double wall_s = 0;
    std::uint64_t memory_bytes = 0;  ///< the most that it had
};

/// A run, or why there is none.
struct Outcome {
    std::size_t policy = 0;  ///< index into Experiment::policies
    std::uint64_t seed = 0;
    std::variant<Run, std::string> what{};
    Timing timing{};
};

}  // namespace xfsbus::lab::results
