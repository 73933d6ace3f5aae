#include "catch.hpp"

#include <xfsbus/swarm/deliveries.hpp>

#include <chrono>
#include <cmath>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

wire::Endpoint listener(std::uint16_t port) {
    return {"10.0.0.1", port};
}

bool nearly(double value, double expected) {
    return std::abs(value - expected) <= expected / 100;
}

}  // namespace

TEST_CASE("who delivers without a break has the rate at which it does so") {
    Deliveries deliveries;
    wire::Time now(1000s);
    for (int i = 0; i < 2000; ++i) {
        now += 100ms;
        deliveries.add(now, listener(1), 100);
    }
    CHECK(nearly(deliveries.bytes_per_second(listener(1), now), 1000));
}

TEST_CASE("what was delivered counts for less and less") {
    Deliveries deliveries;
    wire::Time const now(1000s);
    deliveries.add(now, listener(1), 1000);
    auto const at_once = deliveries.bytes_per_second(listener(1), now);
    CHECK(nearly(at_once, 50));
    CHECK(nearly(deliveries.bytes_per_second(listener(1), now + 20s), at_once / 2.71828));
    deliveries.add(now + 20s, listener(1), 1000);
    CHECK(nearly(deliveries.bytes_per_second(listener(1), now + 20s), at_once * (1 + 1 / 2.71828)));
}

TEST_CASE("peers are told apart by where they listen, and who delivered nothing has no rate") {
    Deliveries deliveries;
    wire::Time const now(1000s);
    deliveries.add(now, listener(1), 1000);
    CHECK(deliveries.bytes_per_second(listener(2), now) == 0);
    CHECK(deliveries.bytes_per_second({"10.0.0.2", 1}, now) == 0);
}

TEST_CASE("of more peers than are kept the one that delivered the longest ago is forgotten") {
    Deliveries deliveries;
    wire::Time now(1000s);
    for (std::size_t i = 0; i <= Deliveries::most; ++i) {
        now += 1ms;
        deliveries.add(now, listener(static_cast<std::uint16_t>(i + 1)), 1000);
    }
    CHECK(deliveries.bytes_per_second(listener(1), now) == 0);
    CHECK(deliveries.bytes_per_second(listener(2), now) > 0);
}
