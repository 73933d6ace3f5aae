#pragma once

#include <csignal>

namespace xfsbus::bus {

/// Keeps the program's signals from this thread, and so from all threads that it starts meanwhile:
/// they are for the program's own threads to take. What the process does about them is not touched.
/// A fault's own signals (SIGSEGV and the like) come through.
///
/// SIGXFSZ among them: a write that would make a file larger than this process may (`ulimit -f`)
/// fails with EFBIG and has no other effect.
class HeldSignals {
  public:
    HeldSignals();
    ~HeldSignals();
    HeldSignals(HeldSignals const&) = delete;
    HeldSignals& operator=(HeldSignals const&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace xfsbus::bus
