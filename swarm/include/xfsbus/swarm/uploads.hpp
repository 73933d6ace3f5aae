#pragma once

#include <xfsbus/policies/upload_choice.hpp>
#include <xfsbus/swarm/breadth.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/swarm_offers.hpp>
#include <xfsbus/swarm/upload_limits.hpp>
#include <xfsbus/swarm/upload_table.hpp>
#include <xfsbus/swarm/waiting_room.hpp>
#include <xfsbus/wire/messages.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::swarm {

/// Decides whose request is served next, and with which chunk. A core: fed with events and the
/// time; the owner reads and sends.
///
/// - Sinks are served fairly by bytes (start-time fair queueing), whatever they ask for, on a fast
///   link some chunks in a row; or as a policy says, save those who have waited for long.
/// - As long as somebody asks for a chunk that has never left this peer, no second copy of another
///   of the same content goes before it, save that nobody waits much longer than starve_most. Apart
///   from that, a sink gets first what it says is urgent, then what it asks for in that order.
/// - What is read and not sent is bounded for each sink and in all, and is no more than what leaves
///   within ahead_time or than ahead_bytes_moving, so that decisions are made late; but since a
///   path to one sink may be full while this peer's own link is not, a few sinks may always have a
///   chunk on its way, and as many as it takes where the sinks are slower than the link (see
///   Breadth). A sink that takes several times what a chunk usually takes holds back nobody: it
///   does not count, and gets nothing until it moves; as long as it is slow it gets one chunk at a
///   time.
/// - Only transfers that may send something take turns, so that those that wait cost nothing.
/// - Places for sinks are few. Who does nothing with its place gives way to a newcomer; hosts share
///   the places, and memory, alike: one that has less takes from the one that has most. Who has
///   waited for long takes the place of one that has had its place for long.
class Uploads {
  public:
    using Limits = UploadLimits;
    using SinkRoute = swarm::SinkRoute;
    using Transfer = UploadTransfer;
    using Queued = Transfer::Queued;

    /// A content that this peer has, or has a part of; null: neither.
    using Content = SwarmOffers::Content;

    /// A chunk to be read and then sent.
    struct Piece {
        wire::TransferId transfer;
        SinkRoute route;
        wire::Endpoint sink;
        std::uint32_t chunk = 0;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        std::uint64_t number = 0;  ///< of the pieces of this peer
    };

    /// To be sent to a sink over its connection.
    struct Notice {
        SinkRoute route;
        wire::Refused refused;
        wire::Endpoint sink{};
    };

    struct Offer {
        SinkRoute route;
        wire::Have have;
    };

    /// What became of a Want.
    struct Taken {
        std::optional<wire::Refused> refused;  ///< why it is not served
        std::vector<Notice> ended;             ///< transfers that gave way to it
    };

    /// `seed`: of places. `offers`: of what is here, to these sinks; outlives this.
    Uploads(Limits limits, std::uint64_t seed, SwarmOffers& offers);

    /// Who decides from now on whose turn it is; null, and at first: the built-in rule. It must not
    /// throw. `deliveries`: for it to see; may be null; outlives this.
    void set_choice(std::shared_ptr<policies::UploadChoice> choice, Deliveries const* deliveries);

    // ---- what this peer has ----

    /// It is not here any more: its transfers end; returns whom to tell.
    std::vector<Notice> on_withdrawn(wire::ContentId const& content, std::string const& reason);

    // ---- what sinks say ----

    /// Opens the transfer or adds to it. `sink`: where its chunks go. `content`: what this peer has
    /// of it; asked for only when a transfer opens.
    Taken on_want(wire::Time now, SinkRoute const& route, wire::Endpoint const& sink,
                  wire::Want const& want, Content const& content);
    /// Whether anything can be sent to this data endpoint. Taken to be so of a new one.
    void set_reachable(wire::Endpoint const& sink, bool reachable);

    /// Something came over the connection: its transfers live on.
    struct Heard {};

    /// The sink is done with it. Another's transfer stays.
    struct Closed {
        wire::TransferId transfer;
    };

    /// The connection is gone, and its transfers with it.
    struct Gone {};

    /// What is heard of a connection: also what its sink has.
    using Word = std::variant<wire::Have, Heard, Closed, Gone>;
    void on_word(wire::Time now, SinkRoute const& route, Word const& word);

