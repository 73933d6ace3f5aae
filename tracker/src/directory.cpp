#include "directory_impl.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace xfsbus::tracker {

namespace {

std::uint32_t milliseconds(wire::Duration duration) {
    auto const count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    return static_cast<std::uint32_t>(
        std::clamp<decltype(count)>(count, 0, std::numeric_limits<std::uint32_t>::max()));
}

/// What a peer on the wire says of itself takes no more than this beside its texts.
constexpr std::size_t peer_overhead = 112;
/// Of a bad name, this much is shown: escaped it may be four times as long.
constexpr std::size_t shown_name_bytes = 200;

std::optional<wire::Failure> bad_message(std::string reason) {
    return wire::Failure{wire::ErrorCode::bad_message, std::move(reason), 0};
}

std::string shown(std::string const& name) {
    return "\"" + wire::escape(name.substr(0, shown_name_bytes)) + "\"";
}

std::optional<std::string> name_complaint(std::string const& name) {
    auto const problem = wire::name_problem(name);
    return problem ? std::optional("bad name " + shown(name) + ": " + *problem) : std::nullopt;
}

std::optional<std::string> entry_complaint(wire::FileEntry const& file) {
    if (auto complaint = name_complaint(file.name)) {
        return complaint;
    }
    if (file.size > wire::limits::file_bytes) {
        return shown(file.name) + " is larger than a shared file can be";
    }
    if (file.have_ppm > wire::complete_ppm) {
        return "have_ppm of " + shown(file.name) + " is more than all of it";
    }
    return std::nullopt;
}

}  // namespace

Directory::Directory(Options const& options, Outbox& outbox)
    : impl_(std::make_unique<Impl>(options, outbox)) {}

Directory::~Directory() = default;

void Directory::on_message(Route const& route, std::string const& host,
                           wire::Envelope const& envelope, wire::Time now) {
    impl_->on_message(route, host, envelope, now);
}

void Directory::on_tick(wire::Time now) {
    impl_->on_tick(now);
}

std::optional<wire::Time> Directory::next_deadline() const {
    return impl_->next_deadline();
}

Directory::Stats Directory::stats() const {
    Stats stats = impl_->counters;
    stats.peers = impl_->roster.size();
    stats.files = impl_->file_count;
    stats.versions = impl_->catalogue.by_name().size();
    stats.pending_finds = impl_->pending.size();
    return stats;
}

Directory::Impl::Impl(Options const& its_options, Outbox& its_outbox)
    : options(its_options), outbox(its_outbox), fresh(its_options.peer_ttl / 3) {}

void Directory::Impl::on_message(Route const& route, std::string const& host,
                                 wire::Envelope const& envelope, wire::Time now) {
    latest = now;
    ++counters.messages;
    if (Peer* peer = roster.by_route(route)) {
        heard(*peer, now);
    }
    Caller const caller{route, host, envelope.request, now};
    std::visit([&](auto const& message) { handle(caller, message); }, envelope.message);
    settle(now);
}

void Directory::Impl::on_tick(wire::Time now) {
    latest = now;
    for (Peer* peer = roster.first_due(); peer != nullptr && peer->due <= now;
         peer = roster.first_due()) {
        due(*peer, now);
    }
    settle(now);
}

std::optional<wire::Time> Directory::Impl::next_deadline() const {
    if (!remains.empty()) {
        return latest;
    }
    Peer const* peer = roster.first_due();
    return peer == nullptr ? std::nullopt : std::optional(peer->due);
}

// ---- peers ----

void Directory::Impl::handle(Caller const& caller, wire::Register const& message) {
    ++counters.registrations;
    wire::Endpoint listens = message.listens;
    if (listens.any_host()) {
        listens.host = caller.host;
    }
    if (listens.port == 0 || listens.any_host() || !wire::valid_host(listens.host)) {
        fail(caller, wire::ErrorCode::bad_message, "a peer needs a host and a port it listens on");
        return;
    }
    Peer* peer = admit(caller, message, listens);
    if (peer == nullptr) {
        fail(caller, wire::ErrorCode::limit, "this tracker has no room for more peers");
        return;
    }
    peer->labels = message.labels;
    peer->silent = message.heartbeat_ms == 0;
    peer->accepted = 0;
    peer->listing = false;
    heard(*peer, caller.now);
    reply(caller, wire::Registered{options.epoch, milliseconds(options.peer_ttl),
                                   std::max(milliseconds(fresh), 1U), listens});
}

