#pragma once

namespace xfsbus::program {

/// The terminal that the program was started from, if there is one. Tells its end from a SIGHUP
/// that somebody sends: both are the same signal. Any thread.
class Terminal {
  public:
    Terminal();

    /// It was there when this object was made, and is not any more.
    [[nodiscard]] bool is_gone() const;

  private:
    int descriptor_;
};

}  // namespace xfsbus::program
