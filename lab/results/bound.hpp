#pragma once

#include "experiment/population.hpp"
#include "results/run.hpp"

#include <string_view>
#include <vector>

namespace xfsbus::lab::results {

/// What a run cannot be faster than.
struct Bound {
    /// The reason that is the strongest.
    enum class Term : std::uint8_t {
        nothing,
        seeds,   ///< those that have the file send each byte once
        all,     ///< all uplinks together send it to each
        one,     ///< somebody comes, and receives it over its own link
        rounds,  ///< with equal uplinks whole chunks are passed on in rounds
        racks,   ///< it passes the links of racks to those that have no copy
    };
    double seconds = 0;  ///< since the beginning of the run
    Term term = Term::nothing;
};

/// "seeds' uplinks".
std::string_view name_of(Bound::Term term);

/// The least time in which those that count and have the file can have it, from the beginning of
/// the run. In virtual seconds, whatever the policies do.
///
/// - Kumar and Ross, "Peer-assisted file distribution" (2006), with peers that come later: the
/// least
///   T by which the seeds' uplinks have sent F, by which all uplinks have sent N F, and for each
///   sink its arrival and F over the lesser of its downlink and the others' uplinks.
/// - Mundinger, Weber and Weiss, "Optimal scheduling of peer-to-peer file dissemination" (2008):
/// one
///   seed and N sinks, all there from the start with equal uplinks, take F/u (1 + floor(log2 N)/M)
///   with M equal parts. A last part that is smaller is left out, which only lowers it.
/// - Racks without a copy get it over the links of the others.
///
/// Of those that lie, stall or do not serve no byte is counted; who crashes or leaves is counted as
/// if it stayed. Both only lower what is least.
Bound lower_bound(experiment::Experiment const& experiment,
                  std::vector<experiment::Peer> const& peers, Run const& run);

}  // namespace xfsbus::lab::results
