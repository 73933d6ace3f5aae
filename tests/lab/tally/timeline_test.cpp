// What is counted over time.
#include "tally/timeline.hpp"

#include "catch.hpp"

#include <numeric>

using namespace xfsbus;
using namespace xfsbus::lab::tally;
using namespace std::chrono_literals;

namespace {

std::uint64_t sum_of(Timeline const& timeline) {
    return std::accumulate(timeline.bytes().begin(), timeline.bytes().end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("a timeline has what came in each step") {
    Timeline timeline;
    timeline.add(0s, 1);
    timeline.add(9999us, 2);
    timeline.add(10ms, 4);
    timeline.add(35ms, 8);
    CHECK(timeline.step() == 10ms);
    CHECK(timeline.bytes() == std::vector<std::uint64_t>{3, 4, 0, 8});
}

TEST_CASE("a timeline that goes on for longer has longer steps, and as many bytes") {
    Timeline timeline;
    for (int i = 0; i < 64; ++i) {
        timeline.add(i * 10ms, 1);
    }
    CHECK(timeline.step() == 10ms);
    timeline.add(640ms, 5);
    CHECK(timeline.step() == 20ms);
    CHECK(timeline.bytes().size() == 33);
    CHECK(timeline.bytes()[31] == 2);
    CHECK(timeline.bytes()[32] == 5);
    timeline.add(24h * 365 * 30, 1);
    CHECK(timeline.bytes().size() <= Timeline::steps_most);
    CHECK(sum_of(timeline) == 70);
}

TEST_CASE("timelines are added in the longer of their steps, whichever is the first") {
    Timeline fine;
    fine.add(0s, 1);
    fine.add(50ms, 2);
    Timeline coarse;
    coarse.add(1200ms, 4);
    auto one = fine;
    one.add(coarse);
    auto other = coarse;
    other.add(fine);
    CHECK(one == other);
    CHECK(one.step() == 20ms);
    CHECK(sum_of(one) == 7);
}

TEST_CASE("a timeline is put together again from its parts alone") {
    Timeline timeline;
    timeline.add(3s, 7);
    CHECK(Timeline::of(timeline.step(), timeline.bytes()) == timeline);
    for (auto const step :
         {wire::Duration(0), wire::Duration(-10ms), wire::Duration(30ms), wire::Duration(1)}) {
        CHECK_FALSE(Timeline::of(step, {}));
    }
    CHECK_FALSE(Timeline::of(10ms, std::vector<std::uint64_t>(65)));
}

TEST_CASE("a quarter, a half and three quarters have the time at which there was so much") {
    Quarters quarters;
    quarters.reached(1, 8, 1s);
    CHECK_FALSE(quarters.at(0));
    quarters.reached(2, 8, 2s);
    quarters.reached(7, 8, 3s);
    quarters.reached(8, 8, 4s);
    CHECK(quarters.at(0) == wire::Duration(2s));
    CHECK(quarters.at(1) == wire::Duration(3s));
    CHECK(quarters.at(2) == wire::Duration(3s));
}
