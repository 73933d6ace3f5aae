#include "directory_impl.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <utility>

// Who is registered as what. The host is the connection's, so nobody takes another machine's
// address. An id or an endpoint that a peer has stays its own as long as it is there: it is sent a
// Ping, and the newcomer waits. If the holder speaks the newcomer is refused; if its connection is
// closed, or it says nothing for as long as a check takes, it makes room. So a peer that was killed
// comes back at once, and one whose machine was switched off after a moment.

namespace xfsbus::tracker {

namespace {

/// What a peer takes beside its texts: its entry, and its places in the Roster's indexes.
constexpr std::size_t peer_overhead = 1024;

constexpr wire::Duration own_hosts_pause = std::chrono::seconds(1);

std::size_t bytes_of(wire::Register const& message) {
    return peer_overhead + message.listens.host.size() + message.labels.size();
}

}  // namespace

/// One that waits on this connection is forgotten: a connection has one registration.
void Directory::Impl::handle(Caller const& caller, wire::Register const& message) {
    ++counters[Counter::registrations];
    if (registering.contains(caller.sender.route)) {
        withdraw(caller.sender.route);
    }
    enroll(caller, message);
}

void Directory::Impl::enroll(Caller const& caller, wire::Register const& message) {
    auto const listens = listening(caller, message);
    if (!listens) {
        fail(caller, wire::ErrorCode::bad_message,
             "a peer needs an IP address, not a name, and a port that it listens on");
        return;
    }
    if (!may_listen(listens->host, caller)) {
        fail(caller, wire::ErrorCode::not_authorised,
             "it says that it listens at " + listens->host + ", but its connection comes from " +
                 (caller.sender.host.empty() ? "an unknown address" : caller.sender.host) +
                 ": let it listen there, or start the tracker with --allow-foreign-hosts");
        return;
    }
    Peer* const former = roster.by_route(caller.sender.route);
    if (former != nullptr && former->id != message.peer) {
        drop(*former, Kind::replaced);
    }
    auto holders = challenge(caller, message, *listens);
    if (holders.empty()) {
        admit(caller, message, *listens);
    } else {
        wait(caller, message, std::move(holders));
    }
}

/// Where others find the peer; nullopt if that is no place.
std::optional<wire::Endpoint> Directory::Impl::listening(Caller const& caller,
                                                         wire::Register const& message) const {
    auto const seen = wire::canonical_host(caller.sender.host);
    auto const said =
        message.listens.any_host() ? seen : wire::canonical_host(message.listens.host);
    wire::Endpoint listens{said.value_or(""), message.listens.port};
    if (listens.any_host()) {
        listens.host = seen.value_or("");  // all addresses, in another way of writing it
    }
    bool const place = said && listens.port != 0 && !listens.any_host();
    return place ? std::optional(std::move(listens)) : std::nullopt;
}

bool Directory::Impl::may_listen(std::string const& at, Caller const& caller) {
    return options.foreign_hosts || wire::same_host(at, caller.sender.host) ||
           (is_own_host(caller.sender.host, caller.now) && is_own_host(at, caller.now));
}

bool Directory::Impl::is_own_host(std::string const& host, wire::Time now) {
    if (wire::loopback_host(host)) {
        return true;
    }
    bool const old = !own_hosts_asked || now - *own_hosts_asked >= own_hosts_pause;
    if (old && options.own_hosts) {
        own_hosts = options.own_hosts();
        own_hosts_asked = now;
    }
    return std::ranges::any_of(own_hosts,
                               [&](auto const& own) { return wire::same_host(own, host); });
}

std::vector<wire::PeerId> Directory::Impl::challenge(Caller const& caller,
                                                     wire::Register const& message,
                                                     wire::Endpoint const& listens) {
    std::vector<wire::PeerId> holders;
    Peer* const same = roster.by_id(message.peer);
    if (same != nullptr && same->route != caller.sender.route && may_be_there(*same, caller.now)) {
        holders.push_back(same->id);
    }
    // Once more after each that is gone: one of its own kind may have taken its place.
    for (Peer* other = roster.by_listens(listens); other != nullptr && other->id != message.peer;
         other = roster.by_listens(listens)) {
        if (may_be_there(*other, caller.now)) {
            holders.push_back(other->id);
            break;
        }
        drop(*other, Kind::closed);
    }
    return holders;
}

bool Directory::Impl::may_be_there(Peer& holder, wire::Time now) {
    if (ping(holder, now) == Sent::gone) {
        return false;
    }
    if (!holder.check) {
        holder.check = now + check_time;
        set_due(holder);
    }
    return true;
}

void Directory::Impl::wait(Caller const& caller, wire::Register const& message,
                           std::vector<wire::PeerId> holders) {
    if (!registrations_open.take(caller.sender)) {
        fail(caller, wire::ErrorCode::busy, "too many peers wait to be registered; try again");
        return;
    }
    for (auto const& holder : holders) {
        roster.by_id(holder)->contenders.push_back(caller.sender.route);
    }
    registering.emplace(caller.sender.route, PendingRegistration{caller.sender, caller.request,
                                                                 message, std::move(holders)});
}

void Directory::Impl::admit(Caller const& caller, wire::Register const& message,
                            wire::Endpoint const& listens) {
    Peer* const peer = entry_for(caller, message, listens);
    if (peer == nullptr) {
        fail(caller, wire::ErrorCode::limit,
             "this tracker has no room for more peers, or for more of this host's");
        return;
    }
    auto const bytes = bytes_of(message);
    memory.remove(peer->slot, peer->bytes);
    memory.add(peer->slot, bytes);
    peer->bytes = bytes;
    peer->labels = message.labels;
    peer->silent = message.heartbeat_ms == 0;
    peer->end_is_told = outbox.tells_end(caller.sender.route);
    peer->accepted = 0;
    peer->listing = false;
    peer->pinged.reset();  // what was sent went to another connection, perhaps
    peer->seen_in = 0;
    peer->lease = wanted_lease();
    heard(*peer, caller.now);
    reply(caller, wire::Registered{options.epoch, milliseconds(peer->lease),
                                   heartbeat_ms(peer->lease), listens});
}

/// Its entry: its files from before stay findable until it sends its list anew. nullptr: there is
/// no room for a new one.
Peer* Directory::Impl::entry_for(Caller const& caller, wire::Register const& message,
                                 wire::Endpoint const& listens) {
    if (Peer* const peer = roster.by_id(message.peer)) {
        roster.move(*peer, caller.sender.route, listens);
        memory.move(peer->slot, caller.sender.host);
        tell(*peer, Kind::renewed);
        return peer;
    }
    auto const& limits = options.limits;
    auto const bytes = bytes_of(message);
    auto const host = memory.of(caller.sender.host);
    if (roster.size() >= limits.peers || host.peers >= limits.peers_per_host ||
        memory.total() + bytes > limits.bytes || host.bytes + bytes > limits.bytes_per_host) {
        return nullptr;
    }
    auto peer = std::make_unique<Peer>();
    peer->id = message.peer;
    peer->route = caller.sender.route;
    peer->listens = listens;
    peer->due = caller.now;
    peer->bytes = bytes;
    Peer& added = roster.add(std::move(peer));
    memory.join(added.slot, caller.sender.host, bytes);
    tell(added, Kind::joined);
    return &added;
}

Directory::Impl::PendingRegistration Directory::Impl::withdraw(wire::Route const& route) {
    auto waiting = std::move(registering.extract(route).mapped());
    registrations_open.give_back(waiting.sender);
    for (auto const& holder : waiting.holders) {
        if (Peer* const peer = roster.by_id(holder)) {
            std::erase(peer->contenders, route);
        }
    }
    return waiting;
}

void Directory::Impl::retry_registration(wire::Route const& route, wire::Time now) {
    auto const found = registering.find(route);
    if (found != registering.end() && found->second.holders.empty()) {
        auto const waiting = withdraw(route);
        enroll({waiting.sender, waiting.request, now}, waiting.message);
    }
}

/// The peer is there: what it has stays its own.
void Directory::Impl::refuse_contenders(Peer& peer) {
    while (!peer.contenders.empty()) {
        wire::Route const route = peer.contenders.front();
        auto const waiting = withdraw(route);
        bool const same_id = waiting.message.peer == peer.id;
        fail({waiting.sender, waiting.request, latest}, wire::ErrorCode::busy,
             same_id ? "a peer with the same id is there, at " + peer.listens.to_string() +
                           ": start this one anew, and it has another"
                     : "another peer is there that listens at " + peer.listens.to_string() +
                           ": give this one a port of its own");
    }
}

bool Directory::Impl::hand_over(Peer& peer) {
    for (auto const& contender : peer.contenders) {
        wire::Route const route = contender;  // which withdraw() takes out of the list
        auto const& waiting = registering.at(route);
        bool const itself = waiting.message.peer == peer.id && waiting.holders.size() == 1;
        auto const listens = listening({waiting.sender, waiting.request, latest}, waiting.message);
        Peer const* const other = roster.by_listens(*listens);
        if (itself && (other == nullptr || other == &peer)) {
            auto const heir = withdraw(route);
            admit({heir.sender, heir.request, latest}, heir.message, *listens);
            return true;
        }
    }
    return false;
}

/// The peer makes room for those who wait for what it had.
void Directory::Impl::release_contenders(Peer& peer) {
    for (wire::Route const& route : std::exchange(peer.contenders, {})) {
        auto& holders = registering.at(route).holders;
        std::erase(holders, peer.id);
        if (holders.empty()) {
            undisputed.push_back(route);
        }
    }
}

}  // namespace xfsbus::tracker
