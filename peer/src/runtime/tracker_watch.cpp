#include "runtime/tracker_watch.hpp"

#include "telemetry/log_events.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

/// Longer than it takes to connect again to a tracker that is back.
constexpr auto tracker_silence_most = std::chrono::seconds(5);

}  // namespace

TrackerWatch::TrackerWatch(bus::Reactor& reactor, net::TrackerLink& link, EventStore& events,
                           Options options, std::function<void()> on_registered)
    : reactor_(reactor),
      link_(link),
      events_(events),
      options_(std::move(options)),
      on_registered_(std::move(on_registered)) {}

void TrackerWatch::on_state() {
    auto const state = link_.state();
    if (state.registered && !was_registered_) {
        on_registered_();
    }
    was_registered_ = state.registered;
    tell_touch(state);
    tell_refusal(state.refusal);
    if (state.registered) {
        registered_.tell();
    }
    // Looked at again: those who waited may have changed the list. Where the tracker does not take
    // it there is nothing to wait for.
    if (auto const now = link_.state(); now.settled || !now.refusal.empty()) {
        settled_.tell();
    }
}

/// When it is found, and when it is lost.
void TrackerWatch::tell_touch(net::TrackerState const& state) {
    if (state.in_touch == told_in_touch_) {
        return;
    }
    told_in_touch_ = state.in_touch;
    auto const why = link_.trouble();
    options_.log(told_in_touch_ ? telemetry::tracker_found(options_.endpoint, state.listens)
                                : telemetry::tracker_lost(options_.endpoint, why.message));
    events_.put(told_in_touch_ ? Event(TrackerUp{}) : Event(TrackerLost{why}));
}

void TrackerWatch::tell_how_it_is() {
    if (told_in_touch_) {
        events_.put(TrackerUp{});
    }
}

/// Once for each reason: it is tried again every second.
void TrackerWatch::tell_refusal(std::string const& refusal) {
    if (refusal.empty() || refusal == told_refusal_) {
        return;
    }
    told_refusal_ = refusal;
    options_.log(telemetry::tracker_refuses(options_.endpoint, told_refusal_));
}

/// For one that shares nothing it does not matter.
void TrackerWatch::on_unreachable(std::string const& why) {
    if (options_.shares()) {
        options_.log(telemetry::not_reachable(link_.state().listens, why));
    }
}

void TrackerWatch::when_registered(std::weak_ptr<void const> who, std::function<void()> then) {
    registered_.add(std::move(who), std::move(then));
    on_state();
}

void TrackerWatch::when_settled(std::weak_ptr<void const> who, std::function<void()> then) {
    settled_.add(std::move(who), std::move(then));
    on_state();
}

/// One that waits for no longer than something is heard.
struct TrackerWatch::Patient {
    std::function<void(Status)> then;
    wire::Time since{};
    bus::Reactor::TimerId timer{};
};

void TrackerWatch::when_told(std::function<void(Status)> then) {
    auto const patient = std::make_shared<Patient>(Patient{std::move(then), reactor_.now()});
    watch(patient);
    if (!patient->then) {
        return;
    }
    when_settled(patient, [this, weak = std::weak_ptr(patient)] {
        auto const waiting = weak.lock();
        if (auto const told = std::exchange(waiting->then, {})) {
            reactor_.cancel(waiting->timer);
            told(done());
        }
    });
}

/// The timer keeps the patient; without either nobody waits.
void TrackerWatch::watch(std::shared_ptr<Patient> const& patient) {
    auto const deadline = std::max(patient->since, link_.state().heard) + tracker_silence_most;
    if (deadline <= reactor_.now()) {
        return std::exchange(patient->then, {})(
            Error{Errc::tracker_unreachable,
                  "no answer from the tracker at " + options_.endpoint + ": " + trouble().message});
    }
    patient->timer = reactor_.at(deadline, [this, patient, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) {
            watch(patient);
        }
    });
}

}  // namespace xfsbus::peer::runtime
