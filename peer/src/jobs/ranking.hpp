#pragma once

#include "jobs/finder.hpp"
#include "jobs/policy_slot.hpp"
#include "jobs/source_ids.hpp"

#include <xfsbus/peer/peer.hpp>

#include <cstdint>
#include <vector>

namespace xfsbus::peer::jobs {

/// Who asks, and when. The peer itself may be among those that have the file, and needs no probe.
struct Viewpoint {
    wire::PeerId self;
    std::uint32_t load = 0;
    wire::Time now;
    SourceIds const& source_ids;
};

/// Who has this file, as the policy sees them: those that answered the probe, best first; then
/// those that did not.
std::vector<FoundSource> rank_file(wire::FoundFile const& file, Finder::Probed const& probed,
                                   Viewpoint const& from, PolicySlot& policy);

}  // namespace xfsbus::peer::jobs
