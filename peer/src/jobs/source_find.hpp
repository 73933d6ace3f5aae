#pragma once

#include "jobs/finder.hpp"
#include "jobs/policy_slot.hpp"
#include "jobs/ranking.hpp"
#include "telemetry/log.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// A find for a user: the tracker's answer, corrected by what the sources say themselves, in the
/// policy's order. Each find answers once. Reactor thread.
class SourceFind {
  public:
    using OnFound = std::function<void(Result<std::vector<FoundSource>>)>;

    /// `from`: who asks, at the moment when the sources are ranked.
    SourceFind(Finder& finder, telemetry::Log const& log, std::function<Viewpoint()> from)
        : finder_(finder), log_(log), from_(std::move(from)) {}

    /// Errc::not_found if nobody who can be reached has it.
    void start(std::string const& query, std::shared_ptr<PolicySlot> const& policy,
               OnFound const& on_found);

  private:
    [[nodiscard]] Result<std::vector<FoundSource>> rank(std::vector<wire::FoundFile> const& files,
                                                        Finder::Probed const& probed,
                                                        PolicySlot& policy) const;

    Finder& finder_;
    telemetry::Log const& log_;
    std::function<Viewpoint()> from_;
};

}  // namespace xfsbus::peer::jobs
