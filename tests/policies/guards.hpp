#pragma once

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/peer_selector.hpp>

#include <chrono>
#include <vector>

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

/// The second source is the one that LoadLatency picks, the third the one that the faulty
/// plug-in picks.
inline std::vector<policies::SourceView> three_sources() {
    std::vector<policies::SourceView> sources(3);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        sources[i].source_id = i + 1;
        sources[i].endpoint = "192.0.2.1:7000";
        sources[i].labels = "";
        sources[i].latency_ms = 10.0;
    }
    sources[1].latency_ms = 1.0;
    return sources;
}

}  // namespace xfsbus::test
