#include "directory_impl.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace xfsbus::tracker {

Directory::Directory(Options const& options, Outbox& outbox)
    : impl_(std::make_unique<Impl>(options, outbox)) {}

Directory::~Directory() = default;

void Directory::on_message(wire::Sender const& sender, wire::Envelope const& envelope,
                           wire::Time now) {
    impl_->on_message(sender, envelope, now);
}

void Directory::on_closed(wire::Route const& route, wire::Time now) {
    impl_->on_closed(route, now);
}

void Directory::on_tick(wire::Time now) {
    impl_->on_tick(now);
}

std::optional<wire::Time> Directory::next_deadline() const {
    return impl_->next_deadline();
}

void Directory::set_handout(std::shared_ptr<policies::Handout> handout) {
    impl_->reader.set_handout(std::move(handout));
}

Counters Directory::stats() const {
    auto stats = impl_->counters;
    stats[Counter::peers] = impl_->roster.size();
    stats[Counter::files] = impl_->file_count;
    stats[Counter::versions] = impl_->catalogue.by_name().size();
    stats[Counter::bytes] = impl_->memory.total();
    stats[Counter::pending_finds] = impl_->pending.size();
    stats[Counter::scans] = impl_->scans.size();
    stats[Counter::subscriptions] = impl_->subscriptions.size();
    stats[Counter::pending_registrations] = impl_->registering.size();
    return stats;
}

namespace {

std::optional<wire::Time> earlier(std::optional<wire::Time> a, std::optional<wire::Time> b) {
    return a && b ? std::min(*a, *b) : (a ? a : b);
}

}  // namespace

Directory::Impl::Impl(Options its_options, Outbox& its_outbox)
    : options(std::move(its_options)), outbox(its_outbox) {}

void Directory::Impl::on_message(wire::Sender const& sender, wire::Envelope const& envelope,
                                 wire::Time now) {
    latest = now;
    ++counters[Counter::messages];
    if (Peer* peer = roster.by_route(sender.route)) {
        heard(*peer, now);
    }
    Caller const caller{sender, envelope.request, now};
    std::visit([&](auto const& message) { handle(caller, message); }, envelope.message);
    settle(now);
}

void Directory::Impl::on_closed(wire::Route const& route, wire::Time now) {
    latest = now;
    closed.push_back(route);
    settle(now);
}

void Directory::Impl::on_tick(wire::Time now) {
    latest = now;
    for (Peer* peer = roster.first_due(); peer != nullptr && peer->due <= now;
         peer = roster.first_due()) {
        due(*peer, now);
    }
    work_off_scans(now);
    look_for_changes(now);
    end_questions(now);
    settle(now);
}

std::optional<wire::Time> Directory::Impl::next_deadline() const {
    if (!remains.empty() || !scans.empty()) {
        return latest;
    }
    Peer const* peer = roster.first_due();
    auto const due = peer == nullptr ? std::nullopt : std::optional(peer->due);
    return earlier(due, earlier(subscriptions.round(), subscriptions.first_end()));
}

// ---- peers ----

Peer* Directory::Impl::known(Caller const& caller, std::uint64_t epoch) {
    Peer* peer = roster.by_route(caller.sender.route);
    if (peer == nullptr || epoch != options.epoch) {
        fail(caller, wire::ErrorCode::unknown_peer, "register first");
        return nullptr;
    }
    return peer;
}

void Directory::Impl::handle(Caller const& caller, wire::Heartbeat const& message) {
    Peer* peer = known(caller, message.epoch);
    if (peer == nullptr) {
        return;
    }
    peer->load = message.load;
    if (message.sequence != peer->accepted) {
        fail(caller, wire::ErrorCode::resync, "an Update is missing: send the whole list");
        return;
    }
    bool const told = peer->lease == wanted_lease();
    if (!told) {
        peer->lease = wanted_lease();
        set_due(*peer);
    }
    reply(caller, wire::Alive{options.epoch, told ? 0 : heartbeat_ms(peer->lease)});
}

void Directory::Impl::handle(Caller const& caller, wire::Leave const&) {
    if (registering.contains(caller.sender.route)) {
        withdraw(caller.sender.route);
    }
    Peer* peer = known(caller, options.epoch);
    if (peer == nullptr) {
        return;
    }
    drop(*peer, Kind::left);
    reply(caller, wire::Left{options.epoch});
}

void Directory::Impl::handle(Caller const& caller, wire::Ping const&) {
    reply(caller, wire::Pong{});
}

