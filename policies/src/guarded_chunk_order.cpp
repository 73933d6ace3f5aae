#include "guarded_ranks.hpp"

#include <xfsbus/policies/host/guarded_chunk_order.hpp>

#include <cassert>
#include <cstddef>
#include <string>

namespace xfsbus::policies {

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
