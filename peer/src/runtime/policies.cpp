#include "runtime/policies.hpp"

#include "runtime/poster.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/words.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace xfsbus::peer::runtime {
namespace {

/// Fewer are not worth looking whether their files are still fetched.
constexpr std::size_t order_slots_least = 64;

double in_seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::vector<PurposeUse> purposes_of(policies::PolicyCounters const& totals) {
    std::vector<PurposeUse> all;
    for (std::uint32_t purpose = 0; purpose < totals.purposes.size(); ++purpose) {
        auto const& counted = totals.purposes.at(purpose);
        if (counted.asked > 0) {
            all.push_back({.purpose = std::string(policies::purpose_word(purpose)),
                           .asked = counted.asked,
                           .alone = counted.alone,
                           .faults = counted.faults,
                           .over_budget = counted.over_budget,
                           .seconds = in_seconds(counted.spent)});
        }
    }
    return all;
}

/// A number that every reader of JSON keeps as it is, those with doubles alone among them.
std::uint64_t draw_seed(std::mt19937_64& random) {
    constexpr unsigned spare_bits = 64 - 53;
    return random() >> spare_bits;
}

}  // namespace

Policies::Policies(bus::Reactor& reactor, threads::Crew& maker, Factories factories,
                   PeerOptions const& options, Trace trace, std::mt19937_64& random)
    : reactor_(reactor),
      policy_(std::move(factories.selection)),
      chunk_order_(std::move(factories.chunk_order)),
      options_(options),
      trace_(std::move(trace)),
      seed_(options.seed != 0 ? options.seed : draw_seed(random)),
      maker_(maker, 1, net::fault_teller(reactor)) {
    if (auto const& upload = factories.upload_choice) {
        auto const report = std::make_shared<LastReport>();
        upload_ = {upload, upload->make(upload_guard(report)), report};
    }
    if (trace_) {
        trace_->on_begun(used(policy_->info()), used(chunk_order_->info()));
    }
}

PolicyInfo Policies::upload() const {
    if (upload_.factory) {
        return about(upload_.factory->info(), upload_.choice->counters(), *upload_.report);
    }
    PolicyInfo info;
    info.kind = XFSBUS_KIND_UPLOAD_CHOICE;
    info.name = "fair";
    info.description = "built in";
    info.seed = seed_;
    return info;
}

PolicyUsed Policies::used(policies::PluginInfo const& plugin) const {
    PolicyUsed used{plugin.name, plugin.version, plugin.hash, {}, seed_};
    for (auto const& parameter : plugin.parameters) {
        used.parameters.emplace_back(parameter.name, parameter.value);
    }
    return used;
}

PolicyInfo Policies::about(policies::PluginInfo const& plugin,
                           policies::PolicyCounters const& totals, LastReport const& report) const {
    PolicyInfo info{used(plugin)};
    info.kind = plugin.kind;
    info.description = plugin.description;
    info.path = plugin.path;
    info.picks = totals.picks;
    info.faults = totals.faults;
    info.slow = totals.slow;
    info.over_budget = totals.over_budget;
    info.fallbacks = totals.fallback;
    info.seconds = in_seconds(totals.spent);
    info.purposes = purposes_of(totals);
    info.trouble = report.get();
    return info;
}

PolicyInfo Policies::selection() const {
    auto info = about(policy_->info(), *totals_, *report_);
    if (trace_) {
        info.trace = trace_->info();
    }
    return info;
}

Policies::InForce Policies::in_force() const {
    return {.selection = selection(),
            .chunk_order = about(chunk_order_->info(), *order_totals_, *order_report_),
            .upload = upload()};
}

std::shared_ptr<PolicyUsed const> Policies::chunk_order_used() const {
    return std::make_shared<PolicyUsed>(used(chunk_order_->info()));
}

void Policies::set_policy(Factory policy) {
    policy_ = std::move(policy);
    totals_ = std::make_shared<policies::PolicyCounters>();
    report_ = std::make_shared<LastReport>();
    if (trace_) {
        trace_->on_policy(used(policy_->info()));
    }
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
        made ? slot->put(*made, totals_, std::make_shared<PolicyUsed>(used(factory->info())))
             : slot->fail(made.error().message);
        then();
    };
    maker_.submit([factory = policy_, seed = slot->seed(), guard = guard(report_),
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

jobs::FilePolicies::NewOrder Policies::new_order() {
    // Not for each of many small files: only when as many more have come as were left.
    if (order_slots_.size() >= 2 * order_slots_left_) {
        std::erase_if(order_slots_, [](auto const& slot) { return slot.expired(); });
        order_slots_left_ = std::max(order_slots_.size(), order_slots_least);
    }
    auto slot = std::make_shared<jobs::OrderSlot>();
    order_slots_.push_back(slot);
    return {std::move(slot), order_maker()};
}

std::function<jobs::OrderSlot::Made()> Policies::order_maker() const {
    return [order = chunk_order_, guard = guard(order_report_), totals = order_totals_,
            loaded = orders_loaded_]() -> jobs::OrderSlot::Made {
        return {.loaded = loaded, .order = order->make(guard), .totals = totals};
    };
}

void Policies::set_chunk_order(OrderFactory order) {
    chunk_order_ = std::move(order);
    order_totals_ = std::make_shared<policies::PolicyCounters>();
    order_report_ = std::make_shared<LastReport>();
    ++orders_loaded_;
    if (trace_) {
        trace_->on_chunk_order(used(chunk_order_->info()));
    }
    for (auto const& slot : order_slots_) {
        put_order(slot);
    }
}

/// One of the order in force, made where a plug-in may take its time.
void Policies::put_order(std::weak_ptr<jobs::OrderSlot> slot) {
    maker_.submit([make = order_maker(), post = poster(reactor_, alive_), slot = std::move(slot)] {
        std::function<void(jobs::OrderSlot&)> put;
        try {
            put = [made = make()](jobs::OrderSlot& to) { to.put(made); };
        } catch (policies::PolicyFault const& fault) {
            put = [why = std::string(fault.what())](jobs::OrderSlot& to) { to.fail(why); };
        }
        post([slot, put = std::move(put)] {
            if (auto const to = slot.lock()) {
                put(*to);
            }
        });
    });
}

void Policies::set_upload_choice(UploadFactory choice, std::function<void()> then) {
    auto const report = std::make_shared<LastReport>();
    maker_.submit([this, factory = std::move(choice), guard = upload_guard(report), report,
                   post = poster(reactor_, alive_), then = std::move(then)]() mutable {
        std::shared_ptr<policies::GuardedUploadChoice> made = factory->make(std::move(guard));
        // Moved: what is to be done then belongs to the reactor's thread.
        post([this, factory = std::move(factory), made = std::move(made), report,
              then = std::move(then)] {
            upload_ = {factory, made, report};
            then();
        });
    });
}

/// A download is ended by its own policy alone.
policies::GuardOptions Policies::upload_guard(Report report) const {
    auto options = guard(std::move(report));
    options.strict = false;
    return options;
}

policies::GuardOptions Policies::guard(Report report) const {
    policies::GuardOptions guard;
    guard.strict = options_.strict_policy;
    guard.recorder = trace_;
    guard.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    guard.report = [log = options_.log, last = std::move(report)](std::string_view text) {
        last->set(text);
        if (log) {
            log(telemetry::policy_fault(text));
        }
    };
    return guard;
}

}  // namespace xfsbus::peer::runtime
