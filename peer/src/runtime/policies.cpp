#include "runtime/policies.hpp"

#include "runtime/poster.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>

#include <chrono>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

PolicyInfo about(policies::PluginInfo const& plugin, policies::PolicyCounters const& totals) {
    PolicyInfo info;
    info.name = plugin.name;
    info.version = plugin.version;
    info.description = plugin.description;
    info.path = plugin.path;
    info.hash = plugin.hash;
    for (auto const& parameter : plugin.parameters) {
        info.parameters.emplace_back(parameter.name, parameter.value);
    }
    info.picks = totals.picks;
    info.faults = totals.faults;
    info.slow = totals.slow;
    info.fallbacks = totals.fallback;
    return info;
}

}  // namespace

Policies::Policies(bus::Reactor& reactor, Factory policy, OrderFactory chunk_order,
                   PeerOptions const& options, std::mt19937_64& random)
    : reactor_(reactor),
      policy_(std::move(policy)),
      chunk_order_(std::move(chunk_order)),
      options_(options),
      random_(random),
      maker_(1, "xfs-policy", net::fault_teller(reactor)) {}

PolicyInfo Policies::policy() const {
    return about(policy_->info(), *totals_);
}

PolicyInfo Policies::chunk_order() const {
    return about(chunk_order_->info(), *order_totals_);
}

void Policies::set_policy(Factory policy) {
    policy_ = std::move(policy);
    totals_ = std::make_shared<policies::PolicyCounters>();
}

std::shared_ptr<jobs::PolicySlot> Policies::new_slot() {
    return std::make_shared<jobs::PolicySlot>(seed());
}

void Policies::put_selector(std::shared_ptr<jobs::PolicySlot> slot, std::function<void()> then) {
    auto put = [this, factory = policy_, slot,
                then = std::move(then)](Result<Selector> const& made) {
        if (policy_ != factory) {
            return put_selector(slot, then);
        }
        made ? slot->put(*made, totals_) : slot->fail(made.error().message);
        then();
    };
    maker_.submit([factory = policy_, seed = slot->seed(), guard = guard(),
                   post = poster(reactor_, alive_), put = std::move(put)]() mutable {
        Result<Selector> made = Error{};
        try {
            made = Selector(factory->make(seed, guard));
        } catch (policies::PolicyFault const& fault) {
            made = Error{Errc::plugin, fault.what()};
        }
        // Moved: what is to be done then belongs to the reactor's thread.
        post([made = std::move(made), put = std::move(put)] { put(made); });
    });
}

std::function<std::shared_ptr<jobs::OrderSlot>()> Policies::order_maker() const {
    return [order = chunk_order_, guard = guard(), totals = order_totals_] {
        return std::make_shared<jobs::OrderSlot>(order->make(guard), totals);
    };
}

policies::GuardOptions Policies::guard() const {
    policies::GuardOptions guard;
    guard.strict = options_.strict_policy;
    guard.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    guard.report = [log = options_.log](std::string_view text) {
        if (log) {
            log(telemetry::policy_fault(text));
        }
    };
    return guard;
}

std::uint64_t Policies::seed() {
    return options_.seed != 0 ? options_.seed : random_();
}

}  // namespace xfsbus::peer::runtime
