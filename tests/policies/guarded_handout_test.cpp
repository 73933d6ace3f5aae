#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

using HandoutRanks = std::vector<double>;

/// What Mixed says of the sources below when two are wanted, and what the plug-in does.
HandoutRanks const mixed_up{2.0, 1.0, 0.0};
HandoutRanks const last_first{-0.0, -1.0, -2.0};

std::vector<HandoutSource> three_handout_sources() {
    std::vector<HandoutSource> sources(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        sources[i].draw = 10 - i;
        sources[i].host = "192.0.2.1";
        sources[i].labels = "";
        sources[i].port = 7000 + i;
    }
    sources[1].flags = XFSBUS_HANDOUT_SOURCE_COMPLETE;
    return sources;
}

/// A handout of the faulty plug-in, with all that it reported.
struct GuardedHandouts {
    std::vector<std::string> reports;
    std::unique_ptr<GuardedHandout> handout;

    explicit GuardedHandouts(std::string const& spec, GuardOptions options = {}) {
        options.report = [this](std::string_view text) { reports.emplace_back(text); };
        handout = load_handout(parse_plugin_spec(spec), PluginPath({XFS_TEST_BAD_PLUGINS}))
                      ->make(std::move(options));
    }

    HandoutRanks rank(std::vector<HandoutSource> const& sources = three_handout_sources()) {
        HandoutRequest const request{
            .wanted = 2, .file_bytes = 1, .asker_host = "192.0.2.9", .asker_labels = ""};
        HandoutRanks ranks(sources.size());
        handout->rank(request, sources, ranks);
        return ranks;
    }

    [[nodiscard]] PolicyCounters const& counters() const { return handout->counters(); }
};

}  // namespace

TEST_CASE("A handout without fault decides by itself, and a find is one decision") {
    GuardedHandouts guarded("faulty-handout");
    CHECK(guarded.rank() == last_first);
    CHECK(guarded.counters().picks == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports.empty());
}

TEST_CASE("A find of which one rank fails or makes no sense is ranked by the default as a whole") {
    struct Case {
        char const* fault;
        char const* reason;
    };

    auto const* const not_finite =
        "answered for the source at 192.0.2.1 port 7002 with what is not a finite number";
    auto const c = GENERATE_COPY(Case{"rank", "failing in rank on purpose"},
                                 Case{"rank_int", "unknown exception"}, Case{"nan", not_finite},
                                 Case{"infinite", not_finite}, Case{"forget", not_finite});
    INFO(c.fault);
    auto const spec = "faulty-handout:fault=" + std::string(c.fault);
    auto const blame = "policy 'faulty-handout': rank: " + std::string(c.reason);
    GuardedHandouts guarded(spec);
    CHECK(guarded.rank() == mixed_up);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.reports ==
          std::vector<std::string>{blame + "; the built-in default decides instead (so far: 1)"});

    GuardedHandouts exact(spec, strict());
    CHECK(fault([&] { exact.rank(); }) == blame);
    CHECK(exact.counters().fallback == 0);
}

TEST_CASE("A handout that fails sixteen times in a row is not called any more") {
    GuardedHandouts guarded("faulty-handout:fault=nan");
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.rank() == mixed_up);
    }
    CHECK(guarded.handout->given_up());
    CHECK(guarded.counters().faults == 16);
    CHECK(guarded.counters().fallback == 100);
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "16 faults in a row"));
}

TEST_CASE("A handout that is always slow is given up") {
    GuardedHandouts guarded("faulty-handout", slow_every(1));
    CHECK(guarded.rank() == last_first);
    CHECK(guarded.rank() == last_first);
    CHECK(guarded.rank() == mixed_up);
    CHECK(guarded.counters().slow == 2);
    CHECK(guarded.handout->given_up());
}

TEST_CASE("A handout is not asked about no sources") {
    GuardedHandouts guarded("faulty-handout:fault=rank");
    CHECK(guarded.rank({}).empty());
    CHECK(guarded.counters().picks == 0);
}

TEST_CASE("A handout that cannot be created any more is a fault, and the default decides") {
    GuardedHandouts guarded("faulty-handout:fault=create_again");
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.handout->given_up());
    CHECK(guarded.reports.size() == 1);
    CHECK(guarded.rank() == mixed_up);
    CHECK(fault([] { GuardedHandouts("faulty-handout:fault=create_again", strict()); }) ==
          "policy 'faulty-handout': create: failing in create on purpose");
}
