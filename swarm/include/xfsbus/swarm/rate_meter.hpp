#pragma once

#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace xfsbus::swarm {

/// Bytes per second of late, over the time in which there was something to do: who is not asked is
/// not slow. Bytes and the time that they took are both forgotten with the time constant `memory`,
/// so that the figure is right from the first chunk on, and also if one takes longer than `memory`.
class RateMeter {
  public:
    explicit RateMeter(wire::Duration memory) : memory_s_(seconds(memory)) {}

    /// There is something to do from now on, or there is not.
    void set_busy(wire::Time now, bool busy) {
        advance(now);
        busy_ = busy;
    }

    void add(wire::Time now, std::uint64_t bytes) {
        advance(now);
        double const kept = std::exp(-since_s_ / memory_s_);
        bytes_ = kept * bytes_ + static_cast<double>(bytes);
        time_s_ = kept * time_s_ + since_s_;
        since_s_ = 0;
    }

    /// 0: nothing is known.
    [[nodiscard]] double bytes_per_second() const { return bytes_ / std::max(time_s_, shortest_s); }

    /// The same, but falling while nothing comes although there is something to do: after twice the
    /// time that the bytes of late took, what comes next can only make it less.
    [[nodiscard]] double bytes_per_second(wire::Time now) const {
        double const waiting_s = since_s_ + (busy_ && now > at_ ? seconds(now - at_) : 0);
        double const allowed_s = 2 * std::max(time_s_, shortest_s);
        return bytes_per_second() * std::min(1.0, allowed_s / std::max(waiting_s, shortest_s));
    }

  private:
    /// Less time than this says nothing of a rate: chunks are stored in bursts.
    static constexpr double shortest_s = 0.001;

    static double seconds(wire::Duration duration) {
        return std::chrono::duration<double>(duration).count();
    }

    void advance(wire::Time now) {
        if (busy_ && now > at_) {
            since_s_ += seconds(now - at_);
        }
        at_ = now;
    }

    double memory_s_;
    double bytes_ = 0;    ///< older ones counting for less
    double time_s_ = 0;   ///< that they took, weighted in the same way
    double since_s_ = 0;  ///< busy since the last bytes
    wire::Time at_{};
    bool busy_ = false;
};

}  // namespace xfsbus::swarm
