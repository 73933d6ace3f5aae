#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::swarm {

/// Whom a push of one or several files asks, and when: each peer for a few files at a time, again
/// and again how it stands, until it has the file, cannot have it, or is given up. That a peer says
/// it has a file is not enough: asked once more, it has to say that it has all of this content.
///
/// What others say can make nothing here grow beyond the limits, and each question has an end: a
/// peer that does not answer is given up after the patience, one that gets no further after
/// `stalled_most`. A core.
class PushPlan {
  public:
    static constexpr std::size_t files_at_once = 8;  ///< that one peer is asked to fetch
    static constexpr std::size_t peers_most = 100'000;
    static constexpr std::size_t pairs_most = 1'000'000;  ///< files times peers
    static constexpr std::size_t open_most = 64 * 1024;   ///< pairs that are asked again and again
    static constexpr std::size_t reason_bytes = 256;
    /// How often a peer is asked how it stands; less often where many are.
    static constexpr auto poll_least = std::chrono::milliseconds(500);
    static constexpr auto poll_most = std::chrono::seconds(5);
    static constexpr auto poll_each = std::chrono::milliseconds(2);
    /// A peer that does not answer is asked again after so long.
    static constexpr auto again_every = std::chrono::seconds(1);
    /// A peer that has got no chunk more for so long is given up, whatever it says.
    static constexpr auto stalled_most = std::chrono::minutes(10);
    /// How often a peer may say that it has the file, and not confirm it.
    static constexpr unsigned doubts_most = 5;
    /// How often one that was away and is back may begin anew, without that counting as stalled.
    static constexpr unsigned returns_most = 3;

    struct File {
        std::uint64_t size = 0;
        std::set<wire::Endpoint> holders = {};  ///< that are said to have it: they are asked first
    };

    struct Options {
        std::optional<std::size_t> number;  ///< how many shall have each file; nullopt: all
        wire::Duration patience{};          ///< so long a peer may be away
        std::vector<File> files;
    };

    enum class State { asking, waiting, fetching, there, failed, refused };

    /// A peer and a file.
    struct Row {
        std::size_t peer = 0;  ///< number of the peer
        State state = State::asking;
        std::uint64_t bytes = 0;
        wire::Time since{};
        wire::Time until{};  ///< as long as it is not over: the last time it was looked at
        std::string reason = {};
    };

    using PairId = std::uint64_t;

    /// A question to a peer; on_no_room() or on_answer() has to follow, once.
    struct Ask {
        PairId pair = 0;
        std::size_t peer = 0;
        std::size_t file = 0;
        bool confirm = false;  ///< whether it has the content; else a Push
    };

    /// To a question whether it has the content: how much of it, by its own word; nullopt: it does
    /// not say.
    struct Held {
        std::optional<std::uint32_t> have_ppm;
    };

    /// It cannot be reached, or says nothing, or that it has no time.
    struct Silence {
        std::string reason;
    };

    /// It will not.
    struct Refusal {
        std::string reason;
    };

    /// It says something else, or nonsense.
    struct Failure {
        std::string reason;
    };

    using Answer = std::variant<wire::Pushed, Held, Silence, Refusal, Failure>;

    struct Peer {
        wire::Endpoint endpoint;
        bool listed = true;  ///< the last look named it
    };

    explicit PushPlan(Options options);

    /// The peers that there are now, those first that shall be asked first. True: some are new.
    bool on_look(wire::Time now, std::vector<wire::Endpoint> const& peers);

    /// The next question that is due.
    std::optional<Ask> next(wire::Time now);
    /// When that will be; nullopt: not before something happens.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    /// It cannot be asked now, for want of room here.
    void on_no_room(wire::Time now, Ask const& ask);
    void on_answer(wire::Time now, Ask const& ask, Answer const& answer);

