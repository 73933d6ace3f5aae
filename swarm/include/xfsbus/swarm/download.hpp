#pragma once

#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/swarm/chunk_board.hpp>
#include <xfsbus/swarm/download_limits.hpp>
#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// Decides which chunk of one file is asked of which source, and when a source is given up.
/// A core: it is fed events with the time, and leaves actions to be done; it never reads a clock,
/// a socket or the disk. The owner verifies and writes chunks, and tells.
///
/// The chunk-order policy says which chunk comes next among those that a source with room has; the
/// peer-selection policy says which of these sources is asked for it. A source is asked for no more
/// than its window, which follows its rate and its round trip. A chunk is asked of one source at a
/// time, save a few at the very end, and those of sources that do not deliver.
class Download {
  public:
    using File = ChunkBoard::File;
    using Order = ChunkBoard::Order;
    using Candidate = DownloadSource::About;

    /// A file of fewer chunks is not worth telling each other who has which.
    static constexpr std::uint32_t swarm_chunks_least = 4;

    /// Whether sinks and sources of this file tell each other which chunks they have.
    [[nodiscard]] static bool in_swarm(File const& file) {
        return file.chunks >= swarm_chunks_least;
    }

    using Limits = DownloadLimits;

    // ---- what the owner is asked to do ----

    /// Ask this source for these chunks; it may have sent `credit` bytes in all by then. Without
    /// chunks: open the transfer, so that the source tells what it has.
    struct Ask {
        SourceId source{};
        std::uint64_t credit = 0;
        std::vector<std::uint32_t> chunks;
    };

    /// Ask whether it is still there.
    struct Probe {
        SourceId source{};
    };

    /// These were asked of this source, too, and have come from another: it need not send them.
    struct Spare {
        SourceId source{};
        std::vector<std::uint32_t> chunks;
    };

    /// This source's part in the transfer has ended, for now at least.
    struct Drop {
        SourceId source{};
        /// Nothing will be asked of it any more, unless it is found again: let its link go.
        bool for_good = false;
    };

    /// To be done in this order.
    struct Actions {
        std::vector<Drop> drops;
        std::vector<Spare> spares;
        std::vector<Ask> asks;
        std::vector<Probe> probes;
        bool search = false;  ///< look for sources, report them, then call on_search_done
    };

    /// The policies are called in decisions only and must outlive the download.
    struct Policies {
        policies::PeerSelector& selector;
        Order& order;
        std::uint64_t transfer = 0;  ///< what they know this download by
    };

    /// `content`: what is here already, and what is stored by and by; must outlive this.
    Download(ContentState& content, Limits limits, Policies policies, policies::Rng rng);

    // ---- events ----

    void start(wire::Time now);
    /// A source that was lost before begins anew; one that was banned stays so. False: it is not
    /// taken, and no action will name it.
    bool add_source(wire::Time now, Candidate const& candidate);
    /// The search that was asked for has ended; what it found has been added.
    void on_search_done(wire::Time now);

    /// All that the source offers, as it says.
    void on_has(wire::Time now, SourceId source, ChunkSet has);
    /// It has gained these.
    void on_gained(wire::Time now, SourceId source, std::vector<std::uint32_t> const& chunks);

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
    /// tried again later. One that is busy is waited for as long as it says so.
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

    [[nodiscard]] bool complete() const { return board_.complete(); }

    /// Why the download cannot go on; nullopt while it can.
    [[nodiscard]] std::optional<Error> const& failure() const { return failure_; }

    struct Progress {
        std::uint64_t bytes_stored = 0;  ///< resumed ones included
        std::uint64_t bytes_resumed = 0;
        std::uint64_t chunks_rejected = 0;     ///< corrupt or not what was asked for
        std::uint64_t chunks_surplus = 0;      ///< dropped: not asked for, or there already
        std::uint64_t bytes_duplicate = 0;     ///< of these
        std::uint64_t chunks_asked_twice = 0;  ///< at the end
        std::size_t sources_active = 0;
        bool changed = false;     ///< a source said that it is gone, or sent something else
        wire::Duration waited{};  ///< time in which nothing was on its way
    };

    [[nodiscard]] Progress progress(wire::Time now) const;

    struct SourceReport {
        SourceId id{};
        std::string endpoint;
        std::uint64_t bytes = 0;  ///< delivered and verified
        std::uint64_t bytes_duplicate = 0;
        std::uint32_t chunks_rejected = 0;
        double bytes_per_second = 0;
        std::uint64_t window_bytes = 0;
        std::uint64_t outstanding_bytes = 0;
        std::string state;  ///< "active", "idle", "busy, asked again in 1.5 s", or why it is out
        DownloadSource::State standing{};
        bool is_busy = false;  ///< that is why it rests
    };

    [[nodiscard]] std::vector<SourceReport> sources(wire::Time now) const;

    /// Bytes and chunks asked of this source and not settled. For the owner's own checks.
    [[nodiscard]] DownloadSource const* find(SourceId source) const;

  private:
    /// How long a source may take to say what it offers.
    static constexpr wire::Duration word_most = std::chrono::milliseconds(500);
    using Source = DownloadSource;
    using State = DownloadSource::State;
    using ChunkState = ChunkBoard::State;
    using Sources = std::map<SourceId, Source>;

    [[nodiscard]] Source* active(SourceId id);
    [[nodiscard]] DownloadSource::Window window() const;

