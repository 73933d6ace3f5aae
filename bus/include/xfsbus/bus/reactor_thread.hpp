#pragma once

#include <xfsbus/bus/reactor.hpp>

#include <exception>
#include <functional>
#include <memory>

namespace xfsbus::bus {

/// A thread that runs reactors, many of them, and what they share of ZeroMQ: a context, with its
/// I/O thread. They take turns, so what one does at length the others wait for. Any thread.
class ReactorThread {
  public:
    /// On the thread, which all its reactors wait for. `fault`: what ended it; null: stop() did.
    using OnLeft = std::function<void(std::exception_ptr fault)>;

    /// Throws std::system_error if the system gives no thread or descriptors.
    ReactorThread();
    /// Its reactors are gone. Not on the thread itself.
    ~ReactorThread();
    ReactorThread(ReactorThread const&) = delete;
    ReactorThread& operator=(ReactorThread const&) = delete;

    /// Runs a reactor that was made for this thread, until it is stopped or what it does throws.
    /// Then calls `on_left`, once; nothing of it runs any more, and any one thread may destroy what
    /// is on it, and the reactor, from then on.
    void run(Reactor& reactor, OnLeft on_left);

  private:
    friend struct ReactorAccess;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::bus
