// Plug-ins and hosts that were built against different headers of ABI 2.
#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/plugin_listing.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/policies/sized.hpp>

#include <cstddef>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

PluginPath other_ages() {
    return PluginPath({XFS_TEST_OTHER_AGES});
}

std::unique_ptr<GuardedSelector> selector(std::string const& spec) {
    return load_peer_selector(parse_plugin_spec(spec), other_ages())->make(1, strict());
}

struct Grown {
    ChunkView known;
    std::uint64_t news = ~0ULL;
};

}  // namespace

TEST_CASE("A plug-in of a later header works: what this program does not know is passed over") {
    auto const info = load_peer_selector({"later", {{"second", "0"}}}, other_ages())->info();
    CHECK(info.name == "later");
    REQUIRE(info.parameters.size() == 2);
    CHECK(info.parameters[0].default_value == "1");
    CHECK(info.parameters[1].name == "second");
    CHECK(info.parameters[1].value == "0");
    CHECK(info.parameters[1].description == "what it answers");
    CHECK(selector("later:second=0")->pick(RequestView{}, three_sources()) == 0U);
    CHECK(selector("later")->pick(RequestView{}, three_sources()) == 2U);
}

TEST_CASE("What lies beyond the size of a plug-in's table is not called") {
    auto const policy = selector("short-table");
    auto const sources = three_sources();
    CHECK(policy->pick(RequestView{}, sources) == 2U);
    CHECK_FALSE(policy->cost(sources[0]).has_value());
    policy->observe(sources[0], OutcomeView{});
    CHECK(policy->counters().faults == 0);
}

TEST_CASE("A plug-in without operations leaves all to the default") {
    auto const policy = selector("null-table");
    auto const sources = three_sources();
    CHECK(policy->pick(RequestView{}, sources) == 1U);
    CHECK_FALSE(policy->cost(sources[0]).has_value());
    policy->observe(sources[0], OutcomeView{});
    CHECK(policy->counters().faults == 0);

    auto const order = load_chunk_order({"null-chunk-order", {}}, other_ages())->make(strict());
    std::vector const chunks{
        ChunkView{.chunk = 0, .chunks = 2, .copies = 5, .sources = 9, .bytes = 1},
        ChunkView{.chunk = 1, .chunks = 2, .copies = 3, .sources = 9, .bytes = 1}};
    std::vector<double> ranks(2);
    SeededRandom random(1);
    order->rank(chunks, ranks, random.rng());
    CHECK(ranks == std::vector{5.0, 3.0});

    auto const handout = load_handout({"null-handout", {}}, other_ages())->make(strict());
    std::vector<HandoutSource> holders(2);
    holders[0].draw = 1;
    holders[1].flags = XFSBUS_HANDOUT_SOURCE_COMPLETE;
    handout->rank({.wanted = 1, .file_bytes = 1, .asker_host = "", .asker_labels = ""}, holders,
                  ranks);
    CHECK(ranks == std::vector{1.0, 0.0});

    auto const choice =
        load_upload_choice({"null-upload-choice", {}}, other_ages())->make(strict());
    std::vector<UploadSinkView> sinks(2);
    sinks[1].share_bytes = 1;
    choice->rank({.places = 2, .now_us = 1}, sinks, ranks);
    CHECK(ranks == std::vector{0.0, 1.0});
}

TEST_CASE("Plug-ins of other headers are listed without a problem") {
    auto const listings = list_plugins(other_ages());
    CHECK(listings.size() == 6);
    for (auto const& listing : listings) {
        CHECK(listing.problem.empty());
    }
}

TEST_CASE("A struct that its maker had less of is zero where it ends") {
    OutcomeView made{.reason = 1,
                     .transfer = 2,
                     .bytes = 3,
                     .elapsed_us = 4,
                     .queued_bytes = 5,
                     .queued = 6,
                     .chunk = 7};
    made.size = offsetof(::xfsbus_outcome, queued_bytes);
    auto const seen = sized_copy(made);
    CHECK(seen.size == sizeof(::xfsbus_outcome));
    CHECK(seen.elapsed_us == 4);
    CHECK(seen.queued_bytes == 0);
    CHECK(seen.chunk == 0);
}

TEST_CASE("An array is walked by the size of its elements, and taken as it is if that is ours") {
    std::vector<Grown> grown(3);
    std::vector<ChunkView> same(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        grown[i].known.chunk = same[i].chunk = i + 7;
        grown[i].known.size = sizeof(Grown);
    }
    std::vector<ChunkView> scratch;
    auto const seen = sized_span(&grown[0].known, grown.size(), scratch);
    REQUIRE(seen.size() == 3);
    CHECK(seen[2].chunk == 9);
    CHECK(seen[2].size == sizeof(ChunkView));
    std::vector<ChunkView> unused;
    CHECK(sized_span(same.data(), same.size(), unused).data() == same.data());
    CHECK(unused.empty());
    CHECK(sized_span(same.data(), 0, unused).empty());
}