void Directory::Impl::handle(Caller const& caller, wire::Pong const& message) {
    if (Peer* peer = roster.by_route(caller.sender.route)) {
        peer->load = message.load;
    }
}

/// Not answered: two that answer failures with failures would never stop.
void Directory::Impl::handle(Caller const&, wire::Failure const&) {}

// ---- answers, life and death ----

std::uint32_t milliseconds(wire::Duration duration) {
    auto const count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    return static_cast<std::uint32_t>(
        std::clamp<decltype(count)>(count, 0, std::numeric_limits<std::uint32_t>::max()));
}

void Directory::Impl::reply(Caller const& caller, wire::Message const& message) {
    if (outbox.send(caller.sender.route, message, caller.request) == Sent::gone) {
        closed.push_back(caller.sender.route);
    }
}

void Directory::Impl::fail(Caller const& caller, wire::ErrorCode code, std::string reason) {
    ++counters[Counter::failures];
    reply(caller, wire::Failure{code, std::move(reason), options.epoch});
}

void Directory::Impl::tell(Peer const& peer, Kind kind) {
    outbox.on_peer({kind, peer.id, peer.listens, peer.route});
    changes.peers.note(peer.id);
}

void Directory::Impl::heard(Peer& peer, wire::Time now) {
    peer.heard = now;
    peer.check.reset();
    set_due(peer);
    release_waiters(peer);
    refuse_contenders(peer);
}

void Directory::Impl::set_due(Peer& peer) {
    wire::Time const expires = peer.heard + peer.lease;
    if (!peer.check) {
        roster.schedule(peer, expires);
    } else {
        roster.schedule(peer, peer.silent ? *peer.check : std::min(*peer.check, expires));
    }
}

wire::Duration Directory::Impl::wanted_lease() const {
    auto lease = options.peer_ttl;
    auto const seconds = [&] { return std::chrono::duration<double>(heartbeat_of(lease)).count(); };
    while (static_cast<double>(roster.size()) >
           static_cast<double>(options.limits.heartbeats) * seconds()) {
        lease *= 2;
    }
    return lease;
}

std::uint32_t Directory::Impl::heartbeat_ms(wire::Duration lease) {
    return std::max(milliseconds(heartbeat_of(lease)), 1U);
}

void Directory::Impl::release_waiters(Peer& peer) {
    for (FindId const id : std::exchange(peer.waiters, {})) {
        auto const find = pending.find(id);
        if (find != pending.end() && --find->second.waiting == 0) {
            ready.push_back(id);
        }
    }
}

void Directory::Impl::drop(Peer& peer, Kind kind) {
    bool const lost = kind != Kind::left && kind != Kind::replaced;
    if (lost && hand_over(peer)) {
        return;
    }
    counters[Counter::drops] += kind == Kind::left ? 0 : 1;
    tell(peer, kind);
    release_waiters(peer);
    release_contenders(peer);
    remains.push_back(roster.remove(peer));
}

void Directory::Impl::settle(wire::Time now) {
    while (!closed.empty() || !ready.empty() || !undisputed.empty()) {
        for (wire::Route const& route : std::exchange(closed, {})) {
            forget_connection(route);
        }
        if (!ready.empty()) {
            FindId const id = ready.front();
            ready.pop_front();
            resume(id, now);
        }
        if (!undisputed.empty()) {
            wire::Route const route = undisputed.front();
            undisputed.pop_front();
            retry_registration(route, now);
        }
    }
    clear_remains();
    plan_looks(now);
}

void Directory::Impl::forget_connection(wire::Route const& route) {
    scans.forget(route);
    subscriptions.forget(route);
    forget_finds(route);
    if (registering.contains(route)) {
        withdraw(route);
    }
    if (Peer* peer = roster.by_route(route)) {
        drop(*peer, Kind::closed);
    }
}

/// A peer may leave millions of files behind, and the others' messages must not wait for that: it
/// is out of the roster at once, so nobody is told of it any more, and out of the catalogue a part
/// at a time.
void Directory::Impl::clear_remains() {
    std::size_t left = options.limits.clear_step;
    while (!remains.empty()) {
        Peer& peer = *remains.front();
        while (!peer.files.empty()) {
            if (left == 0) {
                return;
            }
            drop_file(peer, peer.files.begin());
            --left;
        }
        memory.leave(peer.slot);
        roster.release(peer.slot);
        remains.pop_front();
    }
}

}  // namespace xfsbus::tracker
