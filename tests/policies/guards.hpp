#pragma once

#include <xfsbus/policies/host/call_guard.hpp>

#include <chrono>

namespace xfsbus::test {

inline policies::GuardOptions strict() {
    policies::GuardOptions options;
    options.strict = true;
    return options;
}

/// A clock by which the calls whose number is divisible by `every` take 11 ms, others nothing.
inline policies::GuardOptions slow_every(unsigned every) {
    using namespace std::chrono_literals;
    policies::GuardOptions options;
    options.clock = [every, readings = 0U, time = 0ms]() mutable {
        ++readings;
        bool const after_call = readings % 2 == 0;
        time += after_call && (readings / 2) % every == 0 ? 11ms : 0ms;
        return std::chrono::nanoseconds(time);
    };
    return options;
}

}  // namespace xfsbus::test
