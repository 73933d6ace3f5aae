#pragma once

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <string>
#include <vector>

namespace xfsbus::test {

/// A chunk of a file of a hundred, of which ten sources have some.
inline policies::ChunkView chunk(std::uint32_t number, std::uint32_t copies = 1) {
    return {.chunk = number, .chunks = 100, .copies = copies, .sources = 10, .bytes = 1U << 20U};
}

/// An order of a shipped plug-in that throws at any fault, so that none can hide.
inline std::unique_ptr<policies::GuardedChunkOrder> chunk_order(std::string const& spec) {
    policies::GuardOptions options;
    options.strict = true;
    return policies::load_chunk_order(policies::parse_plugin_spec(spec),
                                      policies::PluginPath({XFS_TEST_PLUGINS}))
        ->make(std::move(options));
}

inline std::vector<double> ranks(policies::ChunkRanker& order,
                                 std::vector<policies::ChunkView> const& chunks,
                                 std::uint64_t seed = 1) {
    policies::SeededRandom random(seed);
    std::vector<double> result(chunks.size());
    order.rank(chunks, result, random.rng());
    return result;
}

}  // namespace xfsbus::test
