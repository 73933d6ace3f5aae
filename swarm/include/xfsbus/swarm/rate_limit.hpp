#pragma once

#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace xfsbus::swarm {

/// A limit in bytes per second. Bytes are paid for after they were let through: whoever asks while
/// a debt is open waits until it is worked off, so that a chunk may be larger than a second's
/// worth and no burst is larger than one chunk. Who comes late, as timers do, may make up for so
/// much as `late_most`; longer idleness saves nothing. 0: no limit.
class RateLimit {
  public:
    static constexpr wire::Duration late_most = std::chrono::milliseconds(5);

    explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

    /// When the next bytes may go; `now` or earlier: at once.
    [[nodiscard]] wire::Time free_at() const { return free_at_; }

    [[nodiscard]] bool open(wire::Time now) const { return rate_ == 0 || free_at_ <= now; }

    void spend(wire::Time now, std::uint64_t bytes) {
        if (rate_ == 0) {
            return;
        }
        // What is left of a nanosecond is kept: at high rates a small spend costs less than one.
        double const cost =
            remainder_ns_ + 1e9 * static_cast<double>(bytes) / static_cast<double>(rate_);
        double const whole = std::floor(cost);
        remainder_ns_ = cost - whole;
        free_at_ = std::max(free_at_, now - late_most) +
                   std::chrono::nanoseconds(static_cast<std::int64_t>(whole));
    }

  private:
    std::uint64_t rate_;
    wire::Time free_at_{};
    double remainder_ns_ = 0;
};

}  // namespace xfsbus::swarm
