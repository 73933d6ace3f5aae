#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace xfsbus::lab::network {

/// Bytes per second in integers, so that a result does not depend on the compiler: in millionths
/// of a byte per second.
using Rate = std::int64_t;

inline constexpr Rate per_byte_per_second = 1'000'000;

/// The fastest that a link may be.
inline constexpr double bytes_per_second_most = 1e12;

/// What passes at a Rate in nanoseconds is counted in these: 10^15 are a byte. Wide enough for any
/// file at any rate.
__extension__ using Volume = __int128;

inline constexpr Volume per_byte = Volume{1'000'000'000} * per_byte_per_second;

/// Rounded to the nearest; 0: nothing passes. At most bytes_per_second_most.
inline Rate rate_of(double bytes_per_second) {
    double const bounded =
        bytes_per_second < bytes_per_second_most ? bytes_per_second : bytes_per_second_most;
    return bounded > 0 ? std::llround(bounded * static_cast<double>(per_byte_per_second)) : 0;
}

inline double bytes_per_second(Rate rate) {
    return static_cast<double>(rate) / static_cast<double>(per_byte_per_second);
}

/// What passes in that time.
inline Volume volume_of(Rate rate, std::chrono::nanoseconds time) {
    return Volume{rate} * time.count();
}

}  // namespace xfsbus::lab::network
