#pragma once

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace xfsbus::bus {

class ReactorThread;

/// An event loop: the sockets made on it, timers, and work posted by other threads. Sockets are
/// created, used and destroyed on the thread that runs it, or while none does.
class Reactor final : public Scheduler {
  public:
    /// Of one that its owner runs: owns a share of ZeroMQ (context and I/O thread). Throws
    /// std::runtime_error if the system gives no sockets or file descriptors.
    Reactor();
    /// Of one that this thread runs (ReactorThread::run), which must outlive it and lends it its
    /// share of ZeroMQ.
    explicit Reactor(ReactorThread& thread);
    ~Reactor() override;
    Reactor(Reactor const&) = delete;
    Reactor& operator=(Reactor const&) = delete;

    /// Runs until stop(). Tasks posted before stop() are done. For one that its owner runs.
    void run();

    /// Any thread, also from a signal-handling thread.
    void stop();

    /// Tasks posted after run() has returned are never run.
    void post(Task task) override;
    /// As post(), for those who may outlive the reactor: then it drops the task. Any thread.
    [[nodiscard]] std::function<void(Task)> poster() const;

    [[nodiscard]] wire::Time now() const override;

    TimerId at(wire::Time time, Task task) override;
    void cancel(TimerId timer) override;

    /// Reactor thread: calls on_readable while this file descriptor (not a ZeroMQ socket) can be
    /// read.
    void watch_fd(int fd, Task on_readable);
    void unwatch_fd(int fd);

  private:
    friend struct ReactorAccess;  // the rest of this box

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Raises the limit of open files to what the system allows: libzmq spins without an error when
/// file descriptors run out. Returns the limit now in force. For mains.
std::uint64_t raise_file_limit();

/// The limit in force, of this process.
std::uint64_t descriptor_limit();

/// How many are open.
std::uint64_t open_descriptors();

/// "4.3.4": the version of libzmq in use.
std::string zmq_version();

}  // namespace xfsbus::bus
