// Swarms with peers that are slow, stand still, or lie.
#include "figures.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

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
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        auto const fast = fill(swarm, 5, {.up = link_rate / 50, .down = link_rate / 50});
        REQUIRE(swarm.run(900s));
        // At the end, after the patience with one that has delivered nothing yet, what was asked of
        // them is asked of others.
        CHECK(makespan(swarm, fast) <= 2 * 2.1 + 10);
    });
}

TEST_CASE("peers that answer and offer but do not deliver cost their patience and no more") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
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
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
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
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        auto nature = leecher;
        nature.conduct = Conduct::lies;
        auto const honest = fill(swarm, 10, nature);
        auto const liars = count - honest.size();
        REQUIRE(swarm.run(900s));
        CHECK(makespan(swarm, honest) <= 2.2 * 2.1);
        CHECK(swarm.figures().chunks_corrupt > 0);
        CHECK(swarm.figures().chunks_corrupt <= liars * (count - 1));
    });
}

TEST_CASE("sinks that take nothing that they are offered do not hold back one that does") {
    struct Case {
        char const* what;
        std::vector<Taking> kinds;
    };

    auto const c = GENERATE(values<Case>({
        {"no credit", {Taking::no_credit}},
        {"never reads", {Taking::never_reads}},
        {"seldom asks", {Taking::seldom}},
        {"asks for nothing", {Taking::nothing}},
        {"all of them", {Taking::no_credit, Taking::never_reads, Taking::seldom, Taking::nothing}},
    }));
    INFO(c.what);
    for_seeds(1, is_slow_build ? 2 : 10, [&](auto seed) {
        auto const rules = rules_of(4 * short_file_chunks, 1ms);
        Swarm swarm(rules, seed);
        swarm.add(seed_nature);
        for (std::size_t i = 0; i < 20; ++i) {
            swarm.add({.serves = false, .taking = c.kinds[i % c.kinds.size()]});
        }
        auto const honest = swarm.add(leecher);
        REQUIRE(swarm.run(900s));
        CHECK(makespan(swarm, {honest}) <= 1.5 * alone(rules));
    });
}
