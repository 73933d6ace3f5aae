#pragma once

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/guarded_chunk_order.hpp>
#include <xfsbus/policies/host/guarded_selector.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <memory>
#include <optional>
#include <string>

namespace xfsbus::peer {

/// The policy of one download or query, which may be swapped between two of its decisions.
/// Reactor thread.
class PolicySlot final : public policies::PeerSelector {
  public:
    PolicySlot(std::unique_ptr<policies::GuardedSelector> policy, std::uint64_t seed)
        : random_(seed), policy_(std::move(policy)) {}

    void swap(std::unique_ptr<policies::GuardedSelector> policy) { policy_ = std::move(policy); }

    [[nodiscard]] policies::Rng& rng() { return random_.rng(); }

    [[nodiscard]] policies::PolicyCounters const& counters() const { return policy_->counters(); }

    /// Why the policy must not go on; only where faults are not made good (strict).
    [[nodiscard]] std::optional<std::string> const& fault() const { return fault_; }

    std::optional<std::size_t> pick(policies::RequestView const& request,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng& rng) override {
        return guarded([&] { return policy_->pick(request, sources, rng); });
    }

    std::optional<double> cost(policies::SourceView const& source) override {
        return guarded([&] { return policy_->cost(source); });
    }

    void observe(policies::SourceView const& source,
                 policies::OutcomeView const& outcome) override {
        guarded([&] {
            policy_->observe(source, outcome);
            return std::optional<bool>();
        });
    }

  private:
    /// A fault becomes a value: whoever asks for a decision is in the middle of one.
    template <typename Call>
    auto guarded(Call call) -> decltype(call()) {
        try {
            return call();
        } catch (policies::PolicyFault const& fault) {
            fault_ = fault.what();
            return std::nullopt;
        }
    }

    std::optional<std::string> fault_;
    policies::SeededRandom random_;
    std::unique_ptr<policies::GuardedSelector> policy_;
};

/// The chunk order of one file's download. Reactor thread.
class OrderSlot final : public policies::ChunkRanker {
  public:
    explicit OrderSlot(std::unique_ptr<policies::GuardedChunkOrder> order)
        : order_(std::move(order)) {}

    /// As PolicySlot::fault.
    [[nodiscard]] std::optional<std::string> const& fault() const { return fault_; }

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng& rng) override {
        try {
            order_->rank(chunks, ranks, rng);
        } catch (policies::PolicyFault const& fault) {
            fault_ = fault.what();
        }
    }

  private:
    std::optional<std::string> fault_;
    std::unique_ptr<policies::GuardedChunkOrder> order_;
};

}  // namespace xfsbus::peer
