#include "catch.hpp"

#include <xfsbus/swarm/push_looks.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

/// A push that has nothing to do but to look.
struct Looker {
    Looker() { looks.on_idle(now, true); }

    /// Waits until a look is due, and makes it.
    void look(bool news, bool young = false) {
        now = std::max(now, looks.due().value());
        looks.begin(now);
        CHECK_FALSE(looks.due());
        looks.on_look(now, news, young);
    }

    PushLooks looks;
    wire::Time now{1000s};
};

}  // namespace

TEST_CASE("one look at the list of peers is not enough, two that agree are") {
    Looker looker;
    looker.look(false);
    CHECK_FALSE(looker.looks.settled());
    looker.look(false);
    CHECK(looker.looks.settled());
}

TEST_CASE("who came between two looks has them go on") {
    Looker looker;
    looker.look(true);
    looker.look(true);
    CHECK_FALSE(looker.looks.settled());
    looker.look(false);
    CHECK(looker.looks.settled());
}

TEST_CASE("a list of a young tracker is not relied on") {
    Looker looker;
    for (int i = 0; i < 6; ++i) {
        looker.look(false, true);
        CHECK_FALSE(looker.looks.settled());
    }
    looker.look(false);
    CHECK(looker.looks.settled());
}

TEST_CASE("a look that was made at work does not end a push, since it is too old then") {
    Looker looker;
    looker.look(true);
    looker.looks.on_idle(looker.now, false);
    looker.look(false);
    CHECK_FALSE(looker.looks.settled());
    auto const next = looker.looks.due();
    CHECK(next == looker.now + PushLooks::every_at_work);
    looker.looks.on_idle(looker.now, true);
    CHECK(looker.looks.due() == looker.now + PushLooks::every);
    looker.look(false);
    CHECK(looker.looks.settled());
}

TEST_CASE("a look that began at work counts as made at work, though it ended later") {
    Looker looker;
    looker.look(true);
    looker.looks.on_idle(looker.now, false);
    looker.now += 5s;
    looker.looks.begin(looker.now);
    looker.looks.on_idle(looker.now, true);
    looker.looks.on_look(looker.now, false, false);
    CHECK_FALSE(looker.looks.settled());
}

TEST_CASE("a tracker that cannot be asked settles nothing, and is waited for a minute in all") {
    Looker looker;
    looker.look(false);
    looker.looks.begin(looker.now);
    looker.looks.on_failed(looker.now);
    CHECK_FALSE(looker.looks.settled());
    looker.now = wire::Time{1000s} + PushLooks::waiting_most - 1ms;
    CHECK_FALSE(looker.looks.given_up(looker.now));
    // The time at work does not count.
    looker.looks.on_idle(looker.now, false);
    looker.now += 1h;
    CHECK_FALSE(looker.looks.given_up(looker.now));
    looker.looks.on_idle(looker.now, true);
    looker.now += 1ms;
    CHECK(looker.looks.given_up(looker.now));
}

TEST_CASE("a tracker that names somebody new at each look is not followed for ever") {
    Looker looker;
    looker.look(true);
    unsigned rounds = 0;
    while (!looker.looks.given_up(looker.now)) {
        REQUIRE(rounds < PushLooks::rounds_most);
        looker.looks.on_idle(looker.now, false);
        looker.looks.on_idle(looker.now, true);
        looker.look(true);
        ++rounds;
    }
    CHECK(rounds == PushLooks::rounds_most);
}
