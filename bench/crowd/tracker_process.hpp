#pragma once

#include <chrono>
#include <cstddef>

namespace xfsbus::bench {

/// What another process uses.
class TrackerProcess {
  public:
    explicit TrackerProcess(int pid) : pid_(pid) {}

    /// User and system time of all its threads, to the nanosecond. Throws std::system_error.
    [[nodiscard]] std::chrono::nanoseconds cpu() const;
    [[nodiscard]] std::size_t resident_kib() const;

  private:
    int pid_;
};

}  // namespace xfsbus::bench
