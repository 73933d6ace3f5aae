#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>

namespace xfsbus::swarm {

/// Where somebody reads a file while it comes. Moves on by itself at the rate at which it is read,
/// but never past what is missing: there it stalls until that is here. A core; part of Download.
class PlayHead {
  public:
    /// bytes_per_s: at which it moves on from there; 0: it does not.
    void set(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s);

    /// Until now. Call it before the content gains something: what came late was missing till then.
    void advance(wire::Time now, ContentState const& content);

    [[nodiscard]] std::uint64_t position() const { return static_cast<std::uint64_t>(position_); }

    [[nodiscard]] std::uint64_t bytes_per_s() const { return rate_; }

    /// How long it has stood still though it should move, the time before the first byte included.
    [[nodiscard]] wire::Duration stalled() const { return stalled_; }

  private:
    [[nodiscard]] static std::uint64_t readable_end(ContentState const& content,
                                                    std::uint64_t position, std::uint64_t most);

    double position_ = 0;  ///< between bytes, since little may be read between two calls
    std::uint64_t rate_ = 0;
    wire::Time at_{};
    wire::Duration stalled_{};
};

}  // namespace xfsbus::swarm