    // what is asked of whom
    [[nodiscard]] bool make_place(Candidate const& candidate);
    [[nodiscard]] Sources::iterator least_promising(Candidate const& candidate);
    void forget_source(Sources::iterator source);
    void take_has(wire::Time now, Source& source, ChunkSet has);
    void take_late_has(wire::Time now);
    void advance(wire::Time now);
    void go_on(wire::Time now);
    void activate(wire::Time now);
    void put_to_work(wire::Time now, Source& source);
    void ask(wire::Time now);
    bool ask_next(wire::Time now, std::vector<Source*> const& open);
    [[nodiscard]] bool may_ask(Source const& source) const;
    [[nodiscard]] bool is_trusted(Source const& source) const;
    [[nodiscard]] bool awaits_word(Source const& source) const;
    void ask_again(wire::Time now);
    void ask_other_too(wire::Time now, std::uint32_t chunk);
    void ask_for_stuck(wire::Time now, std::uint32_t chunk);
    void ask_one_too(wire::Time now, std::uint32_t chunk, std::vector<Source*> const& some);
    [[nodiscard]] bool is_stuck(wire::Time now, Source const& source) const;
    [[nodiscard]] Source* choose(wire::Time now, std::uint32_t purpose,
                                 std::optional<std::uint32_t> chunk, std::vector<Source*> eligible);
    void assign(wire::Time now, Source& source, std::uint32_t chunk);
    Ask& ask_of(SourceId id);

    // whether they deliver
    void check_sources(wire::Time now);
    void check(wire::Time now, Source& source);
    void make_room(wire::Time now);
    [[nodiscard]] bool is_late(wire::Time now, Source const& source) const;
    [[nodiscard]] bool others_have(Source const& source, std::uint32_t chunk) const;
    [[nodiscard]] wire::Duration patience(Source const& source) const;
    [[nodiscard]] wire::Duration longer(wire::Duration patience, Source const& source) const;
    void strike(wire::Time now, SourceId id, Source& source);
    void rest(wire::Time now, SourceId id, Source& source, std::string why, std::uint32_t outcome);
    void rest_busy(wire::Time now, SourceId id, Source& source, std::string why);
    void retire(wire::Time now, SourceId id, State state, std::string why, std::uint32_t outcome);
    void give_back(wire::Time now, Source& source, std::uint32_t outcome);
    void drop_for_good(SourceId id);
    void settle(wire::Time now, Source& source, std::uint32_t chunk, std::uint32_t outcome);
    void note_duplicate(Source& source, std::uint64_t bytes);
    void forget(wire::Time now, Source& source, std::uint32_t chunk);
    void spare_others(wire::Time now, std::uint32_t chunk);
    [[nodiscard]] bool has_brought(SourceId id, std::uint32_t chunk) const;
    void reopen(std::uint32_t chunk);

    // whether anything can come
    void check_supply(wire::Time now);
    [[nodiscard]] bool waits_for_busy(wire::Time now) const;
    [[nodiscard]] bool gives_up(wire::Time now) const;
    [[nodiscard]] wire::Time dry_until() const;
    [[nodiscard]] bool searches() const;
    void fail();

    [[nodiscard]] bool over() const { return complete() || failure_.has_value(); }

    [[nodiscard]] policies::RequestView request(wire::Time now, std::uint32_t purpose,
                                                std::optional<std::uint32_t> chunk) const;
    [[nodiscard]] policies::SourceView view(wire::Time now, Source const& source) const;

    [[nodiscard]] static std::uint64_t micros(wire::Duration duration) {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
    }

    void set_state(Source& source, State state);

    [[nodiscard]] std::size_t count(State state) const {
        return counts_[static_cast<std::size_t>(state)];
    }

    [[nodiscard]] bool has_needed(Source const& source) const {
        return board_.needed().intersects(source.has);
    }

    [[nodiscard]] bool in_swarm() const { return in_swarm(board_.file()); }

    /// With so many that can be used there is no need to look for more.
    [[nodiscard]] std::size_t enough_sources() const { return 2 * limits_.sources_most; }

    [[nodiscard]] bool at_the_end() const { return board_.needed().empty() && !complete(); }

    [[nodiscard]] wire::Duration again_after(Source const& source) const;
    [[nodiscard]] wire::Duration stuck_after() const;

    ContentState& content_;
    Limits limits_;
    policies::PeerSelector& selector_;
    std::uint64_t transfer_;
    policies::Rng rng_;
    ChunkBoard board_;
    Sources sources_;
    std::vector<Source*> active_;          ///< in the order of their ids
    std::array<std::size_t, 5> counts_{};  ///< of sources in each state
    std::uint64_t outstanding_bytes_ = 0;
    std::deque<SourceId> banned_;    ///< of those that are not known any more, the last one last
    std::set<std::uint32_t> twice_;  ///< chunks asked of more than one source
    std::map<std::uint32_t, SourceId> arrived_;  ///< being verified and written: whose they are

    bool started_ = false;
    bool meets_others_ = false;  ///< there are peers that fetch the same
    bool searching_ = false;
    bool searched_ = false;                ///< a search has ended
    bool search_is_fresh_ = false;         ///< no source has been lost since
    bool searched_while_busy_ = false;     ///< soon, since nothing came; then ever more seldom
    std::optional<wire::Time> dry_since_;  ///< since when nothing has been on its way
    wire::Duration waited_{};
    wire::Time busy_{};  ///< when a source last said that it is busy
    wire::Time news_{};  ///< when a source last gained something, or a chunk was stored
    wire::Time next_search_{};
    wire::Time next_check_{};  ///< of the sources
    wire::Time next_look_{};   ///< at the end, and while nothing comes: what may be asked for now
    wire::Duration search_pause_{};
    std::optional<Error> failure_;
    Progress progress_;
    Actions actions_;
};

}  // namespace xfsbus::swarm
