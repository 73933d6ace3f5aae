#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/swarm/chunk_set.hpp>
#include <xfsbus/wire/file_layout.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xfsbus::swarm {

/// What a file's chunks are to a download: how far each is, how many sources have it, and which
/// comes next. Part of Download.
class ChunkBoard {
  public:
    using File = wire::FileLayout;

    /// The chunk-order policy.
    using Order = policies::ChunkRanker;

    enum class State : std::uint8_t {
        needed,
        asked,
        arrived,  ///< being verified and written
        stored,
    };

    /// The order is called in best() only, and must outlive this.
    ChunkBoard(File file, Order& order, policies::Rng rng);

    [[nodiscard]] File const& file() const { return file_; }

    [[nodiscard]] State state(std::uint32_t chunk) const { return states_.at(chunk); }

    void set_state(std::uint32_t chunk, State state);

    [[nodiscard]] ChunkSet const& needed() const { return needed_; }

    [[nodiscard]] std::uint32_t stored() const { return stored_; }

    [[nodiscard]] bool complete() const { return stored_ == file_.chunks; }

    /// Of the chunks that are needed.
    [[nodiscard]] std::uint64_t needed_bytes() const { return needed_bytes_; }

    // ---- who has what ----

    void add_source(ChunkSet const& has);
    void remove_source(ChunkSet const& has);
    /// A source that is counted has other chunks now. Costs what has changed.
    void change_source(ChunkSet const& from, ChunkSet const& to);
    void add_copy(std::uint32_t chunk);

    /// The chunk to ask for next among those that are needed and available.
    std::optional<std::uint32_t> best(ChunkSet const& available);

  private:
    void remove_copy(std::uint32_t chunk);
    void touch(std::uint32_t chunk);
    void rank_touched();

    File file_;
    Order& order_;
    policies::Rng rng_;
    std::vector<State> states_;
    ChunkSet needed_;
    std::uint32_t stored_ = 0;
    std::uint64_t needed_bytes_;
    std::uint32_t sources_ = 0;
    std::vector<std::uint32_t> copies_;
    std::vector<double> ranks_;
    std::vector<std::uint32_t> ties_;  ///< decide between equal ranks: random, the same all along
    std::vector<bool> is_touched_;
    std::vector<std::uint32_t> touched_;  ///< to be ranked again
};

}  // namespace xfsbus::swarm