    /// Ends transfers of sinks that have been silent for too long, of those that cannot be reached,
    /// and of those that talk but do not read: what waits for them would fill the room of the
    /// others. They are told.
    std::vector<Notice> on_tick(wire::Time now);

    // ---- what is to be done ----

    /// The next chunk to read; nullopt: nobody has credit and room, or a limit says to wait (see
    /// next_turn). The caller must end it with on_done.
    std::optional<Piece> next(wire::Time now);
    /// When next() may say something else although nothing happened.
    [[nodiscard]] std::optional<wire::Time> next_turn(wire::Time now) const;

    /// Why a piece could not be read.
    struct Unread {
        wire::ErrorCode code{};
        std::string reason;
    };

    /// Its memory is free again: it was sent, or thrown away because its transfer is over. With an
    /// Unread its transfer ends; returns whom to tell.
    std::optional<Notice> on_done(wire::Time now, Piece const& piece,
                                  std::optional<Unread> const& unread = {});
    /// What is to be told to sinks of what this peer has; each time it is called, what has been
    /// gained since.
    std::vector<Offer> take_offers(wire::Time now);

    /// A transfer that is over.
    struct Ended {
        wire::TransferId id;
        wire::ContentId content;
        wire::Endpoint sink;
        std::uint64_t sent = 0;  ///< bytes
        wire::Time opened{};
        std::string why;  ///< empty: its sink has closed it, or has left with all that it wanted
    };

    /// Those that have ended since the last call, no more than ended_most.
    std::vector<Ended> take_ended() { return std::exchange(ended_, {}); }

    // ---- answers ----

    [[nodiscard]] UploadTable const& table() const { return table_; }

  private:
    using Sink = UploadSink;
    using Connection = UploadConnection;
    using Host = UploadHost;
    using Ahead = Sink::Ahead;

    /// What could be sent next to one sink.
    struct Turn {
        Sink* sink = nullptr;
        Transfer* transfer = nullptr;
        std::uint32_t chunk = 0;
        std::uint32_t length = 0;
        std::uint32_t copies = 0;  ///< that have left already
    };

    /// What is under way to sinks that take it.
    struct Moving {
        std::uint64_t bytes = 0;
        std::size_t chunks = 0;
        std::size_t sinks = 0;
    };

    /// What somebody needs room for.
    struct Need {
        std::string const& host;
        std::size_t transfers = 0;
        std::size_t bytes = 0;
        Transfer const* asker = nullptr;  ///< null: a new transfer
    };

    // what sinks say
    void on(wire::Time now, SinkRoute const& route, wire::Have const& have);
    void on(wire::Time now, SinkRoute const& route, Heard const& heard);
    void on(wire::Time now, SinkRoute const& route, Closed const& closed);
    void on(wire::Time now, SinkRoute const& route, Gone const& gone);
    std::optional<wire::Refused> open(wire::Time now, SinkKey const& key, wire::Want const& want,
                                      Content const& content, std::vector<Notice>& ended);
    void add(wire::Time now, SinkKey const& key, wire::Want const& want, Content const& content);
    std::optional<wire::Refused> enqueue(wire::Time now, Transfer& transfer, wire::Want const& want,
                                         std::vector<Notice>& ended);
    void spare(wire::Time now, Transfer& transfer);
    static void note_idle(wire::Time now, Transfer& transfer);

    // places and memory
    bool make_place(wire::Time now, SinkKey const& key, std::vector<Notice>& ended);
    [[nodiscard]] Sink* who_gives_way(wire::Time now, SinkKey const& key);
    [[nodiscard]] Sink* one_that_does_nothing(wire::Time now);
    [[nodiscard]] Sink* one_of_largest_host(std::size_t places);
    [[nodiscard]] Sink* one_that_had_long(wire::Time now, std::string const& host);
    [[nodiscard]] bool does_nothing(wire::Time now, Sink const& sink) const;
    [[nodiscard]] std::size_t places_of(std::string const& host) const;
    bool make_room(wire::Time now, Need const& need, std::vector<Notice>& ended);
    template <typename Amount>
    bool take_from_largest(wire::Time now, Need const& need, std::size_t more, Amount amount,
                           std::vector<Notice>& ended);
    [[nodiscard]] Transfer const* transfer_that_does_nothing(wire::Time now, Host& host,
                                                             Transfer const* asker) const;
    void weigh(Transfer& transfer, std::ptrdiff_t bytes);

