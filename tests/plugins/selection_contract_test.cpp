// What every selection plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "sources.hpp"

#include <cmath>
#include <limits>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string any_selector() {
    return GENERATE(as<std::string>{}, "loadlatency", "random", "roundrobin", "leastload",
                    "queuetime", "adaptive", "bandit", "completeness", "earliest",
                    "leastoutstanding", "nearest", "rackaware", "twochoices", "weighted", "worst");
}

void check_costs(PeerSelector& selector, std::vector<SourceView> const& sources) {
    for (auto const& source : sources) {
        auto const cost = selector.cost(source);
        if (cost && !std::isfinite(*cost)) {
            FAIL("cost " << *cost);
        }
    }
}

}  // namespace

TEST_CASE("A single source is always picked") {
    auto const policy = selector(any_selector());
    std::vector const sources{source(7)};
    for (int i = 0; i < 10; ++i) {
        CHECK(policy->pick(request(), sources) == 0U);
    }
}

TEST_CASE("Of many or of identical sources one is picked") {
    auto const policy = selector(any_selector());
    std::vector<SourceView> sources;
    for (std::uint64_t id = 0; id < 1000; ++id) {
        sources.push_back(source(id));
        auto const index = policy->pick(request(), sources);
        REQUIRE(index.has_value());
        REQUIRE(*index < sources.size());
    }
}

TEST_CASE("Extreme values and unknown ones do not upset a plug-in") {
    auto const policy = selector(any_selector());
    std::vector sources{source(0), source(1), source(2),
                        source(std::numeric_limits<std::uint64_t>::max())};
    sources[0].rate_bytes_per_s = 0.0;
    sources[1].latency_ms = 0.0;
    sources[2].latency_ms = std::numeric_limits<double>::max();
    sources[2].rate_bytes_per_s = std::numeric_limits<double>::denorm_min();
    sources[2].outstanding_bytes = std::numeric_limits<std::uint64_t>::max();
    sources[2].load = std::numeric_limits<std::uint32_t>::max();
    for (int i = 0; i < 100; ++i) {
        CHECK(policy->pick(request(std::numeric_limits<std::uint64_t>::max()), sources).value() <
              sources.size());
    }
    check_costs(*policy, sources);
}

TEST_CASE("Selectors of one plug-in do not know of each other") {
    auto const plugin = any_selector();
    auto const alone = selector(plugin, 5);
    auto const disturbed = selector(plugin, 5);
    auto const other = selector(plugin, 6);
    std::vector const sources{source(1), source(2), source(3)};
    for (int i = 0; i < 50; ++i) {
        static_cast<void>(other->pick(request(), sources));
        CHECK(alone->pick(request(), sources) == disturbed->pick(request(), sources));
    }
}
