#pragma once

#include <chrono>

namespace xfsbus::wire {

/// A moment on the steady clock. Cores are handed it and never read the clock themselves.
using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace xfsbus::wire
