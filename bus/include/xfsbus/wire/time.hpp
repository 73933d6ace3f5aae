#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

namespace xfsbus::wire {

/// A moment on the steady clock. Cores are handed it and never read the clock themselves.
using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// The first of these deadlines; nullopt: there is none.
inline std::optional<Time> earliest(std::initializer_list<std::optional<Time>> times) {
    std::optional<Time> first;
    for (auto const& time : times) {
        first = time && (!first || *time < *first) ? time : first;
    }
    return first;
}

}  // namespace xfsbus::wire
