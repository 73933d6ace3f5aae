// Swarms whose peers come and go.
#include "figures.hpp"

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

/// Calls `what` at the first full 10 ms at which the others together have every chunk.
void when_others_have_all(Swarm& swarm, Swarm::PeerIndex peer, std::function<void()> const& what) {
    swarm.at(swarm.now() + 10ms, [&swarm, peer, what] {
        swarm.others_have_all(peer) ? what() : when_others_have_all(swarm, peer, what);
    });
}

}  // namespace

TEST_CASE("those that stay finish when a third of the swarm crashes or leaves midway") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        swarm.add(seed_nature);
        std::vector<Swarm::PeerIndex> stay;
        for (int i = 0; i < 60; ++i) {
            auto const peer = swarm.add(leecher);
            if (i % 3 != 0) {
                stay.push_back(peer);
            } else if (i % 2 == 0) {
                swarm.at(500ms + i * 20ms, [&swarm, peer] { swarm.crash(peer); });
            } else {
                swarm.at(500ms + i * 20ms, [&swarm, peer] { swarm.leave(peer); });
            }
        }
        for (int i = 0; i < 20; ++i) {
            stay.push_back(swarm.add(leecher, 1s + i * 50ms));
        }
        REQUIRE(swarm.run(300s));
        // The last comes after 2 s and the file takes 2.1 s; three seconds' silence is a crash, and
        // what was asked of one that crashed may be asked of another that crashes then.
        CHECK(makespan(swarm, stay) <= 2 + 2 * 2.1 + 2 * 3);
    });
}

TEST_CASE("a swarm finishes although each peer leaves as soon as it has the file") {
    for_seeds(1, is_slow_build ? 2 : 10, [](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        swarm.add(seed_nature);
        auto nature = leecher;
        nature.stays = false;
        swarm.add(60, nature);
        REQUIRE(swarm.run(300s));
        CHECK(makespan(swarm, leechers(swarm)) <= 4 * 2.1);
    });
}

TEST_CASE("a swarm finishes without its seed once there is a copy of every chunk") {
    bool const crashes = GENERATE(false, true);
    for_seeds(1, is_slow_build ? 2 : 10, [crashes](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        auto const source = swarm.add(seed_nature);
        swarm.add(40, leecher);
        bool gone = false;
        when_others_have_all(swarm, source, [&] {
            gone = true;
            crashes ? swarm.crash(source) : swarm.leave(source);
        });
        REQUIRE(swarm.run(300s));
        CHECK(gone);
        CHECK(makespan(swarm, leechers(swarm)) <= 2.4 * 2.1 + (crashes ? 3 : 0));
    });
}

TEST_CASE("without the only seed everybody is told, in bounded time, that something is missing") {
    bool const crashes = GENERATE(false, true);
    for_seeds(1, is_slow_build ? 1 : 5, [crashes](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        auto const source = swarm.add(seed_nature);
        swarm.add(10, leecher);
        swarm.at(500ms, [&] { crashes ? swarm.crash(source) : swarm.leave(source); });
        REQUIRE(swarm.run(300s));
        REQUIRE_FALSE(swarm.others_have_all(source));
        for (auto const peer : leechers(swarm)) {
            auto const failure = swarm.peer(peer).failure;
            REQUIRE(failure);
            CHECK(failure->code == Errc::timeout);
            CHECK_THAT(failure->message, ContainsSubstring("no source is left"));
        }
        // What there is is shared within a few seconds; then it is waited for news.
        auto const patience = seconds(Download::Limits().no_news_most);
        CHECK(seconds(swarm.now()) >= patience);
        CHECK(seconds(swarm.now()) <= 10 + patience);
    });
}

TEST_CASE("a newcomer among newcomers reaches somebody with something to give") {
    for_seeds(1, is_slow_build ? 1 : 2, [](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        swarm.add(2, seed_nature);
        swarm.add(is_slow_build ? 100 : 500, leecher);
        auto const together = swarm.add(leecher);
        auto const later = swarm.add(leecher, 1s);
        REQUIRE(swarm.run(300s));
        REQUIRE(swarm.peer(together).first_chunk);
        REQUIRE(swarm.peer(later).first_chunk);
        CHECK(seconds(*swarm.peer(together).first_chunk) <= 1);
        CHECK(seconds(*swarm.peer(later).first_chunk) <= 1 + 0.5);
    });
}

TEST_CASE("groups that come one after the other are served as they come") {
    for_seeds(1, 1, [](auto seed) {
        Swarm swarm(rules_of(short_file_chunks, 1ms), seed);
        swarm.add(seed_nature);
        for (int group = 0; group < 4; ++group) {
            swarm.add(is_slow_build ? 40 : 200, leecher, group * 1s);
        }
        REQUIRE(swarm.run(300s));
        // The last come after three seconds, when most chunks are there in many copies.
        CHECK(makespan(swarm, leechers(swarm)) <= 3 + 2 * 2.1);
    });
}
