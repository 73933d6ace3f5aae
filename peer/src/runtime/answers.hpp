#pragma once

#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

namespace xfsbus::peer::runtime {

/// What somebody waits for, and may have to give up.
class Awaited {
  public:
    virtual ~Awaited() = default;
    /// There will be no answer. Any thread.
    virtual void give_up() = 0;
};

/// One answer, handed from the reactor's thread to the one that waits for it.
template <typename T>
class Answer final : public Awaited {
  public:
    void set(T value) {
        std::lock_guard const lock(mutex_);
        if (!value_) {
            value_.emplace(std::move(value));
            set_.notify_all();
        }
    }

    void give_up() override {
        std::lock_guard const lock(mutex_);
        given_up_ = true;
        set_.notify_all();
    }

    /// nullopt if stopped, out of patience or given up first.
    std::optional<T> wait(std::stop_token const& stop,
                          std::optional<std::chrono::milliseconds> patience = std::nullopt) {
        std::unique_lock lock(mutex_);
        auto const over = [this] { return value_.has_value() || given_up_; };
        if (patience) {
            set_.wait_for(lock, stop, *patience, over);
        } else {
            set_.wait(lock, stop, over);
        }
        return std::move(value_);
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any set_;
    std::optional<T> value_;  // guarded by mutex_
    bool given_up_ = false;   // guarded by mutex_
};

/// The answers that threads wait for, so that none waits for ever when the reactor is no more.
/// Thread-safe.
class Answers {
  public:
    template <typename T>
    std::shared_ptr<Answer<T>> expect() {
        auto answer = std::make_shared<Answer<T>>();
        std::lock_guard const lock(mutex_);
        if (failure_) {
            answer->give_up();
        }
        std::erase_if(waiting_, [](auto const& weak) { return weak.expired(); });
        waiting_.push_back(answer);
        return answer;
    }

    /// Nothing is answered any more, for this reason.
    void fail(Error failure) {
        std::lock_guard const lock(mutex_);
        failure_ = std::move(failure);
        for (auto const& weak : waiting_) {
            if (auto const answer = weak.lock()) {
                answer->give_up();
            }
        }
    }

    [[nodiscard]] std::optional<Error> failure() const {
        std::lock_guard const lock(mutex_);
        return failure_;
    }

  private:
    mutable std::mutex mutex_;
    std::optional<Error> failure_;                 // guarded by mutex_
    std::vector<std::weak_ptr<Awaited>> waiting_;  // guarded by mutex_
};

/// What there is instead of an answer: the Error, where there can be one, or nothing.
template <typename T>
T instead(Error const& error) {
    if constexpr (std::is_constructible_v<T, Error>) {
        return T(error);
    } else {
        return T{};
    }
}

}  // namespace xfsbus::peer::runtime
