#pragma once

#include <atomic>
#include <functional>

namespace xfsbus::console {

/// Ends the waiting for input, from any thread.
class Waker {
  public:
    /// Throws std::system_error if there are no file descriptors left.
    Waker();
    ~Waker();
    Waker(Waker const&) = delete;
    Waker& operator=(Waker const&) = delete;

    enum class Woken {
        input,   ///< stdin can be read
        nudged,  ///< by nudge()
        ended,   ///< by wake()
    };

    /// For good.
    void wake();
    /// Once.
    void nudge() const;

    /// While input is waited for, calls this when the descriptor can be read. Before the first
    /// wait.
    void meanwhile(int fd, std::function<void()> on_readable);

    [[nodiscard]] Woken wait_for_input() const;

  private:
    int fd_;
    std::atomic<bool> ended_ = false;
    int other_ = -1;
    std::function<void()> on_other_;
};

}  // namespace xfsbus::console
