#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/swarm/download.hpp>
#include <xfsbus/swarm/sorted_table.hpp>
#include <xfsbus/swarm/throttle.hpp>
#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xfsbus::swarm {

/// One file's download as its sources and the tracker see it: the transfers that are open, what is
/// asked over them, who is told what has come, and when. Download decides about chunks and sources;
/// all rules between it and the messages stand here, and are the same in a peer and in a
/// simulation.
///
/// A core: it is fed events with the time, and leaves actions. The owner has the connections, the
/// disk and the clock: after each event, and when next_deadline() has come (by on_tick), it does
/// what take_actions() says. One thread.
class SinkSession {
  public:
    using Candidate = Download::Candidate;

    struct Options {
        Download::Limits limits{};
        std::uint64_t bytes_per_second = 0;  ///< of this file; 0: no limit
        std::uint16_t data_port = 0;         ///< where chunks are to go
        /// Small contents that are fetched as one of a single chunk, whose id is that of the first.
        std::vector<wire::ContentId> bundle{};
    };

    /// Sources that the tracker is asked for at first; more when there is a use for them.
    static constexpr std::uint32_t sources_first = 32;

    /// What it needs of its owner. All must outlive it.
    struct Owner {
        Throttle& throttle;  ///< of all downloads; the owner runs it
        /// Of a new transfer. Nobody else can guess it.
        std::function<wire::TransferId()> new_transfer;
        /// There are actions, though no event was fed.
        std::function<void()> on_actions;
    };

    /// A transfer that is over.
    struct Close {
        wire::TransferId transfer;
        bool corrupt = false;  ///< since bytes came that are not those of the content
        bool tell = true;      ///< false: the source knows, since it has ended it
    };

    struct Send {
        SourceId to{};
        std::variant<wire::Want, wire::Have, Close> what;
    };

    /// A source that was in use and is not any more.
    struct Lost {
        SourceId source{};
        std::string why;
    };

    /// To be done in the order of the members.
    struct Actions {
        std::vector<Lost> lost;   ///< for the log
        std::vector<Send> sends;  ///< in their order
        std::vector<SourceId>
            forgotten;                 ///< nothing is sent to them any more: let go of their links
        std::vector<SourceId> probes;  ///< ask whether they are there, and how they are
        std::optional<std::uint32_t> announce_ppm;  ///< tell the tracker that so much is here
        bool search = false;  ///< add sources that are found, then call on_search_done
    };

    /// `content`, `policies`: must outlive it. What is in `content` now was there before.
    SinkSession(ContentState& content, Options const& options, Download::Policies policies,
                policies::Rng rng, Owner owner);

    // ---- events ----
    /// False: it is not taken, and no action will name it. Before the start, too.
    bool add_source(wire::Time now, Candidate const& candidate);
    /// `serves`: the port at which what is here is served; 0: it is not.
    void start(wire::Time now, std::uint16_t serves);
    void on_search_done(wire::Time now);

    /// Its connection is gone, and its transfer with it.
    struct Gone {};

    /// What is heard of a source; what a Refused says is escaped. False: it is of no transfer that
    /// is open, and means nothing.
    using Word = std::variant<wire::Have, wire::Refused, Download::Vitals, Gone>;
    bool on_word(wire::Time now, SourceId source, Word const& word);

    /// Verify what is to be taken, store it, then call on_checked.
    [[nodiscard]] Download::Verdict on_chunk(wire::Time now, SourceId source,
                                             wire::ChunkHeader const& header, std::uint64_t bytes);
    void on_checked(wire::Time now, SourceId source, std::uint32_t chunk, Download::Check check);

    void on_tick(wire::Time now);
    /// As Download::play.
    void play(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s,
              std::uint64_t ahead_bytes = 0);

    // ---- answers ----
    Actions take_actions();
    /// Ends all transfers, since the download is over.
    Actions end();
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    [[nodiscard]] Download const& download() const { return download_; }

  private:
    /// What is said to one source.
    struct Conversation {
        std::optional<wire::TransferId> transfer{};  ///< while open
        std::size_t wants = 0;                       ///< sent for it
        bool refused = false;                        ///< the source has ended it
        bool complete = false;                       ///< it has the whole file
        bool corrupt = false;                        ///< it sent what is not of this content
    };

    [[nodiscard]] Download::Limits limits(Options const& options) const;
    [[nodiscard]] Conversation* conversation_of(SourceId source);
    [[nodiscard]] bool is_open(SourceId source, wire::TransferId const& transfer) const;
    bool on(SourceId source, wire::Have const& have);
    bool on(SourceId source, wire::Refused const& refused);
    bool on(SourceId source, Download::Vitals const& vitals);
    bool on(SourceId source, Gone const& gone);
    template <typename Message>
    void send(SourceId to, Message message);
    void forget(SourceId source);
    void drop(Download::Drop const& drop);
    void close(SourceId source, Conversation& conversation);
    void ask(Download::Ask const& ask);
    void ask_slowly(Download::Ask const& ask, wire::TransferId const& transfer);
    void want(Download::Ask ask, wire::TransferId const& transfer);
    void tell_all(SourceId source, Conversation const& conversation);
    void tell(SourceId source, Conversation const& conversation, std::vector<std::uint32_t> chunks);
    void tell_gained();
    void announce();

    ContentState& content_;
    Owner owner_;
    std::uint16_t data_port_;
    std::vector<wire::ContentId> bundle_;
    std::uint16_t serves_ = 0;
    Throttle throttle_;  ///< of this file alone
    Download download_;
    SortedTable<SourceId, Conversation> conversations_;
    Actions actions_;
    wire::Time now_{};                   ///< of the last event
    std::vector<std::uint32_t> gained_;  ///< to be told to sources
    std::optional<wire::Time> tell_at_;
    std::uint32_t announced_ppm_ = 0;
    /// Expired once this is gone: what waits in the throttle of all downloads looks first.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A sink of the same content, which has just asked us for it, and serves what it has.
void add_fellow(SinkSession& session, wire::Time now, SourceId id, std::string endpoint);

}  // namespace xfsbus::swarm
