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
    : watch_(watch), mark_(mark) {
    watch_.add({mark, limit, CallLook(limit), std::move(report)});
}

CallWatch::Watched::~Watched() {
    watch_.remove(mark_);
}

void CallWatch::add(Entry entry) {
    std::lock_guard const lock(mutex_);
    entries_.push_back(std::move(entry));
    if (!std::exchange(runs_, true)) {
        start_thread();
    }
    changed_.notify_one();
}

void CallWatch::remove(CallMark const& mark) {
    std::lock_guard const lock(mutex_);
    std::erase_if(entries_, [&](Entry const& entry) { return &entry.mark == &mark; });
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
        changed_.wait(lock, [this] { return !entries_.empty(); });
        changed_.wait_for(lock, pause());
        look_at_all();
    }
}

void CallWatch::look_at_all() {
    for (auto& entry : entries_) {
        if (auto const time = entry.look.look(entry.mark, steady_now())) {
            char const* const operation = entry.mark.operation();
            entry.report("policy '" + entry.mark.policy() +
                         "': " + (operation != nullptr ? operation : "a call") +
                         " has not returned for " + in_seconds(*time));
        }
    }
}

CallLook::Time CallWatch::pause() const {
    auto const shortest = std::ranges::min_element(entries_, {}, &Entry::limit);
    return shortest->limit / looks_a_limit;
}

}  // namespace xfsbus::policies
