// Swarms with peers that are slow, stand still, or lie.
#include "figures.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t chunks = 100;  ///< 2.1 s of one link
constexpr int count = 30;

/// A seed, and thirty peers; every `every`-th of these is `other`. The good ones.
std::vector<Swarm::PeerIndex> fill(Swarm& swarm, int every, Nature const& other) {
    std::vector<Swarm::PeerIndex> good;
    swarm.add(seed_nature);
    for (int i = 0; i < count; ++i) {
        bool const is_other = i % every == 0;
        auto const peer = swarm.add(is_other ? other : leecher);
        if (!is_other) {
            good.push_back(peer);
        }
    }
    return good;
}

}  // namespace

TEST_CASE("peers with a fiftieth of the rate do not hold back the others") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(chunks, 1ms), seed);
        auto const fast = fill(swarm, 5, {.up = link_rate / 50, .down = link_rate / 50});
        REQUIRE(swarm.run(900s));
        // At the end, after the patience with one that has delivered nothing yet, what was asked of
        // them is asked of others.
        CHECK(makespan(swarm, fast) <= 2 * 2.1 + 10);
    });
}

TEST_CASE("peers that answer and offer but do not deliver cost their patience and no more") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(chunks, 1ms), seed);
        auto nature = leecher;
        nature.conduct = Conduct::stalls;
        auto const honest = fill(swarm, 5, nature);
        REQUIRE(swarm.run(900s));
        // Once the patience with who has never delivered; then others come first.
        CHECK(makespan(swarm, honest) <= 2 * 2.1 + 10);
    });
}

TEST_CASE("peers that fall silent cost three seconds and no more") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(chunks, 1ms), seed);
        swarm.add(seed_nature);
        std::vector<Swarm::PeerIndex> stay;
        for (int i = 0; i < count; ++i) {
            auto const peer = swarm.add(leecher);
            if (i % 5 == 0) {
                swarm.at(1s, [&swarm, peer] { swarm.crash(peer); });
            } else {
                stay.push_back(peer);
            }
        }
        REQUIRE(swarm.run(900s));
        CHECK(makespan(swarm, stay) <= 2 * 2.1 + 3);
    });
}

TEST_CASE("a liar is out at its first bad chunk, and no honest peer is blamed") {
    // That nobody is asked again who has lied, and nobody blamed who has not, is checked by the
    // simulator.
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(chunks, 1ms), seed);
        auto nature = leecher;
        nature.conduct = Conduct::lies;
        auto const honest = fill(swarm, 10, nature);
        auto const liars = count - honest.size();
        REQUIRE(swarm.run(900s));
        CHECK(makespan(swarm, honest) <= 2 * 2.1);
        CHECK(swarm.figures().chunks_corrupt > 0);
        CHECK(swarm.figures().chunks_corrupt <= liars * (count - 1));
    });
}
