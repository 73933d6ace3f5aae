#pragma once

#include "net/link.hpp"
#include "net/tracker_questions.hpp"

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace xfsbus::peer::jobs {

/// Whom a job can ask, and its clock. Owned by the Node, and outlives the jobs; reactor thread.
struct Network {
    using Look = std::function<void(std::vector<wire::ContentId> const&,
                                    std::function<void(std::vector<std::uint32_t> have)> const&)>;

    bus::Scheduler& scheduler;
    net::TrackerQuestions& tracker;
    net::Links& links;
    wire::PeerId self;
    /// How much of these contents is here, in ppm, by a look at the disk; empty: this peer shares
    /// nothing.
    Look look;
};

}  // namespace xfsbus::peer::jobs
