#pragma once

#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace xfsbus::swarm {

/// Chunks that are not asked for although they could be, since the policy waits: for a source that
/// has no room, or for better times. Each is held for a while, and no more than `most` are. Part of
/// Download.
class HeldChunks {
  public:
    static constexpr std::size_t most = 32;

    struct Held {
        wire::Time since{};
        wire::Time until{};  ///< then the policy is asked again
        std::uint64_t bytes = 0;
        std::optional<SourceId> waits_for{};
    };

    /// Whether one more may be held.
    [[nodiscard]] bool has_room(wire::Time now) const { return held(now).size() < most; }

    /// There is room.
    void hold(wire::Time now, std::uint32_t chunk, Held how);

    /// It is asked for, or need not be any more.
    void release(std::uint32_t chunk) { held_.erase(chunk); }

    /// The policy is asked again, but since when it has held a chunk is not forgotten, as long as
    /// there are not too many.
    void on_news(wire::Time now);
    void on_news_of(wire::Time now, std::uint32_t chunk);
    void on_news_of(wire::Time now, SourceId source);

    /// Those that are held now.
    [[nodiscard]] std::vector<std::uint32_t> held(wire::Time now) const;
    [[nodiscard]] Held const* find(std::uint32_t chunk) const;
    /// Of chunks that wait for this source.
    [[nodiscard]] std::uint64_t bytes_for(wire::Time now, SourceId source) const;
    /// When the policy is to be asked again, if nothing happens.
    [[nodiscard]] std::optional<wire::Time> next(wire::Time now) const;

  private:
    std::map<std::uint32_t, Held> held_;
};

}  // namespace xfsbus::swarm