/// The entry of a peer that registers. Its files from before stay findable until it sends its
/// list anew. nullptr: the directory is full.
Peer* Directory::Impl::admit(Caller const& caller, wire::Register const& message,
                             wire::Endpoint const& listens) {
    auto const evict = [&](Peer* other) {
        if (other != nullptr && other->id != message.peer) {
            drop(*other, Kind::replaced);
        }
    };
    evict(roster.by_route(caller.route));
    evict(roster.by_listens(listens));
    if (Peer* peer = roster.by_id(message.peer)) {
        roster.move(*peer, caller.route, listens);
        tell(*peer, Kind::renewed);
        return peer;
    }
    if (roster.size() >= options.limits.peers) {
        return nullptr;
    }
    auto peer = std::make_unique<Peer>();
    peer->id = message.peer;
    peer->route = caller.route;
    peer->listens = listens;
    peer->due = caller.now;
    Peer& added = roster.add(std::move(peer));
    tell(added, Kind::joined);
    return &added;
}

Peer* Directory::Impl::known(Caller const& caller, std::uint64_t epoch) {
    Peer* peer = roster.by_route(caller.route);
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
    reply(caller, wire::Alive{options.epoch});
}

void Directory::Impl::handle(Caller const& caller, wire::Leave const&) {
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
    if (Peer* peer = roster.by_route(caller.route)) {
        peer->load = message.load;
    }
}

/// Not answered: two that answer failures with failures would never stop.
void Directory::Impl::handle(Caller const&, wire::Failure const&) {}

void Directory::Impl::handle(Caller const& caller, wire::ListPeers const& message) {
    auto const bytes = wire::from_hex(message.after);
    auto const after = bytes ? wire::PeerId::from(*bytes) : std::nullopt;
    if (!message.after.empty() && !after) {
        fail(caller, wire::ErrorCode::bad_message, "`after` is not a cursor of this tracker");
        return;
    }
    wire::PeerList list{options.epoch, {}, {}};
    auto const& ids = roster.ids();
    std::size_t size = 0;
    for (auto it = after ? ids.upper_bound(*after) : ids.begin(); it != ids.end(); ++it) {
        Peer const& peer = *roster.at(it->second);
        size += peer_overhead + peer.listens.host.size() + peer.labels.size();
        if (list.peers.size() == options.limits.peers_page ||
            (!list.peers.empty() && size > options.limits.found_bytes)) {
            list.next = wire::to_hex(list.peers.back().peer);
            break;
        }
        list.peers.push_back({peer.id, peer.listens, peer.files.size(), peer.load,
                              milliseconds(caller.now - peer.heard), peer.labels});
    }
    reply(caller, list);
}

// ---- lists of files ----

void Directory::Impl::handle(Caller const& caller, wire::Update const& message) {
    ++counters.updates;
    Peer* peer = known(caller, message.epoch);
    if (peer == nullptr) {
        return;
    }
    bool const repeated = message.sequence == peer->accepted && message.sequence != 0;
    if (repeated && !message.full_begin) {
        // Its answer was lost, or is on its way.
        reply(caller, wire::Updated{options.epoch, message.sequence});
        return;
    }
    if (auto const failure = refusal(*peer, message)) {
        fail(caller, failure->code, failure->reason);
        return;
    }
    apply(*peer, message);
    reply(caller, wire::Updated{options.epoch, message.sequence});
}

/// Why the Update is not taken; it is taken as a whole or not at all.
std::optional<wire::Failure> Directory::Impl::refusal(Peer const& peer,
                                                      wire::Update const& update) const {
    if (update.sequence == 0) {
        return bad_message("Updates are numbered from 1");
    }
    if (!update.full_begin && update.sequence != peer.accepted + 1) {
        return wire::Failure{wire::ErrorCode::resync, "an Update is missing: send the whole list",
                             0};
    }
    if (update.full_end && !update.full_begin && !peer.listing) {
        return bad_message("full_end without full_begin");
    }
    std::size_t grows = 0;
    for (auto const& file : update.added) {
        if (auto complaint = entry_complaint(file)) {
            return bad_message(std::move(*complaint));
        }
        grows += peer.files.contains(std::string_view(file.name)) ? 0 : 1;
    }
    for (auto const& name : update.removed) {
        if (auto complaint = name_complaint(name)) {
            return bad_message(std::move(*complaint));
        }
    }
    if (grows > 0 && (peer.files.size() + grows > options.limits.files_per_peer ||
                      file_count + grows > options.limits.files)) {
        return wire::Failure{wire::ErrorCode::limit, "more files than this tracker takes", 0};
    }
    return std::nullopt;
}

