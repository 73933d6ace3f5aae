#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/rarest.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace xfsbus::policies {

/// A chunk order that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Rarest, for the whole batch. Beside the ranks of other batches those
/// mean little, which costs speed and never correctness. After CallGuard::max_faults_in_a_row
/// faulty or slow batches in a row the policy is not called any more. A batch is one decision and
/// one call: it counts as one pick, and has one budget. Used by one thread; owns the policy.
class GuardedChunkOrder final : public ChunkRanker {
  public:
    /// name: the policy's, for reports.
    GuardedChunkOrder(std::string name, std::unique_ptr<ChunkRanker> policy,
                      GuardOptions options = {});

    using Make = std::function<std::unique_ptr<ChunkRanker>()>;

    /// The same with a policy that is yet to be made: if `make` throws that is a fault, and the
    /// default decides all. Throws PolicyFault if strict.
    GuardedChunkOrder(std::string name, Make const& make, GuardOptions options);

    /// Every rank is finite. The policy is not asked about an empty batch.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) override;

    [[nodiscard]] std::string const& name() const { return guard_.name(); }

    [[nodiscard]] PolicyCounters const& counters() const { return guard_.counters(); }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return guard_.given_up(); }

  private:
    std::unique_ptr<ChunkRanker> policy_;
    Rarest fallback_;
    CallGuard guard_;
};

}  // namespace xfsbus::policies
