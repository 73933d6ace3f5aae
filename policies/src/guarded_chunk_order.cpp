#include "guarded_ranks.hpp"

#include <xfsbus/policies/host/guarded_chunk_order.hpp>

#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

namespace xfsbus::policies {

GuardedChunkOrder::GuardedChunkOrder(std::string name, std::unique_ptr<ChunkRanker> policy,
                                     GuardOptions options)
    : policy_(std::move(policy)), guard_(std::move(name), std::move(options)) {}

GuardedChunkOrder::GuardedChunkOrder(std::string name, Make const& make, GuardOptions options)
    : guard_(std::move(name), std::move(options)) {
    guard_.create([&] { policy_ = make(); });
}

void GuardedChunkOrder::rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) {
    assert(chunks.size() == ranks.size());
    if (chunks.empty()) {
        return;
    }
    bool const good = guarded_ranks(
        guard_, ranks, [&] { policy_->rank(chunks, ranks, rng); },
        [&](std::size_t i) { return "chunk " + std::to_string(chunks[i].chunk); });
    if (!good) {
        rank_each(fallback_, chunks, ranks, rng);
    }
}

}  // namespace xfsbus::policies
