#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::console {

/// A source got a place among those in use, or lost it.
struct PlaceChange {
    double seconds = 0;  ///< since the transfer began
    bool came = false;
    std::string other;  ///< for whom it came in, or to whom it gave way; empty: a place was free
};

/// One source's part in a transfer.
struct SourceStory {
    std::uint64_t chunks = 0;  ///< that it delivered, and nobody before it
    std::uint64_t bytes = 0;
    std::uint64_t chosen = 0;  ///< for a chunk
    std::uint64_t alone = 0;   ///< of these, when there was no other to choose
    // Of the others, when of all that could be chosen it had
    std::uint64_t nearest = 0;      ///< the lowest latency
    std::uint64_t fastest = 0;      ///< the highest rate that was known
    std::uint64_t least_asked = 0;  ///< the fewest bytes under way
    std::uint64_t waited_for = 0;
    std::uint64_t unasked = 0;                      ///< outcomes without a decision
    std::map<std::string, std::uint64_t> failures;  ///< by the reason, but for "duplicate"
    std::uint64_t duplicates = 0;
    std::vector<PlaceChange> places;
};

/// The download of one file, as a trace tells it.
struct TransferStory {
    std::uint64_t transfer = 0;
    std::string name;
    std::uint64_t others = 0;  ///< small files that came with it; the figures are those of all
    /// Of these, itself among them, that were not what they should be, and were fetched again.
    std::uint64_t damaged = 0;
    bool is_damaged = false;         ///< it was one of them
    std::uint64_t stored_bytes = 0;  ///< of the others, where some were damaged
    std::uint64_t bytes = 0;
    std::uint64_t chunks = 0;
    std::uint64_t chunks_here = 0;      ///< from an earlier try
    std::uint64_t began_us = 0;         ///< since the trace did
    std::uint64_t last_us = 0;          ///< the last that is known of it
    std::vector<std::string> policies;  ///< that decided, in words, in their order
    std::uint64_t decisions = 0;
    std::uint64_t alone = 0;        ///< of these about a chunk, with one candidate only
    std::uint64_t about_chunk = 0;  ///< decisions about a chunk
    std::uint64_t nobody = 0;
    std::uint64_t by_default = 0;
    std::uint64_t cost_ns = 0;
    std::map<std::string, SourceStory> sources;  ///< by their endpoints
};

/// Keeps what the records of a trace say of the downloads of one name. A core.
class TraceReader {
  public:
    explicit TraceReader(std::string name);
    ~TraceReader();
    TraceReader(TraceReader const&) = delete;
    TraceReader& operator=(TraceReader const&) = delete;

    /// Takes the next line, without its end. Errc::failed if it is no record of a trace.
    Status take(std::string_view line);

    /// The downloads of this name, in the order in which they began.
    [[nodiscard]] std::vector<TransferStory> const& transfers() const { return transfers_; }

    /// Names of which the trace has downloads.
    [[nodiscard]] std::vector<std::string> const& names() const { return names_; }

    /// How many records were dropped; nullopt: the trace was cut off.
    [[nodiscard]] std::optional<std::uint64_t> dropped() const { return dropped_; }

  private:
    class Records;  ///< takes records, each in its own way

    std::string name_;
    bool begun_ = false;
    std::string policy_;  ///< that decides, in words
    std::vector<TransferStory> transfers_;
    std::vector<std::string> names_;
    std::optional<std::uint64_t> dropped_;
    /// How often a source was chosen for a chunk and has not answered yet, by transfer.
    std::map<std::uint64_t, std::map<std::pair<std::uint64_t, std::string>, std::uint64_t>> asked_;
};

}  // namespace xfsbus::console
