#pragma once

#include <xfsbus/swarm/chunk_set.hpp>
#include <xfsbus/swarm/rate_limit.hpp>
#include <xfsbus/swarm/rate_meter.hpp>
#include <xfsbus/swarm/small_tables.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace xfsbus::swarm {

/// A source, as the owner of a Download calls it.
enum class SourceId : std::uint64_t {};

/// As policies see time.
inline std::uint64_t micros(wire::Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

/// What a Download knows of one source. Part of Download.
struct DownloadSource {
    struct About {
        SourceId id{};
        std::string endpoint;  ///< "IP:PORT", as the policy and people see it
        std::string labels;
        double latency_ms = 0;
        std::uint32_t load = 0;
        double completeness = 1;  ///< of the file, as the tracker knows
    };

    enum class State {
        reserve,  ///< known, not used
        active,
        resting,  ///< did not deliver, or is busy; comes back to the reserve after a while
        lost,     ///< gone; comes back if it is found again
        out,      ///< not used any more
    };

    /// A chunk that was asked of it.
    struct Asked {
        wire::Time since{};
        std::uint64_t queued_bytes = 0;  ///< outstanding before it
        std::uint32_t queued = 0;        ///< chunks that made these up
    };

    /// What an earlier download has found of it.
    struct KnownBefore {
        double bytes_per_second = 0;
        wire::Time at{};
    };

    struct Window {
        std::uint32_t chunk_bytes = 0;
        std::uint64_t most = 0;
        /// Somebody waits for what is asked next: little is to stand before it.
        bool hurried = false;
    };

    /// Chunks a second of which a source may say that it has them, or has not any more, after a
    /// change is taken at once: each makes the order of chunks be thought over.
    static constexpr std::uint64_t changes_per_second = 200'000;

    DownloadSource(std::uint32_t chunks, Window its_window) : has(chunks), window(its_window) {}

    /// Whether it is in use, and not about to go.
    [[nodiscard]] bool stays() const { return state == State::active && !leaving; }

    /// The most bytes that may be asked of it and not be stored: what is on the way at its rate
    /// (twice, so that a rate that grows is not held back), and a little to keep it busy. At least
    /// two chunks. Where one is hurried, no more than it has brought: the rate of the first chunks
    /// is that of a burst.
    [[nodiscard]] std::uint64_t window_bytes() const;
    [[nodiscard]] bool has_room(std::uint64_t bytes) const;
    /// Whether so much of the window is free that a message is worth sending: a message for each
    /// chunk wakes threads at both ends, which costs more than what the message says. `left_bytes`:
    /// all that could be asked for.
    [[nodiscard]] bool is_worth_asking(std::uint64_t left_bytes) const;

    void note_asked(wire::Time now, std::uint32_t chunk, std::uint64_t bytes);
    /// It is not outstanding any more; it was.
    void note_settled(wire::Time now, std::uint32_t chunk, std::uint64_t bytes);

    // What is looked at with every chunk and every word of any source stands first, side by side.
    State state = State::reserve;
    unsigned strikes = 0;   ///< times that it did not deliver, since it last did
    bool has_told = false;  ///< what it offers, by a Have, not just by the tracker
    bool is_mute = false;   ///< it has not told for so long that it is not waited for
    bool leaving = false;   ///< it is active, but gives way: nothing more is asked of it
    bool is_busy = false;   ///< that is why it rests
    wire::Time heard{};
    wire::Time probed{};
    wire::Time opened{};  ///< when it was put to work
    wire::Time delivered{};
    wire::Time useful{};  ///< when it last had something that we need
    std::uint64_t outstanding_bytes = 0;
    std::uint64_t delivered_bytes = 0;
    RateMeter rate{std::chrono::seconds(1)};
    SmallMap<std::uint32_t, Asked> asked;  ///< outstanding chunks
    About about;
    ChunkSet has;                       ///< what it offers, as far as we know
    std::optional<ChunkSet> will_have;  ///< what it said since, too soon after another change
    RateLimit changes{changes_per_second};
    Window window;
    std::optional<std::uint64_t> window_said;  ///< by the policy
    wire::Time completeness_at{};              ///< when it was last said how much it has
    std::optional<KnownBefore> known_before;
    SmallSet<std::uint32_t> spared;  ///< asked for, come from another, perhaps on their way
    std::uint64_t credit = 0;
    std::uint64_t duplicate_bytes = 0;
    std::uint32_t chunks_rejected = 0;
    unsigned failures = 0;  ///< times that it did not deliver
    unsigned busies = 0;    ///< times that it was busy, since it last delivered
    unsigned revivals = 0;  ///< times that it was lost and found, since it last delivered
    bool liar = false;
    bool unreached = false;  ///< it could not connect to us when it was asked last
    std::string why;         ///< why it is resting, lost or out
    wire::Time rests_until{};
};

}  // namespace xfsbus::swarm
