#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/swarm/chunk_board.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace xfsbus::swarm {

/// Picks which chunk comes next, by how many sources have each, by the order of chunks, and by what
/// somebody waits for. Part of Download.
class ChunkPicker {
  public:
    /// The chunk-order policy.
    using Order = policies::ChunkRanker;

    /// The order is called in best() only. Both must outlive this.
    ChunkPicker(ChunkBoard const& board, Order& order, policies::Rng rng);

    // ---- who has what ----

    void add_source(ChunkSet const& has);
    void remove_source(ChunkSet const& has);
    /// A source that is counted has other chunks now. Costs what has changed.
    void change_source(ChunkSet const& from, ChunkSet const& to);
    void add_copy(std::uint32_t chunk);

    /// How many of the sources have the chunk.
    [[nodiscard]] std::uint32_t copies(std::uint32_t chunk) const { return copies_.at(chunk); }

    /// Where the file is read while it comes, for the order: if that is in another chunk than
    /// before, or another rate, all that are not stored are ranked anew.
    void set_play_head(std::uint64_t position, std::uint64_t bytes_per_s);

    /// Somebody waits for the bytes between these: as long as one of their chunks is needed and
    /// available it comes next, in the order of the file, whatever the order of chunks says.
    void set_urgent(std::uint64_t begin, std::uint64_t end);

    /// The first of those bytes is in it: it is the one that is waited for.
    [[nodiscard]] bool is_waited_for(std::uint32_t chunk) const {
        return urgent_begin_ < urgent_end_ && chunk == urgent_begin_;
    }

    /// The first of those bytes has not been asked for yet.
    [[nodiscard]] bool urgent_waits() const {
        return is_waited_for(urgent_begin_) && board_.needed().contains(urgent_begin_);
    }

    /// The chunk to ask for next among those that are needed and available.
    std::optional<std::uint32_t> best(ChunkSet const& available);

  private:
    void remove_copy(std::uint32_t chunk);
    void touch(std::uint32_t chunk);
    void touch_all();
    void rank_touched();

    [[nodiscard]] wire::FileLayout const& file() const { return board_.file(); }

    [[nodiscard]] std::uint64_t chunk_at(std::uint64_t byte) const;
    [[nodiscard]] std::optional<std::uint32_t> first_urgent(ChunkSet const& available) const;

    ChunkBoard const& board_;
    Order& order_;
    policies::Rng rng_;
    std::uint32_t sources_ = 0;
    std::vector<std::uint32_t> copies_;
    std::uint64_t play_head_ = 0;
    std::uint64_t play_rate_ = 0;
    std::uint32_t urgent_begin_ = 0;  ///< chunks
    std::uint32_t urgent_end_ = 0;
    std::uint64_t edition_;  ///< of the order, that the ranks are of
    std::vector<double> ranks_;
    std::vector<std::uint32_t> ties_;  ///< decide between equal ranks: random, the same all along
    std::vector<bool> is_touched_;
    std::vector<std::uint32_t> touched_;  ///< to be ranked again
};

}  // namespace xfsbus::swarm