    /// Nothing is left to be done, unless a look finds somebody new.
    [[nodiscard]] bool idle() const;
    /// As many as were wanted have each file; never true if all are.
    [[nodiscard]] bool satisfied() const;
    [[nodiscard]] bool file_over(std::size_t file) const;

    /// What is known of the file, in the order in which the peers were asked.
    [[nodiscard]] std::vector<Row> const& rows(std::size_t file) const { return rows_[file]; }

    [[nodiscard]] Peer const& peer(std::size_t number) const { return lanes_[number].peer; }

    [[nodiscard]] bool asked_any() const { return asked_any_; }

    /// Peers of the last look that there is no room to ask.
    [[nodiscard]] std::size_t left_out() const { return left_out_; }

  private:
    /// A peer, and what of its work is under way.
    struct Lane {
        Peer peer;
        std::size_t next_file = 0;
        std::vector<PairId> open{};
        std::optional<wire::Time> away_since{};
        unsigned returns = 0;
        std::optional<std::string> given_up{};  ///< why
    };

    struct Pair {
        std::size_t lane = 0;
        std::size_t file = 0;
        std::size_t row = 0;
        wire::Time due{};
        wire::Time asked{};
        wire::Time moved{};  ///< when it had a chunk more than before
        std::uint64_t mark = 0;
        bool confirm = false;
        bool away = false;  ///< its last question had no answer
        unsigned doubts = 0;
    };

    using Pairs = std::map<PairId, Pair>;

    bool add_lane(wire::Endpoint const& peer);
    void begin_some(wire::Time now);
    void begin_files(wire::Time now, std::size_t lane);
    void begin_peers(wire::Time now, std::size_t file);
    void begin(wire::Time now, std::size_t lane, std::size_t file);
    [[nodiscard]] std::size_t lanes_most() const;
    [[nodiscard]] bool wants_more(std::size_t file) const;
    void on(wire::Time now, Pairs::iterator pair, wire::Pushed const& pushed);
    void on(wire::Time now, Pairs::iterator pair, Held const& held);
    void on(wire::Time now, Pairs::iterator pair, Silence const& silence);
    void on(wire::Time now, Pairs::iterator pair, Refusal const& refusal);
    void on(wire::Time now, Pairs::iterator pair, Failure const& failure);
    void on_return(wire::Time now, Pair& pair);

    Row& row_of(Pair const& pair) { return rows_[pair.file][pair.row]; }

    void ask_at(Pairs::iterator pair, wire::Time due);
    void note_bytes(wire::Time now, Pair& pair, std::uint64_t bytes);
    [[nodiscard]] wire::Duration poll_after(bool first) const;
    [[nodiscard]] bool give_up_stalled(wire::Time now, Pairs::iterator pair);
    void doubt(wire::Time now, Pairs::iterator pair, char const* what);
    void close(wire::Time now, Pairs::iterator pair, State state, std::string const& reason);
    void end(wire::Time now, Pairs::iterator pair, State state, std::string const& reason);
    void end_away(wire::Time now, std::size_t file);
    void give_up(wire::Time now, std::size_t lane, std::string const& reason);

    Options options_;
    std::vector<Lane> lanes_;
    std::map<wire::Endpoint, std::size_t> numbers_;  ///< of the lanes
    std::vector<std::vector<Row>> rows_;             ///< of each file
    Pairs pairs_;
    std::set<std::pair<wire::Time, PairId>> due_;
    PairId last_pair_ = 0;
    std::size_t left_out_ = 0;
    bool asked_any_ = false;

    std::deque<std::size_t> ready_;  ///< lanes that may begin a file

    /// With a number: what is known of each file.
    struct Wanted {
        std::deque<std::size_t> spare{};  ///< lanes that can be asked for it
        std::size_t there = 0;            ///< that have it
        std::size_t hopeful = 0;          ///< that may have it soon
        std::size_t open = 0;             ///< these, and those that are away
    };

    std::vector<Wanted> wanted_;
};

}  // namespace xfsbus::swarm
