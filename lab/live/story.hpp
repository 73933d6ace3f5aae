#pragma once

#include "tally/timeline.hpp"

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::lab::live {

/// What came to a peer from one source.
struct Received {
    std::uint64_t bytes = 0;
    std::uint64_t duplicate = 0;
};

/// What a peer's program has told of itself so far. Times are since the beginning of the run.
struct Told {
    bool ready = false;
    bool listed = false;  ///< the tracker knows what it shares
    std::optional<wire::Duration> first_chunk{};
    tally::Quarters quarters{};
    tally::Timeline stored{tally::Timeline::step_of_progress};  ///< bytes, as it told of them
    std::optional<wire::Duration> completed{};
    std::string failure{};  ///< why it could not get the content, for a terminal; empty: none
    std::uint64_t bytes_down = 0;
    std::size_t answers = 0;                     ///< to `status`
    std::optional<std::uint64_t> bytes_sent{};   ///< as of the last of them
    std::map<std::string, Received> received{};  ///< by the address of the source

    /// Its download is over, in whatever way.
    [[nodiscard]] bool over() const { return completed || !failure.empty(); }
};

/// Reads what a peer writes to stdout, with --json. A core: it is handed text and time. For one
/// thread.
class Story {
  public:
    /// `content_bytes`: what it is to fetch.
    explicit Story(std::uint64_t content_bytes) : content_bytes_(content_bytes) {}

    /// Takes what was read, of which the last line may not be whole. Lines that are no event, which
    /// a plug-in may have written, are passed over. Errc::failed: an event lacks what it should
    /// have, or a line is longer than any event. Errc::plugin: a policy has failed, so that what
    /// the peer does from now on says nothing of it.
    Status take(std::string_view text, wire::Duration now);

    [[nodiscard]] Told const& told() const { return told_; }

  private:
    std::uint64_t content_bytes_;
    std::string rest_;  // of a line that is not whole
    Told told_;
};

}  // namespace xfsbus::lab::live
