#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/rng.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace xfsbus::policies {

/// What a policy may know about a chunk. A value; the fields are described in abi.h.
using ChunkView = ::xfsbus_chunk;

/// Decides which chunk of a file is asked for next. One object serves the download of one file; it
/// is called on one thread, on the path of every decision, and must not block. An exception that
/// leaves rank counts as a fault of the policy: the built-in default decides instead, and the user
/// is told. Of a file with one chunk nothing is asked.
class ChunkOrder {
  public:
    virtual ~ChunkOrder() = default;

    /// A finite number; the chunk with the lowest is asked for first, equal ones in random order.
    /// Called for every chunk that is still needed when the download begins, and for a chunk again
    /// when the number of its copies changes, and for all again when the play head has come to
    /// another chunk; the new rank replaces the old one.
    virtual double rank(ChunkView const& chunk, Rng& rng) = 0;
};

/// A chunk order as a download asks it: for many chunks at once, because a file may have a hundred
/// thousand. Plug-ins are a ChunkOrder; the host makes one of these of it.
class ChunkRanker {
  public:
    virtual ~ChunkRanker() = default;

    /// Writes the rank of each chunk; ranks.size() == chunks.size().
    virtual void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) = 0;

    /// Another number than before: ranks that were written before mean nothing any more beside
    /// those that are written now.
    [[nodiscard]] virtual std::uint64_t edition() const { return 0; }
};

/// Asks a ChunkOrder for the rank of each chunk; ranks.size() == chunks.size().
template <class Order>
void rank_each(Order& order, std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) {
    std::transform(chunks.begin(), chunks.end(), ranks.begin(),
                   [&](ChunkView const& chunk) { return order.rank(chunk, rng); });
}

/// A ChunkOrder as a ChunkRanker; made of what the order is made of.
template <class Order>
class RankerOf final : public ChunkRanker {
  public:
    template <class... Arguments>
    explicit RankerOf(Arguments&&... arguments) : order_(std::forward<Arguments>(arguments)...) {}

    void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) override {
        rank_each(order_, chunks, ranks, rng);
    }

  private:
    Order order_;
};

}  // namespace xfsbus::policies
