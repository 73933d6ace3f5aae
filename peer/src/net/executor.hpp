#pragma once

#include <xfsbus/bus/scheduler.hpp>

#include <cstdint>
#include <functional>

namespace xfsbus::peer::net {

/// Does work that takes its time elsewhere than on the reactor's thread, which goes on with what
/// comes of it. Reactor thread.
class Executor {
  public:
    /// Done elsewhere; returns what the reactor's thread is to do then.
    using Job = std::function<bus::Scheduler::Task()>;

    Executor() = default;
    virtual ~Executor() = default;
    Executor(Executor const&) = delete;
    Executor& operator=(Executor const&) = delete;

    /// They are begun in their order. `bytes`: so many are dealt with.
    virtual void submit(std::uint64_t bytes, Job job) = 0;
};

}  // namespace xfsbus::peer::net
