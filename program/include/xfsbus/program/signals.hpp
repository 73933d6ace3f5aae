#pragma once

#include <functional>
#include <thread>

namespace xfsbus::program {

/// Keeps SIGINT, SIGTERM and SIGHUP from this thread and from all that it starts, for a SignalWatch
/// to take. A SIGHUP that is ignored, as nohup(1) has it, stays so. Before there is any other
/// thread. Signals that come between this and the watch wait for it.
void hold_signals();

/// A thread that takes the held signals one by one, so that what is done about them may do
/// anything: no code of ours runs inside a signal handler.
class SignalWatch {
  public:
    /// `count` is 1 for the first signal, 2 for the next.
    using OnSignal = std::function<void(int signal, int count)>;

    /// Calls `on_signal` on the watch's thread. Throws std::system_error if there are no file
    /// descriptors or threads left.
    explicit SignalWatch(OnSignal on_signal);
    /// Waits for a call under way to end; not from within one.
    ~SignalWatch();
    SignalWatch(SignalWatch const&) = delete;
    SignalWatch& operator=(SignalWatch const&) = delete;

  private:
    void run();

    OnSignal on_signal_;
    int signals_ = -1;
    int end_ = -1;
    std::thread thread_;
};

}  // namespace xfsbus::program
