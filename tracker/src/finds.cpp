#include "directory_impl.hpp"

#include <algorithm>
#include <utility>

// How a find tells the truth: everybody whom the answer would name is sent a Ping first. Sending
// fails at once where the connection is closed, so a peer that was killed is not named even a
// moment later. Peers not heard of lately must also answer it. Who fails is dropped, and the page
// is read again, until nobody on it fails.

namespace xfsbus::tracker {

void Directory::Impl::handle(Caller const& caller, wire::Find const& message) {
    ++counters.finds;
    std::string problem;
    auto query = read_query(message, options.limits.found_files, problem);
    if (!query) {
        fail(caller, wire::ErrorCode::bad_message, problem);
        return;
    }
    PendingFind find;
    find.id = ++last_find;
    find.route = caller.route;
    find.request = caller.request;
    find.query = std::move(*query);
    find.started = caller.now;
    advance(std::move(find), caller.now);
}

void Directory::Impl::advance(PendingFind find, wire::Time now) {
    // Another sample for each find, the same one each time that this find is read.
    PageReader reader(catalogue, roster, options.limits, options.seed + find.id);
    Page page = reader.read(find.query, find.until);
    // Those who were asked before a wait are asked again after it.
    ++last_step;
    while (check_sources(find, page, now)) {
        page = reader.read(find.query, find.until);
    }
    bool const enough = find.rounds == check_rounds;
    if (find.waiting == 0 || enough) {
        leave_out_unverified(find, page);
        answer(find, page);
    } else if (pending.size() >= options.limits.pending_finds) {
        fail({find.route, {}, find.request, now}, wire::ErrorCode::busy,
             "too many finds wait for peers to answer; try again");
    } else {
        ++find.rounds;
        find.until = page.end;
        pending.emplace(find.id, std::move(find));
    }
}

void Directory::Impl::answer(PendingFind const& find, Page const& page) {
    wire::Found found{options.epoch, {}, page.end ? write_cursor(*page.end) : std::string()};
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
    if (outbox.send(find.route, found, find.request) == Sent::gone) {
        closed.push_back(find.route);
    }
}

bool Directory::Impl::verified(Peer const& peer, PendingFind const& find) const {
    return find.started - peer.heard < fresh;
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
        drop(*peer, Kind::closed);
    }
    return !dead.empty();
}

Directory::Impl::Sent Directory::Impl::check_source(PendingFind& find, Peer& peer, wire::Time now) {
    if (peer.route == find.route) {
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
    bool const expired = now >= peer.heard + options.peer_ttl;
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
