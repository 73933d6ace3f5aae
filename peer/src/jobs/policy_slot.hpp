#pragma once

#include <xfsbus/peer/policy.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/guarded_chunk_order.hpp>
#include <xfsbus/policies/host/guarded_selector.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace xfsbus::peer::jobs {

/// What all objects of one plug-in have counted. Reactor thread.
using PolicyTotals = std::shared_ptr<policies::PolicyCounters>;

/// Adds to the totals what one object has counted since it was last asked.
class PolicyTally {
  public:
    explicit PolicyTally(PolicyTotals totals) : totals_(std::move(totals)) {}

    void add(policies::PolicyCounters const& counters) {
        totals_->picks += counters.picks - seen_.picks;
        totals_->faults += counters.faults - seen_.faults;
        totals_->slow += counters.slow - seen_.slow;
        totals_->over_budget += counters.over_budget - seen_.over_budget;
        totals_->fallback += counters.fallback - seen_.fallback;
        totals_->spent += counters.spent - seen_.spent;
        for (std::size_t i = 0; i < counters.purposes.size(); ++i) {
            add(totals_->purposes[i], counters.purposes[i], seen_.purposes[i]);
        }
        seen_ = counters;
    }

  private:
    static void add(policies::PurposeCounters& total, policies::PurposeCounters const& now,
                    policies::PurposeCounters const& seen) {
        total.asked += now.asked - seen.asked;
        total.alone += now.alone - seen.alone;
        total.faults += now.faults - seen.faults;
        total.over_budget += now.over_budget - seen.over_budget;
        total.spent += now.spent - seen.spent;
    }

    PolicyTotals totals_;
    policies::PolicyCounters seen_;
};

/// The policy of one download or query, which may be swapped between two of its decisions. Until
/// it is put in, nothing may be asked of it. Reactor thread.
class PolicySlot final : public policies::PeerSelector {
  public:
    /// `seed`: of the random numbers that the policy sees.
    explicit PolicySlot(std::uint64_t seed) : seed_(seed), random_(seed) {}

    void put(std::shared_ptr<policies::GuardedSelector> policy, PolicyTotals totals,
             std::shared_ptr<PolicyUsed const> used) {
        policy_ = std::move(policy);
        tally_ = PolicyTally(std::move(totals));
        used_ = std::move(used);
    }

    /// Which one was put in last; null: none yet.
    [[nodiscard]] std::shared_ptr<PolicyUsed const> const& used() const { return used_; }

    /// There is none to put in, and none may stand in for it (strict).
    void fail(std::string why) { fault_ = std::move(why); }

    [[nodiscard]] std::uint64_t seed() const { return seed_; }

    /// Each file has random numbers of its own, whatever else is fetched at the same time.
    [[nodiscard]] std::uint64_t seed_for(wire::ContentId const& content) const {
        std::uint64_t salt = 0;
        std::memcpy(&salt, content.bytes.data(), sizeof salt);
        return seed_ ^ salt;
    }

    [[nodiscard]] policies::Rng& rng() { return random_.rng(); }

    /// Why the policy must not go on; only where faults are not made good (strict).
    [[nodiscard]] std::optional<std::string> const& fault() const { return fault_; }

    std::optional<std::size_t> pick(policies::RequestView const& request,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng& rng) override {
        return guarded([&] { return policy_->pick(request, sources, rng); });
    }

    [[nodiscard]] std::uint32_t decides() const override { return fault_ ? 0 : policy_->decides(); }

    policies::Answer decide(policies::RequestView const& request,
                            std::span<policies::SourceView const> sources,
                            policies::Rng& rng) override {
        return guarded([&] { return std::optional(policy_->decide(request, sources, rng)); })
            .value_or(policies::nobody());
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
        if (fault_) {
            return std::nullopt;
        }
        decltype(call()) answer;
        try {
            answer = call();
        } catch (policies::PolicyFault const& fault) {
            fault_ = fault.what();
        }
        tally_.add(policy_->counters());
        return answer;
    }

    std::uint64_t seed_;
    std::optional<std::string> fault_;
    policies::SeededRandom random_;
    std::shared_ptr<policies::GuardedSelector> policy_;
    PolicyTally tally_{nullptr};
    std::shared_ptr<PolicyUsed const> used_;
};

/// The chunk order of one file's download, which may be swapped between two of its decisions. Until
/// one is put in, nothing may be asked of it. Reactor thread.
class OrderSlot final : public policies::ChunkRanker {
  public:
    /// An order for one file. Made on any thread.
    struct Made {
        std::uint64_t loaded = 0;  ///< of which plug-in: the number is larger the later that came
        std::shared_ptr<policies::GuardedChunkOrder> order;
        PolicyTotals totals;
    };

    /// One that comes late, of a plug-in that was loaded before the one in use, is not taken.
    void put(Made made) {
        if (order_ && made.loaded < loaded_) {
            return;
        }
        loaded_ = made.loaded;
        order_ = std::move(made.order);
        tally_ = PolicyTally(std::move(made.totals));
        ++edition_;
    }

    /// As PolicySlot::fail.
    void fail(std::string why) { fault_ = std::move(why); }

    /// As PolicySlot::fault.
    [[nodiscard]] std::optional<std::string> const& fault() const { return fault_; }

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng& rng) override {
        try {
            order_->rank(chunks, ranks, rng);
        } catch (policies::PolicyFault const& fault) {
            fault_ = fault.what();
        }
        tally_.add(order_->counters());
    }

    [[nodiscard]] std::uint64_t edition() const override { return edition_; }

  private:
    std::optional<std::string> fault_;
    std::uint64_t loaded_ = 0;
    std::shared_ptr<policies::GuardedChunkOrder> order_;
    PolicyTally tally_{nullptr};
    std::uint64_t edition_ = 0;
};

}  // namespace xfsbus::peer::jobs
