#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <functional>

namespace xfsbus::bus {

/// The tasks and timers of one thread: what code needs of a Reactor that has no sockets of its own.
/// A test gives it one whose time is virtual.
class Scheduler {
  public:
    using Task = std::function<void()>;
    enum class TimerId : std::uint64_t {};

    Scheduler() = default;
    virtual ~Scheduler() = default;
    Scheduler(Scheduler const&) = delete;
    Scheduler& operator=(Scheduler const&) = delete;

    /// Any thread: runs the task on the scheduler's thread, soon, in the order posted.
    virtual void post(Task task) = 0;

    /// Scheduler's thread: the time at which this turn began; the same all through the turn.
    [[nodiscard]] virtual wire::Time now() const = 0;

    /// Scheduler's thread: runs the task at this time or in the first turn after it.
    virtual TimerId at(wire::Time time, Task task) = 0;
    /// Does nothing if it ran already.
    virtual void cancel(TimerId timer) = 0;
};

}  // namespace xfsbus::bus
