#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

using UploadRanks = std::vector<double>;

/// What Fair says of the sinks below, and what the plug-in does.
UploadRanks const fairly{1.0, 0.0, 1.0};
UploadRanks const backwards_served{-0.0, -1.0, -2.0};

std::vector<UploadSinkView> three_upload_sinks() {
    std::vector<UploadSinkView> sinks(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        sinks[i].share_bytes = i == 1 ? 0 : 100;
        sinks[i].host = "192.0.2.1";
    }
    return sinks;
}

/// An upload choice of the faulty plug-in, with all that it reported.
struct GuardedUploads {
    std::vector<std::string> reports;
    std::unique_ptr<GuardedUploadChoice> choice;

    explicit GuardedUploads(std::string const& spec, GuardOptions options = {}) {
        options.report = [this](std::string_view text) { reports.emplace_back(text); };
        choice = load_upload_choice(parse_plugin_spec(spec), PluginPath({XFS_TEST_BAD_PLUGINS}))
                     ->make(std::move(options));
    }

    UploadRanks rank(std::vector<UploadSinkView> const& sinks = three_upload_sinks()) {
        UploadRequest const request{.places = 3, .now_us = 1};
        UploadRanks ranks(sinks.size());
        choice->rank(request, sinks, ranks);
        return ranks;
    }

    [[nodiscard]] PolicyCounters const& counters() const { return choice->counters(); }
};

}  // namespace

TEST_CASE("An upload choice without fault decides by itself, and each is one decision") {
    GuardedUploads guarded("faulty-upload-choice");
    CHECK(guarded.rank() == backwards_served);
    CHECK(guarded.counters().picks == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports.empty());
}

TEST_CASE(
    "A decision of which one rank fails or makes no sense is made by the default as a whole") {
    struct Case {
        char const* fault;
        char const* reason;
    };

    auto const* const not_finite =
        "answered for a sink at 192.0.2.1 with what is not a finite number";
    auto const c = GENERATE_COPY(Case{"rank", "failing in rank on purpose"},
                                 Case{"rank_int", "unknown exception"}, Case{"nan", not_finite},
                                 Case{"infinite", not_finite}, Case{"forget", not_finite});
    INFO(c.fault);
    auto const spec = "faulty-upload-choice:fault=" + std::string(c.fault);
    auto const blame = "policy 'faulty-upload-choice': rank: " + std::string(c.reason);
    GuardedUploads guarded(spec);
    CHECK(guarded.rank() == fairly);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.reports ==
          std::vector<std::string>{blame + "; the built-in default decides instead (so far: 1)"});

    GuardedUploads exact(spec, strict());
    CHECK(fault([&] { exact.rank(); }) == blame);
    CHECK(exact.counters().fallback == 0);
}

TEST_CASE("An upload choice that fails sixteen times in a row is not called any more") {
    GuardedUploads guarded("faulty-upload-choice:fault=nan");
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.rank() == fairly);
    }
    CHECK(guarded.choice->given_up());
    CHECK(guarded.counters().faults == 16);
    CHECK(guarded.counters().fallback == 100);
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "16 faults in a row"));
}

TEST_CASE("An upload choice that is always slow is given up") {
    GuardedUploads guarded("faulty-upload-choice", slow_every(1));
    CHECK(guarded.rank() == backwards_served);
    CHECK(guarded.rank() == backwards_served);
    CHECK(guarded.rank() == fairly);
    CHECK(guarded.counters().slow == 2);
    CHECK(guarded.choice->given_up());
}

TEST_CASE("An upload choice is not asked about no sinks") {
    GuardedUploads guarded("faulty-upload-choice:fault=rank");
    CHECK(guarded.rank({}).empty());
    CHECK(guarded.counters().picks == 0);
}

TEST_CASE("An upload choice that cannot be created any more is a fault, and the default decides") {
    GuardedUploads guarded("faulty-upload-choice:fault=create_again");
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.choice->given_up());
    CHECK(guarded.reports.size() == 1);
    CHECK(guarded.rank() == fairly);
    CHECK(fault([] { GuardedUploads("faulty-upload-choice:fault=create_again", strict()); }) ==
          "policy 'faulty-upload-choice': create: failing in create on purpose");
}
