// What every chunk-order plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "chunks.hpp"

#include <algorithm>
#include <array>
#include <limits>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

constexpr auto most = std::numeric_limits<std::uint32_t>::max();

std::string any_order() {
    return GENERATE(as<std::string>{}, "rarest", "rarest:head=7", "rarest:head=4294967295",
                    "sequential", "randomorder");
}

/// Anything that a host may show, the extremes more often than chance would have them.
class RandomChunks {
  public:
    explicit RandomChunks(std::uint64_t seed) : random_(seed) {}

    std::vector<ChunkView> chunks() {
        std::vector<ChunkView> all(1 + random_.rng().below(20));
        std::generate(all.begin(), all.end(), [this] {
            return ChunkView{.chunk = whole(),
                             .chunks = whole(),
                             .copies = whole(),
                             .sources = whole(),
                             .bytes = random_.next()};
        });
        return all;
    }

  private:
    std::uint32_t whole() {
        constexpr std::array extremes{0U, 1U, most - 1, most};
        auto const choice = random_.rng().below(extremes.size() * 2);
        return choice < extremes.size() ? extremes.at(choice)
                                        : static_cast<std::uint32_t>(random_.next());
    }

    SeededRandom random_;
};

}  // namespace

TEST_CASE("A chunk order says what it is") {
    auto const factory =
        load_chunk_order(parse_plugin_spec(any_order()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "chunk-order");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
}

TEST_CASE("Ten thousand random batches are ranked without a fault, and the same for a seed") {
    auto const plugin = any_order();
    auto const one = chunk_order(plugin);
    auto const two = chunk_order(plugin);
    RandomChunks views(2024);
    std::size_t differences = 0;
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        auto const chunks = views.chunks();
        differences += ranks(*one, chunks, seed) == ranks(*two, chunks, seed) ? 0U : 1U;
    }
    CHECK(differences == 0);
    CHECK(one->counters().picks == 10'000);
    CHECK(one->counters().faults == 0);
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
    RandomChunks views(7);
    for (int i = 0; i < 100; ++i) {
        auto const chunks = views.chunks();
        auto const together = ranks(*policy, chunks);
        for (std::size_t k = chunks.size(); k-- > 0;) {
            REQUIRE(ranks(*policy, {chunks[k]}, 99).front() == together[k]);
        }
    }
}

TEST_CASE("Orders of one plug-in do not know of each other") {
    auto const plugin = any_order();
    auto const alone = chunk_order(plugin);
    auto const disturbed = chunk_order(plugin);
    auto const other = chunk_order(plugin);
    RandomChunks views(5);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto const chunks = views.chunks();
        static_cast<void>(ranks(*other, views.chunks()));
        CHECK(ranks(*alone, chunks, seed) == ranks(*disturbed, chunks, seed));
    }
}
