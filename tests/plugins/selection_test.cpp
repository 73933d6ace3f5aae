// What each selection plug-in does for its own part.
#include "catch.hpp"
#include "sources.hpp"

#include <algorithm>
#include <array>

using namespace xfsbus::policies;
using namespace xfsbus::test;

TEST_CASE("loadlatency: the cost is the latency plus ten times the load, and the lowest wins") {
    auto const policy = selector("loadlatency");
    std::vector sources{source(1), source(2), source(3)};
    sources[0].latency_ms = 45.0;
    sources[1].latency_ms = 5.0;
    sources[1].load = 4;
    sources[2].latency_ms = 20.0;
    sources[2].load = 2;
    CHECK(policy->cost(sources[0]) == 45.0);
    CHECK(policy->cost(sources[1]) == 45.0);
    CHECK(policy->cost(sources[2]) == 40.0);
    CHECK(policy->pick(request(), sources) == 2U);
    sources.pop_back();
    CHECK(policy->pick(request(), sources) == 0U);
}

TEST_CASE("loadlatency: the weight of load is a parameter") {
    std::vector sources{source(1), source(2)};
    sources[0].latency_ms = 25.0;
    sources[1].latency_ms = 5.0;
    sources[1].load = 1;
    CHECK(selector("loadlatency")->pick(request(), sources) == 1U);
    CHECK(selector("loadlatency:load_weight=30")->pick(request(), sources) == 0U);
    CHECK(selector("loadlatency:load_weight=0")->cost(sources[1]) == 5.0);
}

TEST_CASE("loadlatency: the plug-in's default is the default of the built-in rule") {
    auto loaded = source(1);
    loaded.load = 3;
    CHECK(selector("loadlatency")->cost(loaded) == LoadLatency().cost(loaded));
}

TEST_CASE("leastload: least load, then least outstanding, then least latency, then the first") {
    auto const policy = selector("leastload");
    std::vector sources{source(1), source(2), source(3), source(4)};
    CHECK(policy->pick(request(), sources) == 0U);
    sources[3].latency_ms = 0.5;
    CHECK(policy->pick(request(), sources) == 3U);
    sources[3].outstanding_bytes = 1;
    CHECK(policy->pick(request(), sources) == 0U);
    sources[0].load = sources[2].load = sources[3].load = 1;
    CHECK(policy->pick(request(), sources) == 1U);
    CHECK(policy->cost(sources[0]) == 1.0);
}

TEST_CASE("roundrobin: every source has its turn, in the order of ids") {
    auto const policy = selector("roundrobin");
    std::vector const sources{source(30), source(10), source(20)};
    std::vector<std::size_t> picks;
    for (int i = 0; i < 6; ++i) {
        picks.push_back(policy->pick(request(), sources).value());
    }
    CHECK(picks == std::vector<std::size_t>{1, 2, 0, 1, 2, 0});
}

TEST_CASE("roundrobin: a source that has no room or is new does not disturb the turn") {
    auto const policy = selector("roundrobin");
    auto const next = [&](std::vector<std::uint64_t> const& ids) {
        std::vector<SourceView> sources;
        std::transform(ids.begin(), ids.end(), std::back_inserter(sources), source);
        return ids[policy->pick(request(), sources).value()];
    };
    CHECK(next({1, 2, 3}) == 1);
    CHECK(next({1, 3}) == 3);
    CHECK(next({1, 2, 3, 4}) == 4);
    CHECK(next({2, 3}) == 2);
    CHECK(next({2}) == 2);
    CHECK(next({0, 2}) == 0);
}

TEST_CASE("random: all sources are about equally likely") {
    auto const policy = selector("random", 12345);
    std::vector<SourceView> sources;
    for (std::uint64_t id = 0; id < 8; ++id) {
        sources.push_back(source(id));
    }
    std::array<int, 8> counts{};
    for (int i = 0; i < 8000; ++i) {
        ++counts.at(policy->pick(request(), sources).value());
    }
    // Four standard deviations; the seed is fixed.
    for (int const count : counts) {
        CHECK(std::abs(count - 1000) < 120);
    }
}

TEST_CASE("random: another seed gives another order") {
    std::vector const sources{source(1), source(2), source(3), source(4)};
    auto const one = selector("random", 1);
    auto const two = selector("random", 2);
    int different = 0;
    for (int i = 0; i < 100; ++i) {
        different += one->pick(request(), sources) == two->pick(request(), sources) ? 0 : 1;
    }
    CHECK(different > 50);
}

TEST_CASE("queuetime: of equally fast sources the emptier wins, of equally full the faster") {
    auto const policy = selector("queuetime");
    std::vector sources{source(1), source(2)};
    sources[0].outstanding_bytes = 1000;
    CHECK(policy->pick(request(), sources) == 1U);
    sources[1].outstanding_bytes = 1000;
    sources[0].rate_bytes_per_s = 2e8;
    CHECK(policy->pick(request(), sources) == 0U);
}

TEST_CASE("queuetime: a fast source with a queue beats a slow one without") {
    auto const policy = selector("queuetime");
    std::vector sources{source(1), source(2)};
    sources[0].rate_bytes_per_s = 1e7;
    sources[1].rate_bytes_per_s = 1e9;
    sources[1].outstanding_bytes = 10U << 20U;
    CHECK(policy->pick(request(), sources) == 1U);
}

TEST_CASE("queuetime: a source that was not measured yet is tried, but not overwhelmed") {
    auto const policy = selector("queuetime");
    std::vector sources{source(1), source(2)};
    sources[1].rate_bytes_per_s = 0.0;
    CHECK(policy->pick(request(), sources) == 1U);
    sources[1].outstanding_bytes = 64U << 20U;
    CHECK(policy->pick(request(), sources) == 0U);
}

TEST_CASE("queuetime: how good an unmeasured source is taken to be is a parameter") {
    auto const policy = selector("queuetime:assumed_rate=1048576");
    auto unknown = source(1);
    unknown.rate_bytes_per_s = 0.0;
    CHECK(policy->cost(unknown) == 1.0);
    std::vector const sources{unknown, source(2)};
    CHECK(policy->pick(request(), sources) == 1U);
}
