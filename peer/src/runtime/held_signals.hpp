#pragma once

#include <csignal>

namespace xfsbus::peer::runtime {

/// Keeps SIGXFSZ from this thread, and from all threads that it starts meanwhile: a write that
/// would make a file larger than this process may (`ulimit -f`) fails with EFBIG and has no other
/// effect. What the process does about the signal elsewhere is not touched, since that is for the
/// program to decide of which this library is a part.
class NoSizeSignal {
  public:
    NoSizeSignal();
    ~NoSizeSignal();
    NoSizeSignal(NoSizeSignal const&) = delete;
    NoSizeSignal& operator=(NoSizeSignal const&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace xfsbus::peer::runtime
