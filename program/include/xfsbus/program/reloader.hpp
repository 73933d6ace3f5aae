#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace xfsbus::program {

/// What a program does at SIGHUP, on a thread of its own, since it may take seconds in which other
/// signals are to be heard. Tells the service manager when it begins and when it is done.
class Reloader {
  public:
    using Reload = std::function<void(std::stop_token const&)>;

    explicit Reloader(Reload reload);

    ~Reloader() { stop(); }

    Reloader(Reloader const&) = delete;
    Reloader& operator=(Reloader const&) = delete;

    /// Has it done soon, and once more if it is being done. Any thread.
    void ask();

    /// When this returns nothing is done any more. One thread at a time, and not within a reload.
    void stop();

  private:
    void work(std::stop_token const& stop);

    Reload reload_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool asked_ = false;   // guarded by mutex_
    std::jthread thread_;  ///< last: it uses the others
};

}  // namespace xfsbus::program
