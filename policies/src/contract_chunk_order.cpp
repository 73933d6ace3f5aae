#include "contract_ranks.hpp"
#include "random_questions.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t order_batches = 5'000;
constexpr std::uint32_t order_long_file = 100'000;  ///< chunks

struct Batch {
    std::vector<ChunkView> chunks;
    std::uint64_t seed = 0;
};

std::vector<double> ranks_of(GuardedChunkOrder& order, Batch const& batch) {
    SeededRandom random(batch.seed);
    std::vector<double> ranks(batch.chunks.size());
    order.rank(batch.chunks, ranks, random.rng());
    return ranks;
}

std::vector<ChunkView> long_file() {
    std::vector<ChunkView> chunks(order_long_file);
    for (std::uint32_t i = 0; i < order_long_file; ++i) {
        chunks[i] = {
            .chunk = i, .chunks = order_long_file, .copies = i % 7, .sources = 7, .bytes = 1};
    }
    return chunks;
}

}  // namespace

ContractTrial try_chunk_order(LoadPlugin const& load) {
    RandomQuestions questions(2024);
    std::uint64_t seed = 0;
    return try_ranking<ChunkOrderFactory>(
        load, order_batches,
        {.of_many = "a file of 100,000 chunks is ranked within 10 ms",
         .same = "the same chunks and the same seed have the same ranks"},
        [&] {
            return Batch{questions.chunks(), seed++};
        },
        [] {
            return Batch{long_file(), 1};
        },
        ranks_of);
}

}  // namespace xfsbus::policies