/// What is removed goes first: a name that stands in both lists is there afterwards.
void Directory::Impl::apply(Peer& peer, wire::Update const& update) {
    peer.accepted = update.sequence;
    if (update.full_begin) {
        ++peer.generation;
        peer.listing = true;
    }
    for (auto const& name : update.removed) {
        remove_file(peer, name);
    }
    for (auto const& file : update.added) {
        add_file(peer, file);
    }
    if (update.full_end) {
        end_list(peer);
    }
}

void Directory::Impl::add_file(Peer& peer, wire::FileEntry const& file) {
    Version const version = catalogue.add(file, peer.slot);
    auto const held = peer.files.find(std::string_view(file.name));
    if (held != peer.files.end() && held->version == version) {
        held->generation = peer.generation;
        return;
    }
    if (held != peer.files.end()) {
        remove_file(peer, file.name);
    }
    peer.files.insert({version, peer.generation});
    ++file_count;
}

void Directory::Impl::remove_file(Peer& peer, std::string const& name) {
    auto const held = peer.files.find(std::string_view(name));
    if (held == peer.files.end()) {
        return;
    }
    // Out of the peer's set first: the catalogue owns the name it is ordered by.
    Version const version = held->version;
    peer.files.erase(held);
    --file_count;
    catalogue.remove(version, peer.slot);
}

/// The whole list has been sent: what it did not name is gone.
void Directory::Impl::end_list(Peer& peer) {
    peer.listing = false;
    for (auto it = peer.files.begin(); it != peer.files.end();) {
        if (it->generation == peer.generation) {
            ++it;
            continue;
        }
        Version const version = it->version;
        it = peer.files.erase(it);
        --file_count;
        catalogue.remove(version, peer.slot);
    }
}

// ---- answers, life and death ----

void Directory::Impl::reply(Caller const& caller, wire::Message const& message) {
    if (outbox.send(caller.route, message, caller.request) == Sent::gone) {
        closed.push_back(caller.route);
    }
}

void Directory::Impl::fail(Caller const& caller, wire::ErrorCode code, std::string reason) {
    ++counters.failures;
    reply(caller, wire::Failure{code, std::move(reason), options.epoch});
}

void Directory::Impl::tell(Peer const& peer, Kind kind) {
    outbox.on_peer({kind, peer.id, peer.listens});
}

void Directory::Impl::heard(Peer& peer, wire::Time now) {
    peer.heard = now;
    peer.check.reset();
    set_due(peer);
    release_waiters(peer);
}

void Directory::Impl::set_due(Peer& peer) {
    wire::Time const expires = peer.heard + options.peer_ttl;
    if (!peer.check) {
        roster.schedule(peer, expires);
    } else {
        roster.schedule(peer, peer.silent ? *peer.check : std::min(*peer.check, expires));
    }
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
    counters.drops += kind == Kind::left ? 0 : 1;
    tell(peer, kind);
    release_waiters(peer);
    remains.push_back(roster.remove(peer));
}

void Directory::Impl::settle(wire::Time now) {
    while (!closed.empty() || !ready.empty()) {
        for (Route const& route : std::exchange(closed, {})) {
            if (Peer* peer = roster.by_route(route)) {
                drop(*peer, Kind::closed);
            }
        }
        if (!ready.empty()) {
            auto find = pending.extract(ready.front());
            ready.pop_front();
            advance(std::move(find.mapped()), now);
        }
    }
    clear_remains();
}

/// A peer may leave millions of files behind, and the others' messages must not wait for that: it
/// is out of the roster at once, so nobody is told of it any more, and out of the catalogue by and
/// by.
void Directory::Impl::clear_remains() {
    std::size_t left = options.limits.clear_step;
    while (!remains.empty()) {
        Peer& peer = *remains.front();
        while (!peer.files.empty()) {
            if (left == 0) {
                return;
            }
            Version const version = peer.files.begin()->version;
            peer.files.erase(peer.files.begin());
            --file_count;
            catalogue.remove(version, peer.slot);
            --left;
        }
        roster.release(peer.slot);
        remains.pop_front();
    }
}

}  // namespace xfsbus::tracker
