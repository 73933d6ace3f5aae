#include <xfsbus/policies/host/guarded_chunk_order.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

void check_finite(std::span<ChunkView const> chunks, std::span<double const> ranks) {
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        if (!std::isfinite(ranks[i])) {
            throw std::domain_error("answered for chunk " + std::to_string(chunks[i].chunk) +
                                    " with what is not a finite number");
        }
    }
}

}  // namespace

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
    bool const good = guard_.decide("rank", [&] {
        // What the policy forgets to write must not pass for a rank.
        std::fill(ranks.begin(), ranks.end(), std::numeric_limits<double>::quiet_NaN());
        policy_->rank(chunks, ranks, rng);
        check_finite(chunks, ranks);
    });
    if (!good) {
        rank_each(fallback_, chunks, ranks, rng);
    }
}

}  // namespace xfsbus::policies
