#pragma once

#include "catalogue.hpp"
#include "change_log.hpp"
#include "memory.hpp"
#include "page.hpp"
#include "quota.hpp"
#include "roster.hpp"
#include "scan_queue.hpp"
#include "subscriptions.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// As a message carries it; what is out of its range is clamped.
std::uint32_t milliseconds(wire::Duration duration);

/// The parts of the Directory: directory.cpp has the life of a peer's entry, registration.cpp how
/// it begins, files.cpp the lists of files, finds.cpp the finds and the checks, changes.cpp the
/// subscriptions, records.cpp what is told to a recorder. A peer is dropped,
/// and a find goes on, within these methods at the places that say so and nowhere else, so that
/// references to peers stay good between them.
struct Directory::Impl {
    using Peer = tracker::Peer;
    using Kind = PeerChange::Kind;
    using Sent = Outbox::Sent;

    /// Whom a message came from.
    struct Caller {
        wire::Sender const& sender;
        std::uint64_t request;
        wire::Time now;
    };

    struct PendingFind {
        FindId id = 0;
        wire::Sender sender;
        std::uint64_t request = 0;
        wire::Time started;  ///< when its page was complete
        Reading reading;
        std::optional<Cursor> end;  ///< of its page
        std::size_t waiting = 0;    ///< peers whose checks it waits for
        int rounds = 0;             ///< of checks
        // For a recorder: who was asked whether it is there, and who was gone then.
        std::map<wire::PeerId, wire::Endpoint> asked = {};
        std::vector<wire::Endpoint> gone = {};
    };

    /// Waits until those who hold its id or its endpoint have spoken, or have not.
    struct PendingRegistration {
        wire::Sender sender;
        std::uint64_t request = 0;
        wire::Register message;
        std::vector<wire::PeerId> holders;  ///< two at most
    };

    Impl(Options its_options, Outbox& its_outbox);

    void on_message(wire::Sender const& sender, wire::Envelope const& envelope, wire::Time now);
    void on_closed(wire::Route const& route, wire::Time now);
    void on_tick(wire::Time now);
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    // ---- directory.cpp ----
    void handle(Caller const& caller, wire::Heartbeat const& message);
    void handle(Caller const& caller, wire::Leave const& message);
    void handle(Caller const& caller, wire::Ping const& message);
    void handle(Caller const& caller, wire::Pong const& message);
    void handle(Caller const& caller, wire::Failure const& message);

    /// Everything that peers say to each other, or a tracker to them.
    template <typename Other>
    void handle(Caller const& caller, Other const&) {
        fail(caller, wire::ErrorCode::unsupported, "a tracker does not take this message");
    }

    /// The caller's entry; nullptr, and the caller is told, if there is none of this epoch.
    Peer* known(Caller const& caller, std::uint64_t epoch);
    void reply(Caller const& caller, wire::Message const& message);
    void fail(Caller const& caller, wire::ErrorCode code, std::string reason);
    void tell(Peer const& peer, Kind kind);

    /// The peer lives: renews its lease, ends its check. Finds that waited for it become ready,
    /// registrations that did are refused.
    void heard(Peer& peer, wire::Time now);
    void set_due(Peer& peer);
    /// What a peer is to be told of now: longer the more peers there are, in doublings.
    [[nodiscard]] wire::Duration wanted_lease() const;

    /// A peer heard of within it need not be waited for; it is told to say something as often.
    [[nodiscard]] static wire::Duration heartbeat_of(wire::Duration lease) { return lease / 3; }

    [[nodiscard]] static std::uint32_t heartbeat_ms(wire::Duration lease);
    void release_waiters(Peer& peer);
    /// Forgets the peer, unless it was lost and waits to register again: then its entry moves. The
    /// reference is bad afterwards.
    void drop(Peer& peer, Kind kind);
    /// What is to be done after each event: drops those whose connection was found closed, takes
    /// ready finds and registrations on, clears a part of what dropped peers have left.
    void settle(wire::Time now);
    void forget_connection(wire::Route const& route);
    void clear_remains();

    // ---- registration.cpp ----
    void handle(Caller const& caller, wire::Register const& message);
    /// Admits the peer, refuses it, or lets it wait for those who hold what it wants. May drop
    /// peers.
    void enroll(Caller const& caller, wire::Register const& message);
    [[nodiscard]] std::optional<wire::Endpoint> listening(Caller const& caller,
                                                          wire::Register const& message) const;
    bool may_listen(std::string const& at, Caller const& caller);
    bool is_own_host(std::string const& host, wire::Time now);
    /// Those who hold what the registration asks for and may be there; each is sent a Ping. Who
    /// turns out to be gone is dropped, if it is another peer.
    std::vector<wire::PeerId> challenge(Caller const& caller, wire::Register const& message,
                                        wire::Endpoint const& listens);
    bool may_be_there(Peer& holder, wire::Time now);
    void wait(Caller const& caller, wire::Register const& message,
              std::vector<wire::PeerId> holders);
    /// Takes the peer in. Nobody else has its id or its endpoint.
    void admit(Caller const& caller, wire::Register const& message, wire::Endpoint const& listens);
    Peer* entry_for(Caller const& caller, wire::Register const& message,
                    wire::Endpoint const& listens);
    /// Takes it out of those that wait. The route must be one that waits.
    PendingRegistration withdraw(wire::Route const& route);
    /// One that waits for nobody any more.
    void retry_registration(wire::Route const& route, wire::Time now);
    void refuse_contenders(Peer& peer);
    /// True if the lost peer itself waits to register again, and has its entry now.
    bool hand_over(Peer& peer);
    void release_contenders(Peer& peer);

