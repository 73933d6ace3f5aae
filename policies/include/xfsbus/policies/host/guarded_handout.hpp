#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/host/guarded_ranker.hpp>
#include <xfsbus/policies/mixed.hpp>

#include <span>

namespace xfsbus::policies {

/// A handout that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Mixed, for the whole find. After CallGuard::max_faults_in_a_row faults
/// in a row, or two slow calls, the policy is not called any more.
class GuardedHandout final : public GuardedRanker<Handout, Mixed> {
  public:
    using GuardedRanker::GuardedRanker;

    /// Every rank is finite. The policy is not asked about no sources.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
              std::span<double> ranks) override;

    /// Whether the built-in rule has written the last ranks.
    [[nodiscard]] bool by_default() const { return by_default_; }

  private:
    bool by_default_ = false;
};

}  // namespace xfsbus::policies
