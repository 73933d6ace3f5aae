#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/tracker/options.hpp>
#include <xfsbus/wire/counters.hpp>
#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// A tracker with a thread of its own, for a program that is more than a tracker. All methods may
/// be called on any thread. The thread leaves the program's signals to the program.
class RunningTracker {
  public:
    /// Called on the tracker's thread, should it be unable to go on: out of memory, or a fault of
    /// its own. It must not throw, nor destroy the tracker.
    using OnFailed = std::function<void(Error const&)>;

    /// It listens and runs when this returns. Errc::usage if the host is no numeric address,
    /// Errc::network if the address is in use or not this machine's, Errc::failed if this process
    /// may open too few descriptors. Throws std::system_error or std::runtime_error if the system
    /// gives no thread or no sockets.
    XFSBUS_API static Result<std::unique_ptr<RunningTracker>> start(TrackerOptions const& options,
                                                                    OnFailed on_failed = {});

    /// Stops it, and waits until it has: some milliseconds.
    XFSBUS_API ~RunningTracker();
    RunningTracker(RunningTracker const&) = delete;
    RunningTracker& operator=(RunningTracker const&) = delete;

    /// As PeerOptions::tracker wants it, with the port that it got.
    [[nodiscard]] XFSBUS_API std::string endpoint() const;

    /// As it is after the last event: what docs/OPERATING.md lists.
    [[nodiscard]] XFSBUS_API std::vector<CounterValue> counters() const;

    /// As TrackerOptions::handout, from a moment after this call on.
    XFSBUS_API void set_handout(std::shared_ptr<policies::Handout> handout);

  private:
    class Running;

    explicit RunningTracker(std::unique_ptr<Running> running);

    std::unique_ptr<Running> running_;
};

}  // namespace xfsbus::tracker
