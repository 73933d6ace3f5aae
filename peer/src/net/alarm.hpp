#pragma once

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/wire/time.hpp>

#include <optional>
#include <utility>

namespace xfsbus::peer::net {

/// Calls a function when a time has come that may be set anew: the clock of a core. Reactor thread.
class Alarm {
  public:
    Alarm(bus::Scheduler& scheduler, bus::Scheduler::Task on_time)
        : scheduler_(scheduler), on_time_(std::move(on_time)) {}

    ~Alarm() { set(std::nullopt); }

    Alarm(Alarm const&) = delete;
    Alarm& operator=(Alarm const&) = delete;

    /// Instead of what was set before; nullopt: never.
    void set(std::optional<wire::Time> time) {
        if (time == time_) {
            return;
        }
        if (time_) {
            scheduler_.cancel(timer_);
        }
        time_ = time;
        if (time_) {
            timer_ = scheduler_.at(*time_, [this] {
                time_.reset();
                auto const on_time = on_time_;  // what it does may destroy this
                on_time();
            });
        }
    }

  private:
    bus::Scheduler& scheduler_;
    bus::Scheduler::Task on_time_;
    std::optional<wire::Time> time_;
    bus::Scheduler::TimerId timer_{};  ///< while time_ is set
};

}  // namespace xfsbus::peer::net
