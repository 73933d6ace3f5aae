#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/wire/file_layout.hpp>

#include <cstdint>
#include <vector>

namespace xfsbus::swarm {

/// How far each of a file's chunks is with a download. Part of Download.
class ChunkBoard {
  public:
    using File = wire::FileLayout;

    enum class State : std::uint8_t {
        needed,
        asked,
        arrived,  ///< being verified and written
        stored,
    };

    /// `content` says what is stored, and must outlive this.
    explicit ChunkBoard(ContentState const& content);

    [[nodiscard]] File const& file() const { return content_.layout(); }

    [[nodiscard]] State state(std::uint32_t chunk) const {
        return content_.has().contains(chunk) ? State::stored : states_.at(chunk);
    }

    /// Of one that is not stored; that it is, the content says.
    void set_state(std::uint32_t chunk, State state);

    [[nodiscard]] ChunkSet const& needed() const { return needed_; }

    /// Of the chunks that are needed.
    [[nodiscard]] std::uint64_t needed_bytes() const { return needed_bytes_; }

  private:
    void need(std::uint32_t chunk);

    ContentState const& content_;
    std::vector<State> states_;
    ChunkSet needed_;
    std::uint64_t needed_bytes_ = 0;
};

}  // namespace xfsbus::swarm
