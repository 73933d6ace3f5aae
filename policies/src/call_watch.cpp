#include <xfsbus/policies/host/call_watch.hpp>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

namespace xfsbus::policies {
namespace {

/// A call is told of when it has taken the limit, or a part of it longer: one in so many.
constexpr int looks_a_limit = 4;

CallLook::Time steady_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

std::string in_seconds(CallLook::Time time) {
    using Tenths = std::chrono::duration<std::int64_t, std::deci>;
    auto const tenths = std::chrono::floor<Tenths>(time).count();
    auto const whole = std::to_string(tenths / 10);
    return (tenths % 10 == 0 ? whole : whole + "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace

constinit thread_local CallMark const* CallMark::here = nullptr;

std::optional<CallLook::Time> CallLook::look(CallMark const& mark, Time now) {
    if (mark.operation() == nullptr) {
        return std::nullopt;
    }
    if (auto const call = mark.calls(); call != call_) {
        call_ = call;
        since_ = now;
        tell_after_ = limit_;
    }
    auto const time = now - since_;
    if (time < tell_after_) {
        return std::nullopt;
    }
    tell_after_ = 2 * time;
    return time;
}

/// Never destroyed: its thread may look when the process ends.
CallWatch& CallWatch::of_process() {
    static CallWatch& watch = *std::make_unique<CallWatch>().release();
    return watch;
}

CallWatch::Watched::Watched(CallWatch& watch, CallMark const& mark, CallLook::Time limit,
                            Report report)
    : watch_(watch), entry_(watch_.add(mark, limit, std::move(report))) {}

CallWatch::Watched::~Watched() {
    watch_.remove(entry_);
}

/// The thread is woken only if it would look too late: policies come and go with each file.
CallWatch::Entries::iterator CallWatch::add(CallMark const& mark, CallLook::Time limit,
                                            Report report) {
    std::lock_guard const lock(mutex_);
    auto const entry =
        entries_.insert(entries_.end(), {mark, limit, CallLook(limit), std::move(report)});
    if (!std::exchange(runs_, true)) {
        start_thread();
    }
    auto const look = steady_now() + limit / looks_a_limit;
    if (!next_look_ || look < *next_look_) {
        next_look_ = look;
        sooner_.notify_one();
    }
    return entry;
}

void CallWatch::remove(Entries::iterator entry) {
    std::lock_guard const lock(mutex_);
    entries_.erase(entry);
}

/// Without a thread nothing is watched, and all else goes on.
void CallWatch::start_thread() {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the program's signals are for its threads
    try {
        std::thread([this] { work(); }).detach();
    } catch (std::system_error const&) {
        runs_ = false;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void CallWatch::work() {
    ::pthread_setname_np(::pthread_self(), "xfs-watch");
    std::unique_lock lock(mutex_);
    while (true) {
        if (!next_look_) {
            sooner_.wait(lock);
        } else if (*next_look_ > steady_now()) {
            sooner_.wait_for(lock, *next_look_ - steady_now());
        } else {
            look_at_all();
        }
    }
}

void CallWatch::look_at_all() {
    auto const now = steady_now();
    next_look_.reset();
    for (auto& entry : entries_) {
        if (auto const time = entry.look.look(entry.mark, now)) {
            char const* const operation = entry.mark.operation();
            entry.report("policy '" + entry.mark.policy() +
                         "': " + (operation != nullptr ? operation : "a call") +
                         " has not returned for " + in_seconds(*time));
        }
        auto const look = now + entry.limit / looks_a_limit;
        next_look_ = std::min(next_look_.value_or(look), look);
    }
}

}  // namespace xfsbus::policies
