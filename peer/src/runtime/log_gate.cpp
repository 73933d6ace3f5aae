#include "runtime/log_gate.hpp"

#include "runtime/callback.hpp"

#include <utility>

namespace xfsbus::peer::runtime {

void LogGate::tell(LogEvent const& event) {
    if (event.level < least_) {
        return;
    }
    auto const self = std::this_thread::get_id();
    std::unique_lock lock(mutex_);
    if (teller_ == self) {
        if (within_ < within_most) {
            ++within_;
            to_tell_.push_back(event);
        }
        return;
    }
    free_.wait(lock, [this] { return closed_ || teller_ == std::thread::id(); });
    if (closed_) {
        return;
    }
    teller_ = self;
    within_ = 0;
    to_tell_.push_back(event);
    tell_all(lock);
    if (closed_) {
        let_go(lock);
    }
    teller_ = std::thread::id();
    free_.notify_all();
}

void LogGate::tell_all(std::unique_lock<std::mutex>& lock) {
    while (!to_tell_.empty() && !closed_) {
        auto const event = std::move(to_tell_.front());
        to_tell_.pop_front();
        lock.unlock();
        call_back([&] { log_(event); });
        lock.lock();
    }
}

void LogGate::close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    to_tell_.clear();
    free_.notify_all();
    auto const self = std::this_thread::get_id();
    free_.wait(lock, [&] { return teller_ == std::thread::id() || teller_ == self; });
    if (teller_ != self) {
        let_go(lock);
    }
}

/// What the program lent with it may go then, which is code of the program's as well.
void LogGate::let_go(std::unique_lock<std::mutex>& lock) {
    auto log = std::exchange(log_, nullptr);
    lock.unlock();
    call_back([&] { log = nullptr; });
    lock.lock();
}

}  // namespace xfsbus::peer::runtime
