#pragma once

#include <xfsbus/policies/rarest.hpp>
#include <xfsbus/swarm/chunk_board.hpp>

#include <cstdint>
#include <span>

namespace xfsbus::swarm::test {

/// The built-in chunk order, as a download asks it. `head`: so many chunks are asked for first, in
/// the order of the file.
class Ranks final : public ChunkBoard::Order {
  public:
    explicit Ranks(std::uint32_t head = 0) : rarest_(head) {}

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng& rng) override {
        policies::rank_each(rarest_, chunks, ranks, rng);
    }

  private:
    policies::Rarest rarest_;
};

}  // namespace xfsbus::swarm::test
