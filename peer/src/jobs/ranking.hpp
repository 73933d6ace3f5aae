#pragma once

#include "jobs/finder.hpp"
#include "jobs/policy_slot.hpp"

#include <xfsbus/peer/peer.hpp>

#include <cstdint>
#include <vector>

namespace xfsbus::peer::jobs {

/// The peer that asks: it may be among those that have the file, and needs no probe.
struct Self {
    wire::PeerId peer;
    std::uint32_t load = 0;
};

/// Who has this file, as the policy sees them: those that answered the probe, best first; then
/// those that did not.
std::vector<FoundSource> rank_file(Services const& services, wire::FoundFile const& file,
                                   Finder::Probed const& probed, Self const& self,
                                   PolicySlot& policy);

}  // namespace xfsbus::peer::jobs
