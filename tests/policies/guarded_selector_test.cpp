#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// A selector of the faulty plug-in, with all that it reported.
struct GuardedPicks {
    std::vector<std::string> reports;
    std::vector<SourceView> sources = three_sources();
    std::unique_ptr<GuardedSelector> selector;

    explicit GuardedPicks(std::string const& fault, GuardOptions options = {}) {
        options.report = [this](std::string_view text) { reports.emplace_back(text); };
        selector = load_peer_selector({"faulty-selector", {{"fault", fault}}},
                                      PluginPath({XFS_TEST_BAD_PLUGINS}))
                       ->make(1, std::move(options));
    }

    std::optional<std::size_t> pick() { return selector->pick(RequestView{}, sources); }

    [[nodiscard]] PolicyCounters const& counters() const { return selector->counters(); }
};

/// Picks the first source, but throws at every second pick.
class EverySecond final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        if (++calls_ % 2 == 0) {
            throw std::runtime_error("even");
        }
        return 0;
    }

  private:
    unsigned calls_ = 0;
};

}  // namespace

TEST_CASE("A policy without fault decides by itself") {
    GuardedPicks guarded("none");
    CHECK(guarded.pick() == 2U);
    CHECK(guarded.selector->cost(guarded.sources[0]) == 1.0);
    guarded.selector->observe(guarded.sources[0], OutcomeView{});
    CHECK(guarded.counters().picks == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports.empty());
}

TEST_CASE("A pick that fails or makes no sense is counted, reported and made by the default") {
    struct Case {
        char const* fault;
        char const* reason;
    };

    auto const c =
        GENERATE(Case{"pick", "failing in pick on purpose"}, Case{"pick_int", "unknown exception"},
                 Case{"index", "answered 3 where there are 3 sources"},
                 Case{"negative_index", "answered -7, which means nothing"});
    GuardedPicks guarded(c.fault);
    CHECK(guarded.pick() == 1U);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(guarded.reports[0] == "policy 'faulty-selector': pick: " + std::string(c.reason) +
                                    "; the built-in default decides instead (so far: 1)");

    GuardedPicks exact(c.fault, strict());
    CHECK(fault([&] { exact.pick(); }) ==
          "policy 'faulty-selector': pick: " + std::string(c.reason));
    CHECK(exact.counters().fallback == 0);
}

TEST_CASE("A cost that fails or is not a number is replaced by the default's") {
    auto const* const name = GENERATE("cost", "nan");
    GuardedPicks guarded(name);
    CHECK(guarded.selector->cost(guarded.sources[1]) == 1.0);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.reports.size() == 1);

    GuardedPicks exact(name, strict());
    CHECK_THROWS_AS(exact.selector->cost(exact.sources[0]), PolicyFault);
}

TEST_CASE("A policy that fails to learn is counted and goes on deciding") {
    GuardedPicks guarded("observe");
    for (int i = 0; i < 100; ++i) {
        guarded.selector->observe(guarded.sources[0], OutcomeView{});
        CHECK(guarded.pick() == 2U);
    }
    CHECK(guarded.counters().faults == 100);
    CHECK_FALSE(guarded.selector->given_up());

    GuardedPicks exact("observe", strict());
    CHECK_THROWS_AS(exact.selector->observe(exact.sources[0], OutcomeView{}), PolicyFault);
}

TEST_CASE("A policy that fails sixteen times in a row is not called any more, which is said once") {
    GuardedPicks guarded("pick");
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.pick() == 1U);
        guarded.selector->observe(guarded.sources[0], OutcomeView{});
    }
    CHECK(guarded.selector->given_up());
    CHECK(guarded.counters().picks == 100);
    CHECK(guarded.counters().faults == 16);
    CHECK(guarded.counters().fallback == 100);
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "16 faults in a row"));
    CHECK(contains(guarded.reports[1], "it is not called any more"));
}

TEST_CASE("A strict policy that was given up is an error, not a silent default") {
    GuardedPicks guarded("pick", strict());
    for (int i = 0; i < 16; ++i) {
        CHECK_THROWS_AS(guarded.pick(), PolicyFault);
    }
    CHECK(fault([&] { guarded.pick(); }) == "policy 'faulty-selector' was given up");
    CHECK(guarded.counters().faults == 16);
}

TEST_CASE("Faults that come between good decisions are reported once in a thousand") {
    std::vector<std::string> reports;
    GuardOptions options;
    options.report = [&](std::string_view text) { reports.emplace_back(text); };
    GuardedSelector selector("odd", std::make_unique<EverySecond>(), 1, options);
    auto const sources = three_sources();
    for (int i = 0; i < 4001; ++i) {
        static_cast<void>(selector.pick(RequestView{}, sources));
    }
    CHECK(selector.counters().faults == 2000);
    CHECK_FALSE(selector.given_up());
    REQUIRE(reports.size() == 3);
    CHECK(contains(reports[2], "(so far: 2000)"));
}

TEST_CASE("A slow answer is used, but counted and reported") {
    GuardedPicks guarded("none", slow_every(5));
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.pick() == 2U);
    }
    CHECK(guarded.counters().slow == 20);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(guarded.reports[0] ==
          "policy 'faulty-selector': pick took 11 ms, more than the 10 ms "
          "it may take (so far: 1)");
}

TEST_CASE("A policy that is always slow is given up") {
    GuardedPicks guarded("none", slow_every(1));
    for (int i = 0; i < 17; ++i) {
        static_cast<void>(guarded.pick());
    }
    CHECK(guarded.counters().slow == 16);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.selector->given_up());
}

TEST_CASE("Nobody is picked from an empty list, and the policy is not asked") {
    GuardedPicks guarded("pick");
    guarded.sources.clear();
    CHECK_FALSE(guarded.pick().has_value());
    CHECK(guarded.counters().picks == 0);
}

TEST_CASE("A policy that cannot be created any more is a fault, and the default decides") {
    GuardedPicks guarded("create_again");
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.selector->given_up());
    REQUIRE(guarded.reports.size() == 1);
    CHECK(contains(guarded.reports[0], "policy 'faulty-selector': create: failing in create on"));
    CHECK(guarded.pick() == 1);
    CHECK(guarded.counters().fallback == 1);
    CHECK(fault([] { GuardedPicks("create_again", strict()); }) ==
          "policy 'faulty-selector': create: failing in create on purpose");
}

TEST_CASE("A policy that takes long to create is used, and counted as slow") {
    using namespace std::chrono_literals;
    GuardOptions options;
    options.clock = [time = 0ns]() mutable { return std::exchange(time, time + 1001ms); };
    GuardedPicks const guarded("none", options);
    CHECK(guarded.counters().slow == 1);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(contains(guarded.reports[0], "create took 1001 ms, more than the 1000 ms it may take"));
    CHECK_FALSE(guarded.selector->given_up());
}
