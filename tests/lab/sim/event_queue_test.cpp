#include "sim/event_queue.hpp"

#include "catch.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

TEST_CASE(
    "Events come in the order of time, and of one moment in that in which they were planned") {
    policies::SeededRandom random(1);
    EventQueue<int> queue;
    std::vector<std::pair<wire::Time, int>> planned;
    for (int i = 0; i < 1000; ++i) {
        auto const at = wire::Time(1s) + 1ms * static_cast<int>(random.next() % 50);
        planned.emplace_back(at, i);
        random.next() % 2 == 0 ? queue.push(at, int(i)) : queue.append(at, int(i));
    }
    std::ranges::sort(planned);
    for (auto const& [at, number] : planned) {
        REQUIRE_FALSE(queue.empty());
        CHECK(queue.next() == at);
        queue.take([number = number](int event) { CHECK(event == number); });
    }
    CHECK(queue.empty());
}

TEST_CASE("An event may plan others while it happens") {
    EventQueue<int> queue;
    queue.append(wire::Time(1s), 1);
    std::vector<int> seen;
    while (!queue.empty()) {
        queue.take([&](int& event) {
            seen.push_back(event);
            for (int i = 0; event == 1 && i < 100; ++i) {
                queue.append(wire::Time(2s) + 1ms * i, 2);
                queue.push(wire::Time(2s), 3);
            }
            CHECK(event == seen.back());  // it stands where it stood
        });
    }
    CHECK(std::ranges::count(seen, 1) == 1);
    CHECK(std::ranges::count(seen, 2) == 100);
    CHECK(std::ranges::count(seen, 3) == 100);
}
