#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/parameters.hpp>

#include <cstdint>
#include <limits>

namespace xfsbus::policies {

/// The default order: rank = copies, so that what few sources have is asked for before they leave,
/// and can soon be had from one more. Before all others come the first `head` chunks of the file,
/// in order, for readers that look at its beginning while it is on its way.
/// In the API because it is both a plug-in and what the host falls back to when a plug-in fails.
class Rarest final : public ChunkOrder {
  public:
    explicit Rarest(std::uint32_t head = 0) : head_(head) {}

    /// As the plug-in: the parameter head, any number that a chunk can have.
    explicit Rarest(Parameters const& parameters)
        : Rarest(static_cast<std::uint32_t>(
              parameters.integer("head", 0, std::numeric_limits<std::uint32_t>::max()))) {}

    double rank(ChunkView const& chunk, Rng&) override {
        // Below zero, where no number of copies is.
        return chunk.chunk < head_ ? static_cast<double>(chunk.chunk) - static_cast<double>(head_)
                                   : static_cast<double>(chunk.copies);
    }

  private:
    std::uint32_t head_;
};

}  // namespace xfsbus::policies
