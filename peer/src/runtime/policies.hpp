#pragma once

#include "jobs/policy_slot.hpp"
#include "net/fault_teller.hpp"
#include "telemetry/decision_trace.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

namespace xfsbus::peer::runtime {

/// The policies of a peer: has their objects made, swaps them, tells of them. Reactor thread.
class Policies {
  public:
    using Factory = std::shared_ptr<policies::SelectorFactory const>;
    using OrderFactory = std::shared_ptr<policies::ChunkOrderFactory const>;
    using UploadFactory = std::shared_ptr<policies::UploadChoiceFactory const>;
    using Trace = std::shared_ptr<telemetry::DecisionTrace>;

    struct Factories {
        Factory selection;
        OrderFactory chunk_order;
        UploadFactory upload_choice;  ///< null: the built-in rule
    };

    /// trace: of all decisions; null: none.
    Policies(bus::Reactor& reactor, Factories factories, PeerOptions const& options, Trace trace,
             std::mt19937_64& random);

    [[nodiscard]] PolicyInfo policy() const;
    [[nodiscard]] PolicyInfo chunk_order() const;

    /// Which order of chunks it is; that does not change.
    [[nodiscard]] std::shared_ptr<PolicyUsed const> chunk_order_used() const;

    /// Who decides which sink is served; null: the built-in rule. Its faults are made good, also if
    /// others' are not.
    [[nodiscard]] std::shared_ptr<policies::UploadChoice> upload_choice() const { return upload_; }

    [[nodiscard]] std::string upload_policy() const;

    /// How often the policy has failed, the order, and the upload policy.
    [[nodiscard]] std::uint64_t faults() const { return totals_->faults; }

    [[nodiscard]] std::uint64_t order_faults() const { return order_totals_->faults; }

    [[nodiscard]] std::uint64_t upload_faults() const {
        return upload_ ? upload_->counters().faults : 0;
    }

    /// For what is put into a slot from now on.
    void set_policy(Factory policy);

    /// For one download or query.
    [[nodiscard]] std::shared_ptr<jobs::PolicySlot> new_slot();
    /// Has an object of the policy made on a thread that may wait for a plug-in, puts it into the
    /// slot on this one, and goes on. If the policy is swapped meanwhile, it is one of the new one.
    void put_selector(std::shared_ptr<jobs::PolicySlot> slot, std::function<void()> then);
    /// Makes a chunk order for one file; on a thread that may wait for a plug-in.
    [[nodiscard]] std::function<std::shared_ptr<jobs::OrderSlot>()> order_maker() const;

    /// Of the random numbers that policies see: what the options say, or what was drawn.
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

  private:
    using Selector = std::shared_ptr<policies::GuardedSelector>;

    [[nodiscard]] PolicyUsed used(policies::PluginInfo const& plugin) const;
    [[nodiscard]] PolicyInfo about(policies::PluginInfo const& plugin,
                                   policies::PolicyCounters const& totals) const;
    [[nodiscard]] policies::GuardOptions guard() const;
    [[nodiscard]] std::shared_ptr<policies::GuardedUploadChoice> make_upload_choice(
        UploadFactory const& factory) const;

    bus::Reactor& reactor_;
    Factory policy_;
    OrderFactory chunk_order_;
    PeerOptions const& options_;
    Trace trace_;
    std::uint64_t seed_;
    jobs::PolicyTotals totals_ = std::make_shared<policies::PolicyCounters>();
    jobs::PolicyTotals order_totals_ = std::make_shared<policies::PolicyCounters>();
    std::shared_ptr<policies::GuardedUploadChoice> upload_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    threads::WorkerPool maker_;  ///< last: it uses the others
};

}  // namespace xfsbus::peer::runtime
