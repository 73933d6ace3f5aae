#pragma once

#include "catch.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace xfsbus::swarm::test {

/// Runs `run(seed)` for the seeds 1 to `count`, or for the one that XFS_TEST_SEED names. A failure
/// says how to run its seed alone.
template <class Run>
void for_each_seed(std::uint64_t count, Run run) {
    char const* const only = std::getenv("XFS_TEST_SEED");
    std::uint64_t const first = only != nullptr ? std::stoull(only) : 1;
    std::uint64_t const last = only != nullptr ? first : count;
    auto const test = Catch::getResultCapture().getCurrentTestName();
    for (auto seed = first; seed <= last; ++seed) {
        INFO("alone: XFS_TEST_SEED=" << seed << " test_swarm '" << test << "'");
        run(seed);
    }
}

/// For checks made millions of times: Catch is told of the failures only.
inline void must(bool holds, char const* what) {
    if (!holds) {
        FAIL(what);
    }
}

/// The random numbers of one run.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    /// From `least` to `most`.
    std::uint64_t number(std::uint64_t least, std::uint64_t most) {
        return least + random_.rng().below(static_cast<std::size_t>(most - least + 1));
    }

    bool chance(std::uint64_t percent) { return number(1, 100) <= percent; }

    policies::Rng& rng() { return random_.rng(); }

  private:
    policies::SeededRandom random_;
};

}  // namespace xfsbus::swarm::test
