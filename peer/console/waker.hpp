#pragma once

namespace xfsbus::console {

/// Ends the waiting for input, from any thread; once woken it stays so.
class Waker {
  public:
    /// Throws std::system_error if there are no file descriptors left.
    Waker();
    ~Waker();
    Waker(Waker const&) = delete;
    Waker& operator=(Waker const&) = delete;

    void wake() const;

    /// Waits until stdin can be read (true), or for wake() (false).
    [[nodiscard]] bool wait_for_input() const;

  private:
    int fd_;
};

}  // namespace xfsbus::console