    // whose turn it is
    void see_turn(wire::Time now, Transfer& transfer);
    void add_turn(Transfer& transfer);
    void remove_turn(wire::Time now, Transfer& transfer);
    [[nodiscard]] bool may_send(Transfer const& transfer) const;
    void release_limited(wire::Time now);
    [[nodiscard]] std::vector<Turn> turns(wire::Time now);
    [[nodiscard]] std::optional<Turn> first_of(wire::Time now, Transfer& transfer);
    [[nodiscard]] std::optional<Turn> turn_of(wire::Time now, Sink& sink);
    [[nodiscard]] Turn const& choose(wire::Time now, std::vector<Turn> const& turns) const;
    [[nodiscard]] bool keeps_turn(Sink const& sink) const;
    [[nodiscard]] Turn const& chosen(wire::Time now, std::vector<Turn> const& turns) const;
    [[nodiscard]] policies::UploadSinkView view_of(wire::Time now, Turn const& turn) const;
    Piece take(wire::Time now, Turn const& turn);

    // room
    [[nodiscard]] bool takes_little(Sink const& sink, std::uint32_t length) const;
    [[nodiscard]] bool takes_long(wire::Time now, Sink const& sink) const;
    [[nodiscard]] bool blocks(wire::Time now, wire::TransferId const& id);
    [[nodiscard]] wire::Duration slow_after(Sink const& sink) const;
    [[nodiscard]] wire::Duration time_of(std::uint64_t bytes) const;
    [[nodiscard]] static wire::Duration time_at(RateMeter const& meter, std::uint64_t bytes);
    [[nodiscard]] bool has_room(Sink const& sink, std::uint32_t length) const;
    [[nodiscard]] bool may_take_room(Sink const& sink, std::uint32_t length) const;
    [[nodiscard]] Moving moving(wire::Time now) const;
    [[nodiscard]] bool someone_idle_waits() const;
    [[nodiscard]] bool leaves_in_time(Moving const& moving, std::uint32_t length) const;
    [[nodiscard]] bool is_stuck(wire::Time now, Sink& sink) const;

    // the end
    void free(wire::Time now, Piece const& piece);
    [[nodiscard]] Transfer* transfer_of(Piece const& piece);
    [[nodiscard]] bool has_all(wire::TransferId const& id) const;
    void end_all(std::vector<wire::TransferId> const& ids, wire::ErrorCode code,
                 std::string const& reason, std::vector<Notice>& notices);
    void end(wire::TransferId const& transfer, std::string const& why);
    void leave_place(Sink& sink);
    void forget_if_idle(Sink const& sink);

    Limits limits_;
    std::uint64_t seed_;
    SwarmOffers& offers_;
    RateLimit limit_;
    RateMeter rate_{std::chrono::milliseconds(500)};  ///< at which pieces leave
    RateMeter long_rate_{std::chrono::seconds(10)};   ///< the same, over a longer time
    UploadTable table_;
    std::vector<Sink*> waiting_;                    ///< those that have turns
    std::vector<Sink*> moving_;                     ///< those to which something is under way
    std::multimap<wire::Time, Transfer*> limited_;  ///< when their rate limits let them go on
    WaitingRoom waiting_room_;
    std::vector<Ended> ended_;
    wire::Time next_look_{};        ///< for one that does nothing with its place
    std::uint64_t level_ = 0;       ///< virtual time of the last decision
    std::uint64_t turn_of_ = 0;     ///< serial of the sink that was served last
    std::uint64_t turn_bytes_ = 0;  ///< that it was given in a row
    std::uint64_t ahead_bytes_ = 0;
    Breadth breadth_;
    std::uint64_t pieces_ = 0;
    std::uint64_t serial_ = 0;        ///< of the latest transfer or place
    wire::Duration starved_after_{};  ///< who has waited for so long goes first
    std::shared_ptr<policies::UploadChoice> choice_;
    Deliveries const* deliveries_ = nullptr;
};

}  // namespace xfsbus::swarm
