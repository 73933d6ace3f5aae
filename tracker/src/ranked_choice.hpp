#pragma once

#include "catalogue.hpp"
#include "roster.hpp"

#include <xfsbus/policies/handout.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace xfsbus::tracker {

/// What a handout policy has thrown; what() is its word.
class HandoutFault final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Chooses of many sources those that a handout policy ranks lowest. They are offered and taken as
/// with policies::MixedChoice, which chooses where there is no policy. What it refers to must
/// outlive it; the peers stay as they are meanwhile.
class RankedChoice {
  public:
    /// Steps of work (see Directory::Limits) that it takes with each source.
    static constexpr std::size_t source_work = 64;

    RankedChoice(policies::Handout& policy, policies::HandoutRequest const& request,
                 Roster const& roster)
        : policy_(policy), request_(request), roster_(roster) {}

    void offer(bool complete, std::uint64_t draw, Source const& source);

    [[nodiscard]] std::size_t offered() const { return sources_.size(); }

    /// As many as are wanted. The policy is not asked if there are no more than that. If it wants
    /// none that is complete, one takes the last place: among parts alone a chunk may be missing.
    /// Throws HandoutFault.
    [[nodiscard]] std::vector<Source> take() &&;

    /// What the policy answered, in the order of the offers, once they were taken; empty if it was
    /// not asked.
    [[nodiscard]] std::vector<double> const& ranks() const { return ranks_; }

  private:
    policies::Handout& policy_;
    policies::HandoutRequest const& request_;
    Roster const& roster_;
    std::vector<Source> sources_;
    std::vector<policies::HandoutSource> views_;  ///< of these
    std::vector<double> ranks_;                   ///< the same
};

}  // namespace xfsbus::tracker
