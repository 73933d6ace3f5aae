#pragma once

#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/swarm/chunk_board.hpp>
#include <xfsbus/swarm/chunk_picker.hpp>
#include <xfsbus/swarm/download_actions.hpp>
#include <xfsbus/swarm/download_limits.hpp>
#include <xfsbus/swarm/download_report.hpp>
#include <xfsbus/swarm/download_sources.hpp>
#include <xfsbus/swarm/held_chunks.hpp>
#include <xfsbus/swarm/play_head.hpp>
#include <xfsbus/swarm/small_tables.hpp>
#include <xfsbus/swarm/source_history.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::swarm {

/// A file of fewer chunks is not worth telling each other who has which.
inline constexpr std::uint32_t swarm_chunks_least = 4;

/// Whether sinks and sources of this file tell each other which chunks they have.
inline bool in_swarm(wire::FileLayout const& file) {
    return file.chunks >= swarm_chunks_least;
}

/// Decides which chunk of one file is asked of which source, and when a source is given up.
/// A core: it is fed events with the time, and leaves actions to be done; it never reads a clock,
/// a socket or the disk. The owner verifies and writes chunks, and tells.
///
/// The chunk-order policy says which chunk comes next among those that a source with room has; the
/// peer-selection policy says which of these sources is asked for it. A source is asked for no more
/// than its window, which follows its rate and its round trip. A chunk is asked of one source at a
/// time, save a few at the very end, and those of sources that do not deliver. One that waits may
/// come in for another. Whatever the policy answers, what can be fetched is fetched in the end.
class Download {
  public:
    using File = ChunkBoard::File;
    using Order = ChunkPicker::Order;
    using Candidate = DownloadSource::About;
    using Limits = DownloadLimits;
    using Actions = DownloadActions;
    using Ask = DownloadActions::Ask;
    using Spare = DownloadActions::Spare;
    using Drop = DownloadActions::Drop;
    using Progress = DownloadProgress;

    /// The policies are called in decisions only and must outlive the download.
    struct Policies {
        policies::PeerSelector& selector;
        Order& order;
        std::uint64_t transfer = 0;        ///< what they know this download by
        SourceHistory* history = nullptr;  ///< of all downloads, if there is one; outlives this
    };

    /// `content`: what is here already, and what is stored later; must outlive this.
    Download(ContentState& content, Limits limits, Policies policies, policies::Rng rng);

    // ---- events ----

    void start(wire::Time now);
    /// A source that was lost before begins anew; one that was banned stays so. False: it is not
    /// taken, and no action will name it.
    bool add_source(wire::Time now, Candidate const& candidate);
    /// The search that was asked for has ended; what it found has been added.
    void on_search_done(wire::Time now);

    /// It lives.
    struct Vitals {
        std::uint32_t load = 0;
        double latency_ms = 0;
    };

    /// What a source says. With a Refused it ends the transfer. Unless it does not have the content
    /// (any more), it may be tried again later; one that is busy is waited for as long as it says
    /// so.
    using Word = std::variant<wire::Have, wire::Refused, Vitals>;
    void on_word(wire::Time now, SourceId source, Word const& word);

    enum class Verdict {
        take,  ///< verify it, write it, then call on_checked or give up
        drop,  ///< nobody asked for it, or it is here already
        lie,   ///< it is not what was asked for; the source has been banned
    };
    [[nodiscard]] Verdict on_chunk(wire::Time now, SourceId source, std::uint32_t chunk,
                                   std::uint64_t offset, std::uint64_t length);

    enum class Check {
        stored,
        corrupt,  ///< not what the manifest says: the source is banned from this download
    };
    void on_checked(wire::Time now, SourceId source, std::uint32_t chunk, Check check);

    void on_tick(wire::Time now);
    /// Somebody reads the file while it comes, from this byte on, at this rate; 0: the head stays
    /// there until the next call. The order of chunks sees it. So many bytes from the head on are
    /// asked for before all else, whatever the order says.
    void play(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s,
              std::uint64_t ahead_bytes = 0);

