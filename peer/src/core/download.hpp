#pragma once

#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// A source, as the owner of a Download calls it.
enum class SourceId : std::uint64_t {};

/// Decides which chunk of one file is asked of which source, and when a source is given up.
/// A core: it is fed events with the time, and leaves actions to be done; it never reads a clock,
/// a socket or the disk. The owner verifies and writes chunks, and tells.
class Download {
  public:
    struct Limits {
        std::size_t sources_most = 4;                  ///< used at once
        std::uint64_t window_bytes = 8 * 1024 * 1024;  ///< asked of one source, not yet stored
        wire::Duration ping_every = std::chrono::seconds(1);
        wire::Duration silence_most = std::chrono::seconds(3);  ///< then a source is lost
        wire::Duration chunk_patience = std::chrono::seconds(10);
        wire::Duration find_every = std::chrono::seconds(1);
        wire::Duration no_source_most = std::chrono::seconds(5);  ///< then the download fails
        unsigned strikes_most = 3;  ///< requests that a source may fail
    };

    struct File {
        std::uint64_t bytes = 0;
        std::uint32_t chunk_bytes = 0;
        std::uint32_t chunks = 0;

        [[nodiscard]] std::uint32_t length(std::uint32_t chunk) const;
        [[nodiscard]] std::uint64_t offset(std::uint32_t chunk) const;
    };

    struct Candidate {
        SourceId id{};
        std::string endpoint;  ///< "IP:PORT", as the policy and people see it
        std::string labels;
        double latency_ms = 0;
        std::uint32_t load = 0;
        double completeness = 1;
    };

    // ---- what the owner is asked to do ----

    /// Ask this source for these chunks; it may have sent `credit` bytes in all by then.
    struct Ask {
        SourceId source{};
        std::uint64_t credit = 0;
        std::vector<std::uint32_t> chunks;
    };

    /// Ask whether it is still there.
    struct Probe {
        SourceId source{};
    };

    /// This source's part in the transfer has ended.
    struct Drop {
        SourceId source{};
    };

    /// To be done in this order: drops, asks, probes.
    struct Actions {
        std::vector<Ask> asks;
        std::vector<Probe> probes;
        std::vector<Drop> drops;
        bool search = false;  ///< look for sources, report them, then call on_search_done
    };

    /// The selector is called in decisions only and must outlive the download.
    Download(File file, Limits limits, policies::PeerSelector& selector, policies::Rng rng);

    // ---- before the start ----

    /// This chunk is on disk already, verified.
    void have(std::uint32_t chunk);

    // ---- events ----

    void start(wire::Time now);
    /// A source that was lost before begins anew; one that was banned stays so.
    void add_source(wire::Time now, Candidate const& candidate);
    /// The search that was asked for has ended; what it found has been added.
    void on_search_done(wire::Time now);

    enum class Verdict {
        take,  ///< verify it, write it, then call on_stored, on_corrupt or give up
        drop,  ///< nobody asked for it, or it is here already
        lie,   ///< it is not what was asked for; the source has been banned
    };
    [[nodiscard]] Verdict on_chunk(wire::Time now, SourceId source, std::uint32_t chunk,
                                   std::uint64_t offset, std::uint64_t length);
    void on_stored(wire::Time now, SourceId source, std::uint32_t chunk);
    /// Its bytes are not what the manifest says: the source is banned from this download.
    void on_corrupt(wire::Time now, SourceId source, std::uint32_t chunk);
    /// The source ended the transfer. Unless it does not have the content (any more), it may be
    /// tried again later.
    void on_refused(wire::Time now, SourceId source, wire::ErrorCode code,
                    std::string const& reason);
    /// It lives, and is so busy.
    void on_pong(wire::Time now, SourceId source, std::uint32_t load, double latency_ms);
    /// It is known to be gone.
    void on_lost(wire::Time now, SourceId source);
    void on_tick(wire::Time now);

    // ---- answers ----

    /// What is to be done since the last call.
    Actions take_actions();
    /// When on_tick should be called, if nothing else happens.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    [[nodiscard]] bool complete() const { return stored_ == file_.chunks; }

    /// Why the download cannot go on; nullopt while it can.
    [[nodiscard]] std::optional<Error> const& failure() const { return failure_; }

    struct Progress {
        std::uint64_t bytes_stored = 0;  ///< resumed ones included
        std::uint64_t bytes_resumed = 0;
        std::uint64_t chunks_rejected = 0;  ///< corrupt or not what was asked for
        std::uint64_t chunks_surplus = 0;   ///< dropped: not asked for, or there already
        std::size_t sources_active = 0;
    };

    [[nodiscard]] Progress progress() const;

    struct SourceReport {
        std::string endpoint;
        std::uint64_t bytes = 0;  ///< delivered and verified
        std::string state;        ///< "active", "idle", or why it is out
    };

    [[nodiscard]] std::vector<SourceReport> sources() const;

  private:
    enum class State { reserve, active, lost, out };
    enum class ChunkState : std::uint8_t { needed, asked, arrived, stored };

    struct Source {
        Candidate about;
        State state = State::reserve;
        std::map<std::uint32_t, wire::Time> asked;  ///< outstanding chunks: when asked
        std::uint64_t outstanding_bytes = 0;
        std::uint64_t credit = 0;
        std::uint64_t delivered_bytes = 0;
        double rate_bytes_per_s = 0;
        unsigned strikes = 0;
        unsigned revivals = 0;
        bool liar = false;
        std::string why;  ///< why it is out or lost
        wire::Time heard{};
        wire::Time probed{};
        wire::Time delivered{};
        wire::Time measured{};  ///< until when its rate was measured
        std::uint64_t unmeasured_bytes = 0;
    };

    [[nodiscard]] Source* active(SourceId id);
    void advance(wire::Time now);
    void activate(wire::Time now);
    void ask(wire::Time now);
    [[nodiscard]] std::optional<SourceId> choose(wire::Time now, std::uint64_t bytes, State among);
    [[nodiscard]] std::optional<std::uint32_t> next_needed() const;
    void assign(wire::Time now, SourceId id, std::uint32_t chunk);
    void give_back(Source& source, std::uint32_t chunk);
    void retire(wire::Time now, SourceId id, State state, std::string why);
    [[nodiscard]] bool is_late(wire::Time now, Source const& source) const;
    void strike(wire::Time now, SourceId id, Source& source);
    static void measure(Source& source, std::uint64_t bytes, wire::Time now, wire::Time asked);
    void observe(Source const& source, std::uint64_t bytes, wire::Duration elapsed, bool ok);
    void check_sources(wire::Time now);
    void check_supply(wire::Time now);
    void fail();

    [[nodiscard]] bool over() const { return complete() || failure_.has_value(); }

    [[nodiscard]] wire::Duration patience(Source const& source) const;
    [[nodiscard]] policies::SourceView view(SourceId id, Source const& source) const;
    [[nodiscard]] std::size_t count(State state) const;

    File file_;
    Limits limits_;
    policies::PeerSelector& selector_;
    policies::Rng rng_;

    std::vector<ChunkState> chunks_;
    std::uint32_t first_needed_ = 0;  ///< no chunk before it is needed
    std::uint32_t stored_ = 0;
    std::uint64_t unasked_bytes_ = 0;
    std::map<SourceId, Source> sources_;

    bool started_ = false;
    bool searching_ = false;
    bool searched_ = false;                ///< a search has ended
    std::optional<wire::Time> dry_since_;  ///< since when nothing has been on its way
    wire::Time next_search_{};
    std::optional<Error> failure_;
    Progress progress_;
    Actions actions_;
};

}  // namespace xfsbus::peer
