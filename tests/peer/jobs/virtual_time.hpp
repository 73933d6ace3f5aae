#pragma once

#include <xfsbus/bus/scheduler.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs::test {

/// A clock that stands still between two events: what waits for an hour takes no time. One thread.
class VirtualTime final : public bus::Scheduler {
  public:
    void post(Task task) override { posted_.push_back(std::move(task)); }

    [[nodiscard]] wire::Time now() const override { return now_; }

    TimerId at(wire::Time time, Task task) override {
        TimerId const id{++last_id_};
        timers_.emplace(std::pair(std::max(time, now_), id), std::move(task));
        return id;
    }

    void cancel(TimerId timer) override {
        std::erase_if(timers_, [&](auto const& entry) { return entry.first.second == timer; });
    }

    /// Does all that is due within this time; then so much has passed.
    void pass(wire::Duration time) {
        auto const until = now_ + time;
        static_cast<void>(pass_until([] { return false; }, time));
        now_ = until;
    }

    /// Does what is due until it holds. False: it does not within this time.
    [[nodiscard]] bool pass_until(std::function<bool()> const& holds,
                                  wire::Duration most = std::chrono::hours(1)) {
        auto const until = now_ + most;
        while (!holds()) {
            if (!posted_.empty()) {
                for (auto const& task : std::exchange(posted_, {})) {
                    task();
                }
            } else if (!timers_.empty() && timers_.begin()->first.first <= until) {
                auto const next = timers_.extract(timers_.begin());
                now_ = next.key().first;
                next.mapped()();
            } else {
                return false;
            }
        }
        return true;
    }

  private:
    wire::Time now_{std::chrono::hours(1)};
    std::vector<Task> posted_;
    std::map<std::pair<wire::Time, TimerId>, Task> timers_;
    std::uint64_t last_id_ = 0;
};

}  // namespace xfsbus::peer::jobs::test