    // ---- answers ----

    /// What is to be done since the last call.
    Actions take_actions();
    /// When on_tick should be called, if nothing else happens.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;
    [[nodiscard]] Progress progress(wire::Time now) const;

    [[nodiscard]] DownloadSources const& sources() const { return sources_; }

  private:
    /// How long a source may take to say what it offers.
    static constexpr wire::Duration word_most = std::chrono::milliseconds(500);
    /// If nothing is under way for so long though it could be, the policy is overruled.
    static constexpr wire::Duration indulgence = std::chrono::seconds(2);
    static constexpr std::size_t questions_most = 32;  ///< put to the policy at one event
    /// While candidates wait it is looked so often whether one comes in for another.
    static constexpr wire::Duration replace_every = std::chrono::milliseconds(500);
    /// No more often is the order shown another play head, since all chunks are ranked for it.
    static constexpr wire::Duration play_every = std::chrono::milliseconds(100);
    using Source = DownloadSource;
    using State = DownloadSource::State;
    using ChunkState = ChunkBoard::State;

    [[nodiscard]] Source* active(SourceId id);
    [[nodiscard]] DownloadSource::Window window() const;

    // what is asked of whom
    [[nodiscard]] Source* add(Candidate const& candidate);
    void on(wire::Time now, SourceId source, wire::Have const& have);
    void on(wire::Time now, SourceId source, wire::Refused const& refused);
    void on(wire::Time now, SourceId source, Vitals const& vitals);
    void on_stored(wire::Time now, SourceId source, std::uint32_t chunk);
    void on_corrupt(wire::Time now, SourceId source, std::uint32_t chunk);
    void take_has(wire::Time now, Source& source, ChunkSet has);
    void take_late_has(wire::Time now);
    void take_gained(wire::Time now, Source& source, std::vector<std::uint32_t> const& chunks);
    void advance(wire::Time now);
    void go_on(wire::Time now);
    void activate(wire::Time now);
    [[nodiscard]] std::vector<Source*> candidates();
    void replace(wire::Time now);
    bool replace_one(wire::Time now);
    [[nodiscard]] bool may_replace() const;
    void give_way(wire::Time now, Source& source);
    void put_to_work(wire::Time now, Source& source);
    void ask(wire::Time now);
    bool ask_next(wire::Time now, std::vector<Source*> const& open);
    void ask_for_held(wire::Time now);
    void show_play_head(wire::Time now);
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool may_ask(Source const& source) const;
    [[nodiscard]] bool is_worth_asking(Source const& source) const;
    [[nodiscard]] bool is_trusted(Source const& source) const;
    [[nodiscard]] bool awaits_word(Source const& source) const;
    void ask_again(wire::Time now);
    void ask_other_too(wire::Time now, std::uint32_t chunk);
    void ask_for_stuck(wire::Time now, std::uint32_t chunk);
    void ask_one_too(wire::Time now, std::uint32_t chunk, std::vector<Source*> const& some);
    void assign(wire::Time now, Source& source, std::uint32_t chunk);
    Ask& ask_of(SourceId id);

