#pragma once

#include <xfsbus/peer/job.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace xfsbus::peer::runtime {

/// Waits with the lock held until the condition holds: true. False if the wait is over first.
template <typename Holds>
bool wait_until(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                Wait const& wait, Holds holds) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);  // clocks overflow
    return wait.most
               ? changed.wait_for(lock, wait.stop, std::min(*wait.most, longest), std::move(holds))
               : changed.wait(lock, wait.stop, std::move(holds));
}

/// Why there was no answer in time.
inline Error over(Wait const& wait) {
    if (wait.stop.stop_requested()) {
        return {Errc::interrupted, "interrupted"};
    }
    return {Errc::timeout, "no answer within " + std::to_string(wait.most->count()) + " ms"};
}

/// What somebody waits for.
class Awaited {
  public:
    virtual ~Awaited() = default;
    /// There will be no other answer than this. Does nothing if there is one. Any thread.
    virtual void fail(Error const& why) = 0;
};

/// One answer, handed from the reactor's thread to the one that waits for it.
template <typename T>
class Answer final : public Awaited {
  public:
    void set(Result<T> value) {
        std::lock_guard const lock(mutex_);
        if (!value_) {
            value_.emplace(std::move(value));
            set_.notify_all();
        }
    }

    void fail(Error const& why) override { set(why); }

    Result<T> wait(Wait const& wait) {
        std::unique_lock lock(mutex_);
        bool const there = wait_until(set_, lock, wait, [this] { return value_.has_value(); });
        return there ? std::move(*value_) : Result<T>(over(wait));
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any set_;
    std::optional<Result<T>> value_;  // guarded by mutex_
};

/// Gives an answer to whoever waits for it, if it still does. Any thread.
template <typename T>
class Reply {
  public:
    explicit Reply(std::weak_ptr<Answer<T>> to) : to_(std::move(to)) {}

    void operator()(Result<T> value) const {
        if (auto const answer = to_.lock()) {
            answer->set(std::move(value));
        }
    }

    /// Expires when nobody waits any more.
    [[nodiscard]] std::weak_ptr<void const> who() const { return to_; }

  private:
    std::weak_ptr<Answer<T>> to_;
};

/// All that is waited for, so that nobody waits for ever when the reactor is no more. Thread-safe.
class Answers {
  public:
    /// `awaited` fails when this does, or at once.
    void expect(std::shared_ptr<Awaited> const& awaited) {
        if (auto const failure = add(awaited)) {
            awaited->fail(*failure);
        }
    }

    /// Nothing is answered any more, for this reason; the first one counts.
    void fail(Error const& failure) {
        for (auto const& weak : end(failure)) {
            if (auto const awaited = weak.lock()) {
                awaited->fail(failure);
            }
        }
    }

  private:
    std::optional<Error> add(std::shared_ptr<Awaited> const& awaited) {
        std::lock_guard const lock(mutex_);
        std::erase_if(waiting_, [](auto const& weak) { return weak.expired(); });
        waiting_.push_back(awaited);
        return failure_;
    }

    std::vector<std::weak_ptr<Awaited>> end(Error const& failure) {
        std::lock_guard const lock(mutex_);
        failure_ = failure_.value_or(failure);
        return std::exchange(waiting_, {});
    }

    std::mutex mutex_;
    std::optional<Error> failure_;                 // guarded by mutex_
    std::vector<std::weak_ptr<Awaited>> waiting_;  // guarded by mutex_
};

}  // namespace xfsbus::peer::runtime
