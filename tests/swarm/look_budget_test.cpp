#include "catch.hpp"

#include <xfsbus/swarm/look_budget.hpp>

#include <string>

using namespace xfsbus;
using namespace std::chrono_literals;
using swarm::LookBudget;

namespace {

constexpr wire::Time start{1000s};
constexpr auto one = LookBudget::of_one_most;
constexpr auto all = LookBudget::of_all_most;

/// So many addresses take all that each may have.
std::size_t take_by_many(LookBudget& budget, wire::Time now, int addresses) {
    std::size_t taken = 0;
    for (int i = 0; i < addresses; ++i) {
        taken += budget.take(now, "10.0.0." + std::to_string(i), 10 * one);
    }
    return taken;
}

}  // namespace

TEST_CASE("An address has so many looks a second, and no more") {
    LookBudget budget;
    CHECK(budget.take(start, "a", 10) == 10);
    CHECK(budget.take(start, "a", 2 * one) == one - 10);
    CHECK(budget.take(start, "a", 1) == 0);
    CHECK(budget.take(start + 500ms, "a", 2 * one) == one / 2);
    CHECK(budget.take(start + 10s, "a", 2 * one) == one);
}

TEST_CASE("Who asks all the time has the same as who asks now and then") {
    LookBudget budget;
    budget.take(start, "a", one);
    std::size_t taken = 0;
    for (auto now = start; now < start + 10s; now += 5ms) {
        taken += budget.take(now, "a", one);
    }
    CHECK(taken <= 10 * one);
    CHECK(taken > 9 * one);
}

TEST_CASE("One who takes all that it may leaves others theirs") {
    LookBudget budget;
    CHECK(budget.take(start, "a", 100 * one) == one);
    CHECK(budget.take(start, "b", one) == one);
}

TEST_CASE("All addresses together have so many looks a second, and no more") {
    LookBudget budget;
    CHECK(take_by_many(budget, start, 100) == all);
    CHECK(take_by_many(budget, start + 999ms, 100) < all);
    CHECK(take_by_many(budget, start + 3s, 100) == all);
}

TEST_CASE("Addresses are forgotten when they have been silent for a second") {
    LookBudget budget;
    for (auto now = start; now < start + 100s; now += 10ms) {
        budget.take(now, std::to_string(now.time_since_epoch().count()), 1);
    }
    CHECK(budget.addresses() <= 200);
    budget.take(start + 200s, "last", 1);
    CHECK(budget.addresses() == 1);
}
