#pragma once

#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <cstdint>

namespace xfsbus::peer {

/// A limit in bytes per second. Bytes are paid for after they were let through: whoever asks while
/// a debt is open waits until it is worked off, so that a chunk may be larger than a second's
/// worth and no burst is larger than one chunk. 0: no limit.
class RateLimit {
  public:
    explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

    /// When the next bytes may go; `now` or earlier: at once.
    [[nodiscard]] wire::Time free_at() const { return free_at_; }

    [[nodiscard]] bool open(wire::Time now) const { return rate_ == 0 || free_at_ <= now; }

    void spend(wire::Time now, std::uint64_t bytes) {
        if (rate_ == 0) {
            return;
        }
        auto const cost = std::chrono::duration_cast<wire::Duration>(
            std::chrono::duration<double>(static_cast<double>(bytes) /
                                          static_cast<double>(rate_)));
        free_at_ = std::max(free_at_, now) + cost;
    }

  private:
    std::uint64_t rate_;
    wire::Time free_at_{};
};

}  // namespace xfsbus::peer
