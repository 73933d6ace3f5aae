#pragma once

#include "catalogue.hpp"
#include "page.hpp"
#include "roster.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// The parts of the Directory: directory.cpp has the messages of peers, finds.cpp the finds and the
/// checks. A peer is dropped, and a find goes on, within these methods at the places that say so
/// and nowhere else, so that references to peers stay good between them.
struct Directory::Impl {
    using Kind = PeerChange::Kind;
    using Sent = Outbox::Sent;

    /// Whom a message came from.
    struct Caller {
        Route const& route;
        std::string const& host;
        std::uint64_t request;
        wire::Time now;
    };

    struct PendingFind {
        FindId id = 0;
        Route route;
        std::uint64_t request = 0;
        Query query;
        wire::Time started;
        std::optional<Position> until;  ///< where its page ends
        std::size_t waiting = 0;        ///< peers whose checks it waits for
        int rounds = 0;
    };

    Impl(Options const& its_options, Outbox& its_outbox);

    void on_message(Route const& route, std::string const& host, wire::Envelope const& envelope,
                    wire::Time now);
    void on_tick(wire::Time now);
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    // ---- directory.cpp ----
    void handle(Caller const& caller, wire::Register const& message);
    void handle(Caller const& caller, wire::Update const& message);
    void handle(Caller const& caller, wire::Heartbeat const& message);
    void handle(Caller const& caller, wire::Leave const& message);
    void handle(Caller const& caller, wire::ListPeers const& message);
    void handle(Caller const& caller, wire::Ping const& message);
    void handle(Caller const& caller, wire::Pong const& message);
    void handle(Caller const& caller, wire::Failure const& message);

    /// Everything that peers say to each other, or a tracker to them.
    template <typename Other>
    void handle(Caller const& caller, Other const&) {
        fail(caller, wire::ErrorCode::unsupported, "a tracker does not take this message");
    }

    Peer* admit(Caller const& caller, wire::Register const& message, wire::Endpoint const& listens);
    /// The caller's entry; nullptr, and the caller is told, if there is none of this epoch.
    Peer* known(Caller const& caller, std::uint64_t epoch);
    [[nodiscard]] std::optional<wire::Failure> refusal(Peer const& peer,
                                                       wire::Update const& update) const;
    void apply(Peer& peer, wire::Update const& update);
    void add_file(Peer& peer, wire::FileEntry const& file);
    void remove_file(Peer& peer, std::string const& name);
    void end_list(Peer& peer);

    void reply(Caller const& caller, wire::Message const& message);
    void fail(Caller const& caller, wire::ErrorCode code, std::string reason);
    void tell(Peer const& peer, Kind kind);

    /// The peer lives: renews its lease, ends its check. Finds that waited for it become ready.
    void heard(Peer& peer, wire::Time now);
    void set_due(Peer& peer);
    void release_waiters(Peer& peer);
    /// Forgets the peer. The reference is bad afterwards.
    void drop(Peer& peer, Kind kind);
    /// What is to be done after each event: drops those whose connection was found closed, takes
    /// ready finds on, clears a part of what dropped peers have left.
    void settle(wire::Time now);
    void clear_remains();

    // ---- finds.cpp ----
    void handle(Caller const& caller, wire::Find const& message);
    /// Takes the find one step on: it is answered, or waits. May drop peers.
    void advance(PendingFind find, wire::Time now);
    void answer(PendingFind const& find, Page const& page);
    [[nodiscard]] bool verified(Peer const& peer, PendingFind const& find) const;
    /// Asks all who would be named; those whose connection is closed are dropped. True if one was.
    bool check_sources(PendingFind& find, Page const& page, wire::Time now);
    Sent check_source(PendingFind& find, Peer& peer, wire::Time now);
    Sent ping(Peer& peer, wire::Time now);
    void leave_out_unverified(PendingFind const& find, Page& page) const;
    void due(Peer& peer, wire::Time now);

    Options const options;
    Outbox& outbox;
    wire::Duration const fresh;  ///< a peer heard of within it need not be waited for

    Catalogue catalogue;
    Roster roster;
    std::size_t file_count = 0;  ///< holdings of all peers, and those not cleared away yet
    std::deque<std::unique_ptr<Peer>> remains;  ///< dropped, their files still in the catalogue

    std::map<FindId, PendingFind> pending;
    std::deque<FindId> ready;
    std::vector<Route> closed;  ///< found closed by this event's answers
    FindId last_find = 0;
    std::uint64_t last_step = 0;  ///< steps of finds: calls of advance()
    std::uint64_t last_ping = 0;
    wire::Time latest;
    Stats counters;
};

}  // namespace xfsbus::tracker
