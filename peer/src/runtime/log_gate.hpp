#pragma once

#include <xfsbus/wire/log.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace xfsbus::peer::runtime {

/// The way from the threads of a peer to the program's function for its log: one call at a time,
/// none within another, and none after close(). What the function throws goes no further. Any
/// thread.
class LogGate {
  public:
    /// So much is kept of what is to be told while this thread is within the function; the rest of
    /// it is dropped, so that a function that has itself told of something comes to an end.
    static constexpr std::size_t within_most = 64;

    /// `least`: what is less important is not told.
    LogGate(OnLog log, LogLevel least)
        : least_(log ? least : LogLevel::off), log_(std::move(log)) {}

    /// Waits for its turn; from within the function it is told when that has returned.
    void tell(LogEvent const& event);

    /// Nothing is told from now on. Waits for the call that is under way, unless this is within it.
    /// The function is let go of before this returns, or else when that call has ended.
    void close();

  private:
    void tell_all(std::unique_lock<std::mutex>& lock);
    void let_go(std::unique_lock<std::mutex>& lock);

    LogLevel const least_;
    std::mutex mutex_;
    std::condition_variable free_;
    OnLog log_;               ///< guarded by mutex_ but for who tells, as all that follows
    std::thread::id teller_;  ///< none: nobody is
    std::deque<LogEvent> to_tell_;
    std::size_t within_ = 0;  ///< that were told from within, since the teller began
    bool closed_ = false;
};

}  // namespace xfsbus::peer::runtime