    // what the policy is asked: download_questions.cpp
    [[nodiscard]] policies::Answer put(wire::Time now, std::uint32_t purpose,
                                       std::optional<std::uint32_t> chunk,
                                       std::vector<policies::SourceView> const& shown);
    [[nodiscard]] policies::Answer overruled(policies::RequestView const& request,
                                             std::vector<policies::SourceView> const& shown);
    void overrule(wire::Time now);
    void set_limits(wire::Time now);
    [[nodiscard]] bool decides(std::uint32_t purpose) const;
    [[nodiscard]] Source* choose_to_admit(wire::Time now, std::vector<Source*> const& candidates);
    [[nodiscard]] Source* choose_to_ask_too(wire::Time now, std::uint32_t chunk,
                                            std::vector<Source*> const& some);
    [[nodiscard]] policies::Answer choose_to_ask(wire::Time now, std::uint32_t chunk);
    void show_for(wire::Time now, std::uint32_t chunk);
    void show_again(wire::Time now, Source const& source);
    [[nodiscard]] std::vector<policies::SourceView> show(
        wire::Time now, std::vector<Source*> const& candidates) const;
    [[nodiscard]] ChunkSet sole_chunks() const;
    [[nodiscard]] wire::Time again_at(wire::Time now, policies::Answer const& answer) const;

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
    void remember(wire::Time now, Source const& source) const;
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
    [[nodiscard]] bool refreshes() const;
    [[nodiscard]] bool has_enough_sources() const;
    [[nodiscard]] bool has_usable() const;
    [[nodiscard]] wire::Time sources_due() const;
    void fail();

    [[nodiscard]] bool over() const { return content_.complete() || failure_.has_value(); }

    [[nodiscard]] policies::RequestView request(wire::Time now, std::uint32_t purpose,
                                                std::optional<std::uint32_t> chunk) const;
    [[nodiscard]] policies::SourceView view(wire::Time now, Source const& source) const;
    [[nodiscard]] bool has_needed(Source const& source) const;

    [[nodiscard]] bool in_swarm() const { return swarm::in_swarm(board_.file()); }

    /// Of the sources in use those that are to stay.
    [[nodiscard]] std::size_t places_used() const {
        return sources_.count(State::active) - sources_.leaving();
    }

    /// All that may be asked for has been: what the policy holds back does not count.
    [[nodiscard]] bool at_the_end() const {
        return (board_.needed().empty() || only_held_) && !content_.complete();
    }

    [[nodiscard]] wire::Duration again_after(Source const& source) const;
    [[nodiscard]] wire::Duration stuck_after() const;

    ContentState& content_;
    Limits limits_;
    policies::PeerSelector& selector_;
    std::uint64_t transfer_;
    policies::Rng rng_;
    ChunkBoard board_;
    ChunkPicker picker_;
    DownloadSources sources_;
    SourceHistory* history_;
    HeldChunks held_;
    HeldChunks held_copies_;                     ///< chunks that need not be asked of another now
    std::vector<policies::SourceView> shown_;    ///< the sources in use, at this event
    ChunkSet available_;                         ///< scratch: what can be asked for
    std::vector<policies::SourceView> scratch_;  ///< for what pick is shown
    wire::Time now_{};                           ///< of the last event
    std::size_t questions_ = 0;                  ///< put to the policy at this event
    bool only_held_ = false;                     ///< all that is still needed is held back
    std::optional<wire::Time> unwanted_since_;   ///< since when the policy has wanted nobody
    bool overruled_ = false;                     ///< that was too long
    wire::Time admit_again_{};                   ///< it wants nobody until then
    wire::Time next_replace_{};
    wire::Time next_limits_{};
    wire::Time refresh_at_{};
    std::optional<std::uint64_t> outstanding_said_;  ///< by the policy: the most in all
    PlayHead play_head_;
    std::uint64_t ahead_bytes_ = 0;  ///< of it that come before all else
    wire::Time next_play_{};         ///< then the order may see another head
    std::uint64_t outstanding_bytes_ = 0;
    SmallSet<std::uint32_t> twice_;              ///< chunks asked of more than one source
    SmallMap<std::uint32_t, SourceId> arrived_;  ///< being verified and written: whose they are

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
    wire::Time next_check_{};                        ///< of the sources
    mutable std::optional<wire::Time> sources_due_;  ///< until what it follows from changes
    wire::Time next_look_{};  ///< at the end, and while nothing comes: what may be asked for now
    wire::Duration search_pause_{};
    std::optional<Error> failure_;
    Progress progress_;
    Actions actions_;
};

}  // namespace xfsbus::swarm
