#include "catch.hpp"

#include <xfsbus/swarm/rate_limit.hpp>

using namespace xfsbus;
using namespace std::chrono_literals;
using swarm::RateLimit;

namespace {

constexpr wire::Time limit_start{1000s};

}  // namespace

TEST_CASE("without a limit bytes may always go") {
    RateLimit limit(0);
    limit.spend(limit_start, 1'000'000'000'000);
    CHECK(limit.open(limit_start));
}

TEST_CASE("the first bytes may go at once, however many") {
    RateLimit limit(100);
    CHECK(limit.open(limit_start));
    limit.spend(limit_start, 1000);
    CHECK_FALSE(limit.open(limit_start));
    auto const end = limit_start + 10s - RateLimit::late_most;
    CHECK(limit.free_at() == end);
    CHECK_FALSE(limit.open(end - wire::Duration(1)));
    CHECK(limit.open(end));
}

TEST_CASE("a thousand spends take as long as one of them all, to the nanosecond") {
    struct Case {
        std::uint64_t rate;
        std::uint64_t bytes;
        std::chrono::nanoseconds expected;
    };

    auto const c =
        GENERATE(Case{3, 1, 333'333'333'333ns}, Case{7, 100, 14'285'714'285'714ns},
                 Case{30'000'000'000, 1, 33ns}, Case{999'999'937, 4'194'304, 4'194'304'264ns});
    RateLimit limit(c.rate);
    auto now = limit_start;
    for (int i = 0; i < 1000; ++i) {
        limit.spend(now, c.bytes);
        now = limit.free_at();
    }
    CHECK(now - limit_start >= c.expected - RateLimit::late_most - 1ns);
    CHECK(now - limit_start <= c.expected - RateLimit::late_most + 1ns);
}

TEST_CASE("who comes late makes up for it, as long as it is not more than timers are") {
    auto const late = GENERATE(wire::Duration(0), 1ms, 5ms);
    RateLimit limit(1000);
    limit.spend(limit_start, 100);
    auto const due = limit.free_at();
    limit.spend(due + late, 100);
    CHECK(limit.free_at() == due + 100ms);
}

TEST_CASE("time in which nothing was spent is not saved up") {
    RateLimit limit(100);
    limit.spend(limit_start, 100);
    limit.spend(limit_start + 1h, 100);
    CHECK(limit.free_at() == limit_start + 1h + 1s - RateLimit::late_most);
}
