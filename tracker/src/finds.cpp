#include "directory_impl.hpp"
#include "ranked_choice.hpp"

#include <algorithm>
#include <utility>

// How a find names only peers that are up: the connections tell when they end, so a peer that was
// killed is not named a moment later. Peers not heard of lately are sent a Ping, and must answer
// it; so are those whose connection may end untold, since sending fails where it has. Who fails is
// dropped, and the page is read again, until nobody on it fails.

namespace xfsbus::tracker {

namespace {

/// Into so many turns the work is divided that is done before other messages are taken in.
constexpr std::size_t turns = 8;

}  // namespace

void Directory::Impl::handle(Caller const& caller, wire::Find const& message) {
    ++counters[Counter::finds];
    std::string problem;
    auto query = read_query(message, options.limits, problem);
    if (!query) {
        fail(caller, wire::ErrorCode::bad_message, problem);
        return;
    }
    // A narrow one is not kept behind others of its host.
    bool const narrow = query->by == wire::FindBy::name || query->swarm;
    // Another sample for each find, the same one each time that this find is read.
    Reading reading{std::move(*query), options.seed + ++last_find, caller.sender, {}, std::nullopt};
    take_up({caller.sender, caller.request, std::move(reading)},
            narrow || !scans.has(caller.sender.host), caller.now);
}

void Directory::Impl::handle(Caller const& caller, wire::ListPeers const& message) {
    auto const bytes = wire::from_hex(message.after);
    auto const after = bytes ? wire::PeerId::from(*bytes) : std::nullopt;
    if (!message.after.empty() && !after) {
        fail(caller, wire::ErrorCode::bad_message, "`after` is not a cursor of this tracker");
        return;
    }
    std::size_t const told = std::min(roster.size(), options.limits.peers_page);
    bool const quick = told * listed_peer_work <= options.limits.quick_work;
    take_up({caller.sender, caller.request, PeersAfter{after}},
            quick && !scans.has(caller.sender.host), caller.now);
}

/// Answers what is soon answered, if it may be, and lets the rest wait for its turn.
void Directory::Impl::take_up(Scan&& scan, bool at_once, wire::Time now) {
    if (at_once && work_on(scan, options.limits.quick_work, now)) {
        return;
    }
    Caller const caller{scan.sender, scan.request, now};
    if (!scans.add(std::move(scan))) {
        fail(caller, wire::ErrorCode::busy, "too many searches wait for their turn; try again");
    }
}

bool Directory::Impl::work_on(Scan& scan, std::size_t work, wire::Time now) {
    if (auto const* peers = std::get_if<PeersAfter>(&scan.what)) {
        list_peers(scan, peers->after, now);
        return true;
    }
    if (auto const* listing = std::get_if<Listing>(&scan.what)) {
        list_page(scan, *listing, work, now);
        return true;
    }
    Caller const caller{scan.sender, scan.request, now};
    return unless_faulty(caller, [&] { return read_on(scan, work, now); });
}

/// What the handout throws ends the find, and is its answer: then it is done, too.
template <typename Read>
bool Directory::Impl::unless_faulty(Caller const& caller, Read const& read) {
    try {
        return read();
    } catch (HandoutFault const& fault) {
        fail(caller, wire::ErrorCode::failed, fault.what());
        return true;
    }
}

bool Directory::Impl::read_on(Scan& scan, std::size_t work, wire::Time now) {
    auto& reading = std::get<Reading>(scan.what);
    auto page = reader.read(reading, work);
    if (!page) {
        return false;
    }
    PendingFind find;
    find.id = ++last_find;
    find.sender = scan.sender;
    find.request = scan.request;
    find.started = now;
    find.reading = std::move(reading);
    find.end = page->end;
    advance(std::move(find), std::move(*page), now);
    return true;
}

/// The hosts that have asked take turns, until it is time to take other messages in.
void Directory::Impl::work_off_scans(wire::Time now) {
    std::size_t const turn = options.limits.turn_work / turns;
    for (std::size_t i = 0; i < turns && !scans.empty(); ++i) {
        auto scan = scans.take();
        if (work_on(*scan, turn, now)) {
            scans.done(*scan);
        } else {
            scans.put_back(std::move(*scan));
        }
    }
}

/// Those who knew the tracker before may not have found it again.
bool Directory::Impl::young(wire::Time now) const {
    return now - options.born < std::min(options.peer_ttl, young_most);
}

void Directory::Impl::list_peers(Scan const& scan, std::optional<wire::PeerId> const& after,
                                 wire::Time now) {
    wire::PeerList list{options.epoch, {}, {}, young(now)};
    if (add_peers(after, options.limits.peers_page, now, list.peers)) {
        list.next = wire::to_hex(list.peers.back().peer);
    }
    reply({scan.sender, scan.request, now}, list);
}

bool Directory::Impl::add_peers(std::optional<wire::PeerId> const& after, std::size_t most,
                                wire::Time now, std::vector<wire::PeerEntry>& to) const {
    auto const& ids = roster.ids();
    std::size_t size = 0;
    for (auto it = after ? ids.upper_bound(*after) : ids.begin(); it != ids.end(); ++it) {
        Peer const& peer = *roster.at(it->second);
        size += listed_bytes(peer);
        if (!to.empty() && (to.size() >= std::min(most, options.limits.peers_page) ||
                            size > options.limits.found_bytes)) {
            return true;
        }
        to.push_back(entry_of(peer, now));
    }
    return false;
}

wire::PeerEntry Directory::Impl::entry_of(Peer const& peer, wire::Time now) {
    return {peer.id,    peer.listens, peer.files.size(), peer.load, milliseconds(now - peer.heard),
            peer.labels};
}

void Directory::Impl::advance(PendingFind find, Page page, wire::Time now) {
    auto const keep = [&] {
        if (find.reading.chosen.empty()) {
            for (Pick const& pick : page.files) {
                find.reading.chosen.push_back(pick.file);
            }
        }
    };
    // Those who were asked before a wait are asked again after it.
    ++last_step;
    while (check_sources(find, page, now)) {
        keep();
        page = reader.again(find.reading, find.end);
    }
    bool const enough = find.rounds == check_rounds;
    if (find.waiting == 0 || enough) {
        leave_out_unverified(find, page);
        answer(find, page);
    } else if (!finds_open.take(find.sender)) {
        fail({find.sender, find.request, now}, wire::ErrorCode::busy,
             "too many finds wait for peers to answer; try again");
    } else {
        keep();
        ++find.rounds;
        pending.emplace(find.id, std::move(find));
    }
}

void Directory::Impl::resume(FindId id, wire::Time now) {
    auto node = pending.extract(id);
    if (node.empty()) {
        return;  // its asker has gone
    }
    PendingFind& find = node.mapped();
    finds_open.give_back(find.sender);
    auto const sender = find.sender;
    Caller const caller{sender, find.request, now};
    unless_faulty(caller, [&] {
        Page page = reader.again(find.reading, find.end);
        advance(std::move(find), std::move(page), now);
        return true;
    });
}

void Directory::Impl::forget_finds(wire::Route const& route) {
    if (finds_open.of_connection(route) > 0) {
        std::erase_if(pending, [&](auto const& each) {
            bool const of_route = each.second.sender.route == route;
            if (of_route) {
                finds_open.give_back(each.second.sender);
            }
            return of_route;
        });
    }
}

void Directory::Impl::answer(PendingFind const& find, Page const& page) {
    wire::Found found{options.epoch, {}, page.end ? page.end->text() : std::string()};
    found.files.reserve(page.files.size());
    for (Pick const& pick : page.files) {
        auto& file = found.files.emplace_back(
            wire::FoundFile{pick.file.name, pick.file.content, pick.size, pick.source_count, {}});
        file.sources.reserve(pick.sources.size());
        for (Source const& source : pick.sources) {
            Peer const& peer = *roster.at(source.peer);
            file.sources.push_back({peer.id, peer.listens, source.have_ppm, peer.labels});
        }
    }
    record(find, page);
    if (outbox.send(find.sender.route, found, find.request) == Sent::gone) {
        closed.push_back(find.sender.route);
    }
}

bool Directory::Impl::verified(Peer const& peer, PendingFind const& find) const {
    return find.started - peer.heard < heartbeat_of(peer.lease);
}

bool Directory::Impl::check_sources(PendingFind& find, Page const& page, wire::Time now) {
    std::vector<Peer*> dead;
    for (Pick const& pick : page.files) {
        for (Source const& source : pick.sources) {
            Peer& peer = *roster.at(source.peer);
            if (peer.seen_in == last_step) {
                continue;
            }
            peer.seen_in = last_step;
            if (check_source(find, peer, now) == Sent::gone) {
                dead.push_back(&peer);
            }
        }
    }
    for (Peer* peer : dead) {
        if (options.recorder != nullptr) {
            find.gone.push_back(peer->listens);
        }
        drop(*peer, Kind::closed);
    }
    return !dead.empty();
}

Directory::Impl::Sent Directory::Impl::check_source(PendingFind& find, Peer& peer, wire::Time now) {
    if (peer.route == find.sender.route || (peer.end_is_told && verified(peer, find))) {
        return Sent::yes;
    }
    bool const just_pinged = peer.pinged && now - *peer.pinged < ping_pause;
    if (verified(peer, find)) {
        return just_pinged ? Sent::yes : ping(peer, now);
    }
    Sent const sent = peer.check && just_pinged ? Sent::yes : ping(peer, now);
    if (sent != Sent::gone) {
        if (!peer.check) {
            peer.check = now + check_time;
            set_due(peer);
        }
        peer.waiters.push_back(find.id);
        ++find.waiting;
        if (options.recorder != nullptr) {
            find.asked.emplace(peer.id, peer.listens);
        }
    }
    return sent;
}

/// A queue that is full counts as sent: either the peer answers what it was sent before, or it
/// does not.
Directory::Impl::Sent Directory::Impl::ping(Peer& peer, wire::Time now) {
    peer.pinged = now;
    return outbox.send(peer.route, wire::Ping{}, ++last_ping);
}

/// Only needed when the rounds have run out.
void Directory::Impl::leave_out_unverified(PendingFind const& find, Page& page) const {
    for (Pick& pick : page.files) {
        std::erase_if(pick.sources, [&](Source const& source) {
            return !verified(*roster.at(source.peer), find);
        });
    }
    std::erase_if(page.files, [](Pick const& pick) { return pick.sources.empty(); });
}

/// A peer's deadline has come.
void Directory::Impl::due(Peer& peer, wire::Time now) {
    bool const expired = now >= peer.heard + peer.lease;
    if (peer.check && now >= *peer.check) {
        drop(peer, Kind::unanswered);
    } else if (expired && !peer.silent) {
        drop(peer, Kind::expired);
    } else if (ping(peer, now) == Sent::gone) {
        drop(peer, Kind::closed);
    } else {
        peer.check = now + check_time;
        set_due(peer);
    }
}

}  // namespace xfsbus::tracker