    // ---- files.cpp ----
    void handle(Caller const& caller, wire::Update const& message);
    [[nodiscard]] std::optional<wire::Failure> refusal(Peer const& peer,
                                                       wire::Update const& update) const;
    /// Which limit keeps the Update out.
    [[nodiscard]] std::optional<std::string> count_problem(Peer const& peer,
                                                           wire::Update const& update) const;
    [[nodiscard]] std::optional<std::string> room_problem(Peer const& peer,
                                                          wire::Update const& update) const;
    [[nodiscard]] std::size_t growth(Peer const& peer, wire::Update const& update) const;
    void apply(Peer& peer, wire::Update const& update);
    Holdings::iterator add_file(Peer& peer, wire::FileEntry const& file, Holdings::iterator before);
    void remove_file(Peer& peer, std::string const& name);
    Holdings::iterator drop_file(Peer& peer, Holdings::iterator held);
    void end_list(Peer& peer);

    // ---- finds.cpp ----
    void handle(Caller const& caller, wire::Find const& message);
    void handle(Caller const& caller, wire::ListPeers const& message);
    void take_up(Scan&& scan, bool at_once, wire::Time now);
    /// Works on it for so much. True: it is answered, or waits for checks. May drop peers.
    bool work_on(Scan& scan, std::size_t work, wire::Time now);
    bool read_on(Scan& scan, std::size_t work, wire::Time now);
    template <typename Read>
    bool unless_faulty(Caller const& caller, Read const& read);
    void work_off_scans(wire::Time now);
    [[nodiscard]] bool young(wire::Time now) const;
    void list_peers(Scan const& scan, std::optional<wire::PeerId> const& after, wire::Time now);
    /// Those behind `after`, as many as a page holds, and `most`. True: there are more.
    bool add_peers(std::optional<wire::PeerId> const& after, std::size_t most, wire::Time now,
                   std::vector<wire::PeerEntry>& to) const;
    [[nodiscard]] static wire::PeerEntry entry_of(Peer const& peer, wire::Time now);
    /// Takes the find one step on, with its page as it was just read: it is answered, or waits. May
    /// drop peers.
    void advance(PendingFind find, Page page, wire::Time now);
    void resume(FindId id, wire::Time now);
    void forget_finds(wire::Route const& route);
    void answer(PendingFind const& find, Page const& page);
    void record(PendingFind const& find, Page const& page) const;
    [[nodiscard]] HandedOut handed_out(PendingFind const& find, Pick const& pick) const;
    [[nodiscard]] Candidate candidate(Considered const& considered) const;
    [[nodiscard]] bool verified(Peer const& peer, PendingFind const& find) const;
    /// Asks all who would be named; those whose connection is closed are dropped. True if one was.
    bool check_sources(PendingFind& find, Page const& page, wire::Time now);
    Sent check_source(PendingFind& find, Peer& peer, wire::Time now);
    Sent ping(Peer& peer, wire::Time now);
    void leave_out_unverified(PendingFind const& find, Page& page) const;
    void due(Peer& peer, wire::Time now);

    // ---- changes.cpp ----
    void handle(Caller const& caller, wire::Subscribe const& message);
    /// When a question that is asked now is answered at the latest.
    [[nodiscard]] wire::Time question_end(wire::Time now) const;
    void list_page(Scan const& scan, Listing const& listing, std::size_t work, wire::Time now);
    void list_peers(Listing const& listing, std::size_t work, wire::Time now,
                    wire::Changes& page) const;
    void list_files(Listing const& listing, std::size_t work, wire::Changes& page) const;
    [[nodiscard]] wire::ListedFile listed(Versions::value_type const& version,
                                          std::size_t& work) const;
    void follow(Question question, wire::Time now);
    bool tell_changes(Question& question, std::size_t& work, wire::Time now);
    /// Returns the bytes that it takes in the answer.
    std::size_t tell(Position const& file, Subject const& subject, wire::Changes& answer,
                     std::size_t& work) const;
    std::size_t tell(wire::PeerId const& id, wire::Time now, wire::Changes& answer) const;
    [[nodiscard]] wire::ListedFile state_of(Position const& file, std::size_t& work) const;
    void end_questions(wire::Time now);
    void look_for_changes(wire::Time now);
    void plan_looks(wire::Time now);

    Options const options;
    Outbox& outbox;

    Memory memory;
    ChangeLogs changes{options.limits.change_bytes};
    Catalogue catalogue{memory, changes.files, {options.seed, ~options.seed}};
    Roster roster;
    PageReader reader{catalogue, roster, options.limits, options.recorder};
    std::size_t file_count = 0;  ///< holdings of all peers, and those not cleared away yet
    std::deque<std::unique_ptr<Peer>> remains;  ///< dropped, their files still in the catalogue

    ScanQueue scans{options.limits.scans};
    std::map<FindId, PendingFind> pending;
    Quota finds_open{options.limits.pending_finds};
    std::deque<FindId> ready;

    Subscriptions subscriptions{options.limits.subscriptions};

    std::map<wire::Route, PendingRegistration> registering;
    Quota registrations_open{options.limits.registrations};
    std::deque<wire::Route> undisputed;  ///< registrations that wait for nobody any more
    std::vector<std::string> own_hosts;
    std::optional<wire::Time> own_hosts_asked;

    std::vector<wire::Route> closed;  ///< found closed by this event's answers
    FindId last_find = 0;
    std::uint64_t last_step = 0;  ///< steps of finds: calls of advance()
    std::uint64_t last_ping = 0;
    wire::Time latest;
    Counters counters;
};

}  // namespace xfsbus::tracker
