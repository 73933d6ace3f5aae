#include "catch.hpp"

#include <xfsbus/swarm/rate_meter.hpp>

#include <cmath>

using namespace xfsbus;
using namespace std::chrono_literals;
using Catch::Matchers::WithinRel;
using swarm::RateMeter;

namespace {

constexpr wire::Time meter_start{1000s};

/// Adds so many bytes every `pace`, for about so long; returns when it ended.
wire::Time add_evenly(RateMeter& meter, wire::Time now, wire::Duration duration,
                      wire::Duration pace, std::uint64_t bytes) {
    for (auto const end = now + duration; now < end;) {
        now += pace;
        meter.add(now, bytes);
    }
    return now;
}

}  // namespace

TEST_CASE("as long as nothing came the rate is not known") {
    RateMeter meter(1s);
    CHECK(meter.bytes_per_second() == 0);
    meter.set_busy(meter_start, true);
    meter.set_busy(meter_start + 10s, false);
    CHECK(meter.bytes_per_second() == 0);
}

TEST_CASE("a constant rate is measured exactly from the first figure on, however slow") {
    auto const pace = GENERATE(wire::Duration(1ms), 20ms, 1s, 10s, 10min);
    RateMeter meter(1s);
    meter.set_busy(meter_start, true);
    auto now = meter_start;
    for (int i = 0; i < 20; ++i) {
        now += pace;
        meter.add(now, 262'144);
        double const expected = 262'144 / std::chrono::duration<double>(pace).count();
        REQUIRE_THAT(meter.bytes_per_second(), WithinRel(expected, 1e-6));
    }
}

TEST_CASE("what comes in bursts has the rate of what comes evenly") {
    auto const pace = GENERATE(wire::Duration(40ms), 1s, 10s);
    RateMeter meter(1s);
    meter.set_busy(meter_start, true);
    auto now = meter_start;
    for (int burst = 0; burst < 20; ++burst) {
        now += pace;
        for (int i = 0; i < 4; ++i) {
            meter.add(now, 1000);
        }
    }
    double const expected = 4000 / std::chrono::duration<double>(pace).count();
    CHECK_THAT(meter.bytes_per_second(), WithinRel(expected, 1e-6));
}

TEST_CASE("time in which there is nothing to do does not count") {
    RateMeter meter(1s);
    auto now = meter_start;
    for (int i = 0; i < 20; ++i) {
        meter.set_busy(now, true);
        now += 50ms;
        meter.add(now, 500);
        meter.set_busy(now, false);
        now += 1h;
    }
    CHECK_THAT(meter.bytes_per_second(), WithinRel(10'000.0, 1e-6));
}

TEST_CASE("time that ends without bytes is part of what the next bytes took") {
    RateMeter meter(1s);
    meter.set_busy(meter_start, true);
    meter.set_busy(meter_start + 300ms, false);
    meter.set_busy(meter_start + 1h, true);
    meter.add(meter_start + 1h + 700ms, 1000);
    CHECK_THAT(meter.bytes_per_second(), WithinRel(1000.0, 1e-6));
}

TEST_CASE("what comes at once is not taken for infinitely fast") {
    RateMeter meter(1s);
    meter.set_busy(meter_start, true);
    meter.add(meter_start, 1000);
    CHECK_THAT(meter.bytes_per_second(), WithinRel(1e6, 1e-6));
}

TEST_CASE("while nothing comes the rate of now falls, once that takes twice as long as of late") {
    RateMeter meter(1s);
    meter.set_busy(meter_start, true);
    meter.add(meter_start + 2s, 1000);
    auto const now = meter_start + 2s;
    CHECK_THAT(meter.bytes_per_second(now + 4s), WithinRel(500.0, 1e-6));
    CHECK_THAT(meter.bytes_per_second(now + 8s), WithinRel(250.0, 1e-6));
    CHECK_THAT(meter.bytes_per_second(now + 400s), WithinRel(5.0, 1e-6));
    CHECK_THAT(meter.bytes_per_second(), WithinRel(500.0, 1e-6));
    meter.set_busy(now, false);
    CHECK_THAT(meter.bytes_per_second(now + 400s), WithinRel(500.0, 1e-6));
}

TEST_CASE("a change of the rate is followed with the time constant") {
    struct Case {
        std::uint64_t before;
        std::uint64_t after;
    };

    auto const c = GENERATE(Case{10, 1000}, Case{1000, 10}, Case{500, 600});
    RateMeter meter(2s);
    meter.set_busy(meter_start, true);
    auto const before = static_cast<double>(c.before) * 100;
    auto const after = static_cast<double>(c.after) * 100;
    auto now = add_evenly(meter, meter_start, 1min, 10ms, c.before);
    CHECK_THAT(meter.bytes_per_second(), WithinRel(before, 1e-6));
    for (int constants = 1; constants <= 4; ++constants) {
        now = add_evenly(meter, now, 2s, 10ms, c.after);
        double const expected = after + std::exp(-constants) * (before - after);
        CHECK_THAT(meter.bytes_per_second(), WithinRel(expected, 0.01));
    }
}
