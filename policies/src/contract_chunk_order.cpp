#include "contract.hpp"
#include "random_questions.hpp"

#include <xfsbus/policies/host/chunk_order_factory.hpp>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t order_batches = 5'000;
constexpr std::uint32_t order_long_file = 100'000;  ///< chunks

std::vector<double> ranks_of(GuardedChunkOrder& order, std::vector<ChunkView> const& chunks,
                             std::uint64_t seed) {
    SeededRandom random(seed);
    std::vector<double> ranks(chunks.size());
    order.rank(chunks, ranks, random.rng());
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
    FirstComplaint complaint;
    FirstComplaint of_long_file;
    ChunkOrderFactory const here(load());
    ChunkOrderFactory const there(load());
    auto const one = here.make(complaint.guard());
    auto const two = there.make(complaint.guard());
    RandomQuestions questions(2024);
    std::uint64_t differences = 0;
    for (std::uint64_t seed = 0; seed < order_batches; ++seed) {
        auto const chunks = questions.chunks();
        differences += ranks_of(*one, chunks, seed) == ranks_of(*two, chunks, seed) ? 0 : 1;
    }
    auto const whole = here.make(of_long_file.guard());
    ranks_of(*whole, long_file(), 1);
    auto const& counters = one->counters();
    return {.plugin = {},
            .rules = {{"every rank is a finite number, and nothing is thrown",
                       counters.faults > 0 ? complaint.text() : ""},
                      {"a file of 100,000 chunks is ranked within 10 ms", of_long_file.text()},
                      {"the same chunks and the same seed have the same ranks",
                       differed(differences, order_batches)}},
            .decisions = counters.picks,
            .spent = counters.spent};
}

}  // namespace xfsbus::policies
