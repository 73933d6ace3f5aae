// What every selection plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "sources.hpp"

#include <array>
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

/// Anything that a host may show, the extremes more often than chance would have them.
class RandomSources {
  public:
    explicit RandomSources(std::uint64_t seed) : random_(seed) {}

    std::vector<SourceView> sources() {
        std::vector<SourceView> all(1 + random_.rng().below(20));
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = source(i * 3 + random_.rng().below(3));
            all[i].latency_ms = real();
            all[i].rate_bytes_per_s = real();
            all[i].completeness = static_cast<double>(random_.rng().below(101)) / 100.0;
            all[i].outstanding_bytes = whole();
            all[i].window_bytes = whole();
            all[i].delivered_bytes = whole();
            all[i].load = static_cast<std::uint32_t>(whole());
            all[i].failures = static_cast<std::uint32_t>(whole());
            all[i].flags = static_cast<std::uint32_t>(random_.rng().below(64));
            all[i].held_bytes = whole();
            all[i].in_use_us = whole();
            all[i].history_bytes_per_s = real();
            all[i].history_age_us = whole();
            all[i].labels = std::array{"", "rack=1", "rack=2,origin=1", "=,=,,", "rack"}.at(
                random_.rng().below(5));
        }
        return all;
    }

    RequestView request() {
        RequestView request;
        request.purpose = static_cast<std::uint32_t>(below(XFSBUS_PURPOSE_RANK + 1));
        for (auto* const field :
             {&request.now_us, &request.transfer, &request.file_bytes, &request.bytes,
              &request.left_bytes, &request.outstanding_bytes, &request.outstanding_most}) {
            *field = whole();
        }
        for (auto* const field :
             {&request.chunk, &request.copies, &request.places, &request.places_used}) {
            *field = static_cast<std::uint32_t>(whole());
        }
        return request;
    }

    OutcomeView outcome() {
        return {.reason = static_cast<std::uint32_t>(whole()),
                .transfer = whole(),
                .bytes = whole(),
                .elapsed_us = whole(),
                .queued_bytes = whole(),
                .queued = static_cast<std::uint32_t>(whole()),
                .chunk = static_cast<std::uint32_t>(whole())};
    }

    std::size_t below(std::size_t count) { return random_.rng().below(count); }

  private:
    double real() {
        constexpr std::array extremes{0.0, 1e-300, 1e-3, 1.0, 1e9, 1e300};
        auto const choice = random_.rng().below(extremes.size() * 2);
        return choice < extremes.size() ? extremes.at(choice)
                                        : static_cast<double>(random_.rng().below(1'000'000));
    }

    std::uint64_t whole() {
        switch (random_.rng().below(4)) {
            case 0:
                return 0;
            case 1:
                return std::numeric_limits<std::uint64_t>::max();
            default:
                return random_.rng().below(1U << 24U);
        }
    }

    SeededRandom random_;
};

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

TEST_CASE("Ten thousand random decisions are valid, and the same for the same seed") {
    auto const plugin = any_selector();
    auto const one = selector(plugin, 99);
    auto const two = selector(plugin, 99);
    RandomSources views(2024);
    std::size_t differences = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const sources = views.sources();
        auto const request = views.request();
        auto const index = one->pick(request, sources);
        differences += index == two->pick(request, sources) ? 0U : 1U;
        check_costs(*one, sources);
        auto const& told = sources[views.below(sources.size())];
        auto const outcome = views.outcome();
        one->observe(told, outcome);
        two->observe(told, outcome);
    }
    CHECK(differences == 0);
    CHECK(one->counters().picks == 10'000);
    CHECK(one->counters().faults == 0);
}

TEST_CASE("Ten thousand answers to any question fit it, and are the same for the same seed") {
    auto const plugin = any_selector();
    auto const one = selector(plugin, 99);
    auto const two = selector(plugin, 99);
    SeededRandom first(7);
    SeededRandom second(7);
    RandomSources views(2025);
    std::size_t differences = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const sources = views.sources();
        auto request = views.request();
        request.purpose = static_cast<std::uint32_t>(views.below(XFSBUS_PURPOSES));
        if ((one->decides() & questions({request.purpose})) != 0) {
            auto const a = one->decide(request, sources, first.rng());
            auto const b = two->decide(request, sources, second.rng());
            differences += a.action == b.action && a.source == b.source ? 0U : 1U;
        }
    }
    CHECK(differences == 0);
    CHECK(one->counters().faults == 0);
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
