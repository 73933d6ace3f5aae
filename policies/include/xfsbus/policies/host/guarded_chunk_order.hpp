#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/host/guarded_ranker.hpp>
#include <xfsbus/policies/rarest.hpp>

#include <span>

namespace xfsbus::policies {

/// A chunk order that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Rarest, for the whole batch. Beside the ranks of other batches those
/// mean little, which costs speed and never correctness. After CallGuard::max_faults_in_a_row
/// faulty or slow batches in a row the policy is not called any more. A batch is one decision and
/// one call: it counts as one pick, and has one budget.
class GuardedChunkOrder final : public GuardedRanker<ChunkRanker, Rarest> {
  public:
    using GuardedRanker::GuardedRanker;

    /// Every rank is finite. The policy is not asked about an empty batch.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) override;
};

}  // namespace xfsbus::policies
