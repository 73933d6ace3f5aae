#pragma once

#include <xfsbus/swarm/chunk_set.hpp>
#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace xfsbus::swarm {

/// What this peer has of one content: the one place that says which chunks are here. The download
/// that stores a chunk says so by gained(); whoever else wants to know reads it here. One thread.
class ContentState {
  public:
    /// Whoever serves what is here.
    class Follower {
      public:
        /// Called within gained().
        virtual void on_gained(wire::ContentId const& content, std::uint32_t chunk) = 0;

      protected:
        ~Follower() = default;
    };

    ContentState(wire::ContentId const& id, wire::FileLayout const& layout, ChunkSet has)
        : id_(id), layout_(layout), has_(std::move(has)) {}

    /// A content of which nothing is missing.
    static ContentState whole(wire::ContentId const& id, wire::FileLayout const& layout) {
        return {id, layout, ChunkSet::full(layout.chunks)};
    }

    [[nodiscard]] wire::ContentId const& id() const { return id_; }

    [[nodiscard]] wire::FileLayout const& layout() const { return layout_; }

    [[nodiscard]] ChunkSet const& has() const { return has_; }

    [[nodiscard]] bool complete() const { return has_.complete(); }

    /// How much of it is here, in millionths; as a peer tells the tracker and others.
    [[nodiscard]] std::uint32_t ppm() const {
        return static_cast<std::uint32_t>(std::uint64_t{has_.count()} * wire::complete_ppm /
                                          std::max(1U, layout_.chunks));
    }

    /// A chunk has been stored, verified. False if it was here.
    bool gained(std::uint32_t chunk) {
        bool const is_new = has_.insert(chunk);
        if (is_new && follower_ != nullptr) {
            follower_->on_gained(id_, chunk);
        }
        return is_new;
    }

    /// Who is told from now on; nullptr: nobody. Must outlive this, or be taken back.
    void set_follower(Follower* follower) { follower_ = follower; }

  private:
    wire::ContentId id_;
    wire::FileLayout layout_;
    ChunkSet has_;
    Follower* follower_ = nullptr;
};

}  // namespace xfsbus::swarm
