#pragma once

#include "jobs/file_transfer.hpp"
#include "jobs/policy_slot.hpp"
#include "net/fault_teller.hpp"
#include "runtime/last_report.hpp"
#include "telemetry/decision_trace.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/policies/host/peer_policy.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

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

    /// trace: of all decisions; null: none. maker: makes objects; outlives it.
    Policies(bus::Reactor& reactor, threads::Crew& maker, Factories factories,
             PeerOptions const& options, Trace trace, std::mt19937_64& random);

    /// One of each kind.
    struct InForce {
        PolicyInfo selection;
        PolicyInfo chunk_order;
        PolicyInfo upload;
    };

    [[nodiscard]] InForce in_force() const;

    /// Which order of chunks is in force.
    [[nodiscard]] std::shared_ptr<PolicyUsed const> chunk_order_used() const;

    /// Who decides which sink is served; null: the built-in rule. Its faults are made good, also if
    /// others' are not.
    [[nodiscard]] std::shared_ptr<policies::UploadChoice> upload_choice() const {
        return upload_.choice;
    }

    /// For what is put into a slot from now on.
    void set_policy(Factory policy);
    /// For the slots that there are, too.
    void set_chunk_order(OrderFactory order);
    /// Has an object made on a thread that may wait for a plug-in; when it is in force, goes on.
    void set_upload_choice(UploadFactory choice, std::function<void()> then);

    /// For one download or query.
    [[nodiscard]] std::shared_ptr<jobs::PolicySlot> new_slot();
    /// Has an object of the policy made on a thread that may wait for a plug-in, puts it into the
    /// slot on this one, and goes on. If the policy is swapped meanwhile, it is one of the new one.
    void put_selector(std::shared_ptr<jobs::PolicySlot> slot, std::function<void()> then);
    /// For one file.
    [[nodiscard]] jobs::FilePolicies::NewOrder new_order();

    /// Of the random numbers that policies see: what the options say, or what was drawn.
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

  private:
    using Selector = std::shared_ptr<policies::GuardedSelector>;

    using Report = std::shared_ptr<LastReport>;

    /// The upload policy in force, and the plug-in that it is of; all null: the built-in rule.
    struct Upload {
        UploadFactory factory;
        std::shared_ptr<policies::GuardedUploadChoice> choice;
        Report report;
    };

    [[nodiscard]] PolicyInfo selection() const;
    [[nodiscard]] PolicyInfo upload() const;
    [[nodiscard]] PolicyUsed used(policies::PluginInfo const& plugin) const;
    [[nodiscard]] PolicyInfo about(policies::PluginInfo const& plugin,
                                   policies::PolicyCounters const& totals,
                                   LastReport const& report) const;
    [[nodiscard]] policies::GuardOptions guard(Report report) const;
    [[nodiscard]] policies::GuardOptions upload_guard(Report report) const;
    [[nodiscard]] std::function<jobs::OrderSlot::Made()> order_maker() const;
    void put_order(std::weak_ptr<jobs::OrderSlot> slot);

    bus::Reactor& reactor_;
    Factory policy_;
    OrderFactory chunk_order_;
    PeerOptions const& options_;
    Trace trace_;
    std::uint64_t seed_;
    Report report_ = std::make_shared<LastReport>();
    Report order_report_ = std::make_shared<LastReport>();
    jobs::PolicyTotals totals_ = std::make_shared<policies::PolicyCounters>();
    jobs::PolicyTotals order_totals_ = std::make_shared<policies::PolicyCounters>();
    std::uint64_t orders_loaded_ = 1;
    std::vector<std::weak_ptr<jobs::OrderSlot>> order_slots_;  ///< of the files that are fetched
    std::size_t order_slots_left_ = 0;                         ///< when it was last cleared
    Upload upload_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    threads::WorkerPool maker_;  ///< last: it uses the others
};

}  // namespace xfsbus::peer::runtime
