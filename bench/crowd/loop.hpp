#pragma once

#include <chrono>
#include <functional>
#include <unordered_map>

namespace xfsbus::bench {

using Clock = std::chrono::steady_clock;

/// Waits for many descriptors with one thread.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(Loop const&) = delete;
    Loop& operator=(Loop const&) = delete;

    void add(int fd, std::function<void()> on_readable);
    void remove(int fd);

    /// Done in each turn, of which there are a thousand a second if nothing happens.
    std::function<void()> each_turn = [] {};

    /// False: it did not come true in time.
    bool run_until(std::function<bool()> const& done, Clock::duration most);
    void run_for(Clock::duration time);

  private:
    int epoll_;
    std::unordered_map<int, std::function<void()>> handlers_;
};

}  // namespace xfsbus::bench
