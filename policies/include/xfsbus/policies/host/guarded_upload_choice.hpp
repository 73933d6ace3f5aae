#pragma once

#include <xfsbus/policies/fair.hpp>
#include <xfsbus/policies/host/guarded_ranker.hpp>
#include <xfsbus/policies/upload_choice.hpp>

#include <span>

namespace xfsbus::policies {

/// An upload choice that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Fair, for the whole decision. After CallGuard::max_faults_in_a_row
/// faults in a row, or two slow calls, the policy is not called any more.
class GuardedUploadChoice final : public GuardedRanker<UploadChoice, Fair> {
  public:
    using GuardedRanker::GuardedRanker;

    /// Every rank is finite. The policy is not asked about no sinks.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override;
};

}  // namespace xfsbus::policies
