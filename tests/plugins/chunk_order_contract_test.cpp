// What every chunk-order plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "chunks.hpp"

#include <limits>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string any_order() {
    return GENERATE(as<std::string>{}, "rarest", "rarest:head=7", "rarest:head=4294967295",
                    "sequential", "randomorder", "streaming", "streaming:seconds=0,chunks=1");
}

/// Of any number, with any number of copies.
std::vector<ChunkView> some_chunks() {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    std::vector<ChunkView> chunks;
    for (auto const number : {0U, 1U, 2U, 50U, 98U, 99U, most}) {
        for (auto const copies : {0U, 1U, 7U, most}) {
            chunks.push_back(chunk(number, copies));
        }
    }
    return chunks;
}

}  // namespace

TEST_CASE("A chunk order says what it is") {
    auto const factory =
        load_chunk_order(parse_plugin_spec(any_order()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "chunk-order");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
}

TEST_CASE("All chunks of a file of a hundred thousand are ranked at once") {
    auto const policy = chunk_order(any_order());
    std::vector<ChunkView> chunks;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        chunks.push_back(
            {.chunk = i, .chunks = 100'000, .copies = i % 7, .sources = 7, .bytes = 1});
    }
    CHECK(ranks(*policy, chunks).size() == chunks.size());
    CHECK(policy->counters().picks == 1);
}

TEST_CASE("The rank of a chunk is the same whenever it is asked for, alone or among others") {
    auto const policy = chunk_order(any_order());
    auto const chunks = some_chunks();
    auto const together = ranks(*policy, chunks);
    for (std::size_t k = chunks.size(); k-- > 0;) {
        REQUIRE(ranks(*policy, {chunks[k]}, 99).front() == together[k]);
    }
}

TEST_CASE("Orders of one plug-in do not know of each other") {
    auto const plugin = any_order();
    auto const alone = chunk_order(plugin);
    auto const disturbed = chunk_order(plugin);
    auto const other = chunk_order(plugin);
    auto const chunks = some_chunks();
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        static_cast<void>(ranks(*other, {chunk(7)}));
        CHECK(ranks(*alone, chunks, seed) == ranks(*disturbed, chunks, seed));
    }
}
