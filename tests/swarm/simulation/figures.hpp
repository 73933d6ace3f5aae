#pragma once

#include "../seeds.hpp"
#include "sim/simulator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace xfsbus::swarm::test {

using namespace lab::sim;

inline constexpr std::uint32_t short_file_chunks = 100;  ///< 2.1 s of one link

/// Sanitizers and builds without optimisation make a simulation some ten times slower: there the
/// large ones are made smaller, and run with fewer seeds.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
inline constexpr bool is_slow_build = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_slow_build = true;
#else
inline constexpr bool is_slow_build = false;
#endif
#else
inline constexpr bool is_slow_build = false;
#endif

/// Runs `run(seed)` for so many seeds, or for the one that XFS_TEST_SEED names if it is among them.
/// A failure says how to run its seed alone.
template <typename Run>
void for_seeds(std::uint64_t first, std::uint64_t count, Run run) {
    char const* const only = std::getenv("XFS_TEST_SEED");
    auto const test = Catch::getResultCapture().getCurrentTestName();
    for (auto seed = first; seed < first + count; ++seed) {
        if (only == nullptr || std::stoull(only) == seed) {
            INFO("alone: XFS_TEST_SEED=" << seed << " test_swarm_simulation '" << test << "'");
            run(seed);
        }
    }
}

inline constexpr double link_rate = 12.5e6;  ///< 100 Mbit/s

inline double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

inline Nature const seed_nature{.up = link_rate, .down = 4 * link_rate, .seed = true};
inline Nature const leecher{.up = link_rate, .down = 4 * link_rate};

inline Swarm::Rules rules_of(std::uint32_t chunks, wire::Duration latency) {
    Swarm::Rules rules;
    constexpr std::uint32_t chunk_bytes = 256 * 1024;
    rules.file = {std::uint64_t{chunks} * chunk_bytes, chunk_bytes, chunks};
    rules.latency = latency;
    return rules;
}

/// Seconds in which one link carries the file: nothing is faster than that.
inline double alone(Swarm::Rules const& rules) {
    return static_cast<double>(rules.file.bytes) / link_rate;
}

/// What a swarm cost, for the message of a failure.
inline std::string cost(Swarm const& swarm, Swarm::Rules const& rules) {
    auto const bytes = static_cast<double>(rules.file.bytes);
    auto const peers = static_cast<double>(swarm.size() - 1);
    auto const& figures = swarm.figures();
    lab::tally::Messages messages;
    for (Swarm::PeerIndex peer = 0; peer < swarm.size(); ++peer) {
        messages += swarm.peer(peer).messages;
    }
    return "the seed sent " +
           std::to_string(static_cast<double>(swarm.peer(0).bytes_sent) / bytes) + " files, " +
           std::to_string(100 * static_cast<double>(figures.bytes_duplicate) / bytes / peers) +
           " % came in vain, " +
           std::to_string(static_cast<double>(messages.total()) / peers / rules.file.chunks) +
           " messages a chunk";
}

/// When the last of these had the file; all of them must have it.
inline double makespan(Swarm const& swarm, std::vector<Swarm::PeerIndex> const& peers) {
    double last = 0;
    for (auto const peer : peers) {
        auto const failure = swarm.peer(peer).failure;
        INFO("peer " << peer << ", chunks " << swarm.peer(peer).chunks_stored << ": "
                     << (failure ? failure->message : "no failure"));
        REQUIRE(swarm.peer(peer).completed);
        last = std::max(last, seconds(*swarm.peer(peer).completed));
    }
    return last;
}

/// All but the seed, which is the first.
inline std::vector<Swarm::PeerIndex> leechers(Swarm const& swarm) {
    std::vector<Swarm::PeerIndex> all;
    for (Swarm::PeerIndex peer = 1; peer < swarm.size(); ++peer) {
        all.push_back(peer);
    }
    return all;
}

}  // namespace xfsbus::swarm::test
