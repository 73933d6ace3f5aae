#pragma once

#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace xfsbus::tracker {

/// A Tracker with a thread of its own, for a program that is more than a tracker. All methods may
/// be called on any thread. The thread leaves the program's signals to the program.
class RunningTracker {
  public:
    /// Called on the tracker's thread, should it be unable to go on: out of memory, or a fault of
    /// its own. It must not throw, nor destroy the tracker.
    using OnFailed = std::function<void(Error const&)>;

    /// As Tracker::start; it runs already. options.log is called on its thread. Throws
    /// std::system_error if there can be no thread.
    static Result<std::unique_ptr<RunningTracker>> start(Tracker::Options options,
                                                         OnFailed on_failed = {});

    /// Stops it, and waits until it has: some milliseconds.
    ~RunningTracker();
    RunningTracker(RunningTracker const&) = delete;
    RunningTracker& operator=(RunningTracker const&) = delete;

    /// As PeerOptions::tracker wants it, with the port that it got.
    [[nodiscard]] std::string endpoint() const { return tracker_->endpoint().to_zmq(); }

    [[nodiscard]] Counters stats() const { return tracker_->stats(); }

    /// Of the tracker, what may be called on any thread.
    [[nodiscard]] Tracker& tracker() { return *tracker_; }

  private:
    RunningTracker(std::unique_ptr<Tracker> tracker, OnFailed on_failed);

    void work();

    std::unique_ptr<Tracker> tracker_;
    OnFailed on_failed_;
    std::thread thread_;
};

}  // namespace xfsbus::tracker
