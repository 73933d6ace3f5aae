// What a Node does with its policies: makes their objects, swaps them, tells of them.
#include "runtime/node.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>

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

PolicyInfo Node::policy() const {
    return about(plugins_.policy->info(), *policy_totals_);
}

PolicyInfo Node::chunk_order() const {
    return about(plugins_.chunk_order->info(), *order_totals_);
}

void Node::set_policy(std::shared_ptr<policies::SelectorFactory const> policy) {
    plugins_.policy = std::move(policy);
    policy_totals_ = std::make_shared<policies::PolicyCounters>();
    for (auto const& job : jobs_) {
        put_selector(job->policy(), [] {});
    }
}

/// Has an object of the policy made on a thread that may wait for a plug-in, puts it into the slot
/// on this one, and goes on. If the policy is swapped meanwhile, it is one of the new policy.
void Node::put_selector(std::shared_ptr<jobs::PolicySlot> slot, std::function<void()> then) {
    auto const factory = plugins_.policy;
    auto put = [this, factory, slot, then = std::move(then)](Result<Selector> const& made) {
        if (plugins_.policy != factory) {
            return put_selector(slot, then);
        }
        made ? slot->put(*made, policy_totals_) : slot->fail(made.error().message);
        then();
    };
    policy_maker_.submit([factory, seed = slot->seed(), guard = guard(), post = poster(),
                          put = std::move(put)]() mutable {
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

policies::GuardOptions Node::guard() const {
    policies::GuardOptions guard;
    guard.strict = options_.strict_policy;
    guard.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    guard.report = [this](std::string_view text) { log(telemetry::policy_fault(text)); };
    return guard;
}

/// With a seed policies see the same random numbers in every run.
std::uint64_t Node::policy_seed() {
    return options_.seed != 0 ? options_.seed : random_();
}

}  // namespace xfsbus::peer::runtime
