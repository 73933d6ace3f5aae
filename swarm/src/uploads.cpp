#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>
#include <iterator>

namespace xfsbus::swarm {

using wire::ErrorCode;

namespace {

/// splitmix64's finisher: as random as its seed, for each number another.
std::uint64_t drawn(std::uint64_t seed, std::uint64_t number) {
    auto value = seed + number * 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

/// Has it sent before the others, if it is among so many of them: else whoever keeps a long queue
/// could have it searched with each Want.
void put_first(std::deque<UploadTransfer::Queued>& queue, std::uint32_t chunk, std::size_t most) {
    auto const end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), most));
    auto const found = std::find_if(queue.begin(), end,
                                    [chunk](auto const& queued) { return queued.chunk == chunk; });
    if (found != end) {
        auto queued = *found;
        queued.urgent = true;
        queue.erase(found);
        queue.push_front(queued);
    }
}

/// Memory of the transfer that this Want opens, of a content of so many chunks, with nothing asked
/// for. What a bundle consists of is kept as long as it is open.
std::size_t bytes_of(wire::Want const& want, std::uint32_t chunks) {
    return sizeof(UploadTransfer) + SwarmOffers::bytes_of(chunks) +
           want.bundle.size() * sizeof(wire::ContentId);
}

}  // namespace

Uploads::Uploads(Limits limits, std::uint64_t seed, SwarmOffers& offers)
    : limits_(limits),
      seed_(seed),
      offers_(offers),
      limit_(limits.bytes_per_second),
      waiting_room_(limits.waiting),
      breadth_(limits.ahead_sinks_least) {}

// ---- what sinks say ----

Uploads::Taken Uploads::on_want(wire::Time now, SinkRoute const& route, wire::Endpoint const& sink,
                                wire::Want const& want, Content const& content) {
    on(now, route, Heard{});
    Taken taken;
    if (!table_.transfers.contains(want.transfer)) {
        taken.refused = open(now, {route, sink}, want, content, taken.ended);
        if (taken.refused) {
            return taken;
        }
    }
    Transfer& transfer = table_.transfers.at(want.transfer);
    if (transfer.route != route) {
        // The other's goes on, whoever says that it is theirs.
        taken.refused =
            wire::Refused{want.transfer, ErrorCode::bad_message, "this transfer is another's"};
        return taken;
    }
    if (transfer.content != want.content || transfer.sink != sink) {
        taken.refused = wire::Refused{want.transfer, ErrorCode::bad_message,
                                      "a transfer keeps its content and its sink"};
    } else {
        taken.refused = enqueue(now, transfer, want, taken.ended);
    }
    if (taken.refused) {
        end(want.transfer, taken.refused->reason);
    }
    return taken;
}

std::optional<wire::Refused> Uploads::open(wire::Time now, SinkKey const& key,
                                           wire::Want const& want, Content const& content,
                                           std::vector<Notice>& ended) {
    auto const refuse = [&](ErrorCode code, std::string reason) {
        return wire::Refused{want.transfer, code, std::move(reason)};
    };
    if (!content) {
        return refuse(ErrorCode::not_found, "this peer does not have that content");
    }
    auto const& [route, endpoint] = key;
    if (auto const connection = table_.connections.find(route);
        connection != table_.connections.end()) {
        if (connection->second.transfers.size() >= limits_.transfers_per_route) {
            return refuse(ErrorCode::limit, "too many transfers over one connection");
        }
        auto const sink = table_.sinks.find(key);
        bool const is_new = sink == table_.sinks.end() || sink->second.transfers == 0;
        if (is_new && connection->second.sinks >= limits_.data_ports_per_route) {
            return refuse(ErrorCode::limit, "too many data endpoints for one connection");
        }
    }
    if (!make_place(now, key, ended)) {
        return refuse(ErrorCode::busy, "as many sinks are served as can be; ask again later");
    }
    auto const bytes = bytes_of(want, content->layout().chunks);
    if (!make_room(now, {endpoint.host, 1, bytes, nullptr}, ended)) {
        return refuse(ErrorCode::busy, "too many transfers; ask again later");
    }
    add(now, key, want, content);
    return std::nullopt;
}

void Uploads::add(wire::Time now, SinkKey const& key, wire::Want const& want,
                  Content const& content) {
    auto const& [route, endpoint] = key;
    Transfer& transfer = table_.transfers[want.transfer];
    transfer.id = want.transfer;
    transfer.route = route;
    transfer.sink = endpoint;
    transfer.content = want.content;
    transfer.layout = content->layout();
    transfer.limit = RateLimit(limits_.transfer_bytes_per_second);
    transfer.serial = ++serial_;
    transfer.before = pieces_;
    transfer.opened = now;
    transfer.moved = now;
    transfer.view = offers_.open(now, want.transfer, content, want.swarm);
    Host& host = table_.hosts[endpoint.host];
    transfer.at_host = &host;
    host.transfers.emplace(transfer.serial, &transfer);
    Connection& connection =
        table_.connections.try_emplace(route, Connection{now, {}, 0, 0}).first->second;
    transfer.over = &connection;
    connection.transfers.emplace(transfer.serial, &transfer);
    Sink& sink = table_.sinks[key];
    transfer.to = &sink;
    if (sink.transfers++ == 0) {
        sink.key = key;
        sink.serial = ++serial_;
        sink.draw = drawn(seed_, sink.serial);
        sink.serves = want.serves == 0 ? std::nullopt
                                       : std::optional(wire::Endpoint{endpoint.host, want.serves});
        sink.opened = now;
        sink.moved = now;
        host.sinks.emplace(sink.serial, &sink);
        ++connection.sinks;
        ++table_.served[endpoint];
        ++table_.places;
    }
    weigh(transfer, static_cast<std::ptrdiff_t>(bytes_of(want, content->layout().chunks)));
}

std::optional<wire::Refused> Uploads::enqueue(wire::Time now, Transfer& transfer,
                                              wire::Want const& want, std::vector<Notice>& ended) {
    auto const refuse = [&](ErrorCode code, std::string reason) {
        return wire::Refused{want.transfer, code, std::move(reason)};
    };
    auto const is_beyond = [&](auto chunk) { return chunk >= transfer.layout.chunks; };
    if (std::ranges::any_of(want.chunks, is_beyond)) {
        return refuse(ErrorCode::bad_message, "the content has no such chunk");
    }
    auto const is_missing = [&](auto chunk) { return !transfer.view.here->has().contains(chunk); };
    if (std::ranges::any_of(want.chunks, is_missing)) {
        return refuse(ErrorCode::not_found, "this peer does not have that chunk");
    }
    Connection& connection = *transfer.over;
    bool const was_idle = transfer.queue.empty();
    for (auto const chunk : want.chunks) {
        if (transfer.view.awaited->contains(chunk)) {
            continue;
        }
        if (transfer.queue.size() >= limits_.queued_chunks_most ||
            connection.queued >= limits_.queued_chunks_per_route) {
            return refuse(ErrorCode::limit, "too many chunks asked for at once");
        }
        if (!make_room(now, {transfer.sink.host, 0, sizeof(Queued), &transfer}, ended)) {
            return refuse(ErrorCode::busy, "too much is asked for by all; ask again later");
        }
        bool const urgent = want.urgent && chunk == want.chunks.front();
        transfer.queue.insert(urgent ? transfer.queue.begin() : transfer.queue.end(),
                              {chunk, now, urgent});
        ++connection.queued;
        weigh(transfer, sizeof(Queued));
        offers_.asked(want.transfer, chunk);
    }
    transfer.credit = std::max(transfer.credit, want.credit);
    if (was_idle && !transfer.queue.empty()) {
        transfer.rate.set_busy(now, true);
    }
    see_turn(now, transfer);
    if (want.urgent && !want.chunks.empty()) {
        put_first(transfer.queue, want.chunks.front(), limits_.queue_looked_at);
        if (transfer.turn == Transfer::Turn::ready) {
            auto& turns = transfer.to->turns;
            turns.splice(turns.begin(), turns, transfer.at);
        }
    }
    return std::nullopt;
}

void Uploads::on_word(wire::Time now, SinkRoute const& route, Word const& word) {
    std::visit([&](auto const& what) { on(now, route, what); }, word);
}

void Uploads::on(wire::Time now, SinkRoute const& route, wire::Have const& have) {
    auto const found = table_.transfers.find(have.transfer);
    if (found == table_.transfers.end() || found->second.route != route) {
        return;
    }
    auto const chunks = found->second.layout.chunks;
    if (std::ranges::any_of(have.chunks, [&](auto chunk) { return chunk >= chunks; })) {
        return;
    }
    if (have.complete || !have.bitmap.empty()) {
        auto const all = have.complete ? std::optional(ChunkSet::full(chunks))
                                       : ChunkSet::from_wire(have.bitmap, chunks);
        if (!all) {
            return;
        }
        offers_.sink_has(have.transfer, *all);
    }
    offers_.sink_has(have.transfer, have.chunks);
    found->second.tells = true;
    spare(now, found->second);
}

/// What the sink has got from another by now need not be sent.
void Uploads::spare(wire::Time now, Transfer& transfer) {
    auto const& awaited = *transfer.view.awaited;
    auto const before = transfer.queue.size();
    if (awaited.count() == before) {
        return;
    }
    std::erase_if(transfer.queue,
                  [&](Queued const& queued) { return !awaited.contains(queued.chunk); });
    auto const spared = before - transfer.queue.size();
    transfer.over->queued -= spared;
    weigh(transfer, -static_cast<std::ptrdiff_t>(spared * sizeof(Queued)));
    see_turn(now, transfer);
    note_idle(now, transfer);
}

/// Unless it still waits for something that is under way.
void Uploads::note_idle(wire::Time now, Transfer& transfer) {
    if (transfer.queue.empty() && transfer.sent == transfer.granted) {
        transfer.rate.set_busy(now, false);
    }
}

void Uploads::set_reachable(wire::Endpoint const& sink, bool reachable) {
    for (auto& [key, each] : table_.sinks) {
        if (key.second == sink) {
            each.reachable = reachable;
        }
    }
}

void Uploads::on(wire::Time now, SinkRoute const& route, Heard const& /*heard*/) {
    auto const found = table_.connections.find(route);
    if (found != table_.connections.end()) {
        found->second.heard = now;
    }
}

void Uploads::on(wire::Time /*now*/, SinkRoute const& route, Closed const& closed) {
    auto const* const open = table_.find(closed.transfer);
    if (open != nullptr && open->route == route) {
        end(closed.transfer, {});
    }
}

/// Its sink has been sent something, and waits for nothing: it may have closed the transfer with
/// the last thing that it said.
bool Uploads::has_all(wire::TransferId const& id) const {
    Transfer const& transfer = table_.transfers.at(id);
    return transfer.sent > 0 && transfer.sent == transfer.granted && transfer.queue.empty();
}

void Uploads::on(wire::Time /*now*/, SinkRoute const& route, Gone const& /*gone*/) {
    waiting_room_.leave(route);
    for (auto const& id : table_.transfers_of(route)) {
        end(id, has_all(id) ? "" : "its connection is gone");
    }
}

// ---- what this peer has ----

std::vector<Uploads::Notice> Uploads::on_withdrawn(wire::ContentId const& content,
                                                   std::string const& reason) {
    std::vector<Notice> notices;
    end_all(table_.transfers_of(content), ErrorCode::gone, reason, notices);
    return notices;
}

std::vector<Uploads::Offer> Uploads::take_offers(wire::Time now) {
    std::vector<Offer> offers;
    auto const blocks = [&](wire::TransferId const& id) { return this->blocks(now, id); };
    for (auto& told : offers_.take(now, blocks)) {
        wire::Have have;
        have.transfer = told.transfer;
        have.complete = told.replaces && told.has.complete();
        if (told.replaces && !have.complete) {
            have.bitmap = told.has.to_wire();
        }
        auto const& route = table_.transfers.at(told.transfer).route;
        for (std::size_t i = 0; i == 0 || i < told.gained.size();
             i += wire::limits::chunks_per_have) {
            auto const end = std::min(i + wire::limits::chunks_per_have, told.gained.size());
            have.chunks.assign(told.gained.begin() + static_cast<std::ptrdiff_t>(i),
                               told.gained.begin() + static_cast<std::ptrdiff_t>(end));
            offers.push_back({route, have});
            have = {};
            have.transfer = told.transfer;
        }
    }
    return offers;
}

// ---- time ----

std::vector<Uploads::Notice> Uploads::on_tick(wire::Time now) {
    waiting_room_.forget_silent(now);
    std::vector<wire::TransferId> silent;
    for (auto const& [route, connection] : table_.connections) {
        if (now - connection.heard >= limits_.idle_most) {
            std::ranges::copy(table_.transfers_of(route), std::back_inserter(silent));
        }
    }
    std::vector<wire::TransferId> stuck;
    std::vector<wire::TransferId> unreached;
    for (auto& [key, sink] : table_.sinks) {
        if (is_stuck(now, sink)) {
            std::ranges::copy(table_.transfers_of(sink), std::back_inserter(stuck));
        } else if (!sink.reachable && now - sink.opened >= limits_.reach_most) {
            std::ranges::copy(table_.transfers_of(sink), std::back_inserter(unreached));
        }
    }
    std::vector<Notice> notices;
    end_all(silent, ErrorCode::closed, "nothing was heard for too long", notices);
    end_all(stuck, ErrorCode::closed, "what was sent is not read", notices);
    end_all(unreached, ErrorCode::unreachable, "no connection to your data port", notices);
    return notices;
}

/// Something waits for it, and nothing has left since the tick at which that began.
bool Uploads::is_stuck(wire::Time now, Sink& sink) const {
    bool const moves = sink.ahead.empty() || sink.sent != sink.sent_before;
    sink.sent_before = sink.sent;
    if (moves) {
        sink.stuck_since.reset();
    } else if (!sink.stuck_since) {
        sink.stuck_since = now;
    }
    bool const crowded = ahead_bytes_ >= limits_.ahead_bytes / 2;
    auto const most = crowded ? std::clamp(2 * time_of(ahead_bytes_), limits_.stuck_most_crowded,
                                           limits_.stuck_most)
                              : limits_.stuck_most;
    return sink.stuck_since && now - *sink.stuck_since >= most;
}

/// Those of these that are still open.
void Uploads::end_all(std::vector<wire::TransferId> const& ids, ErrorCode code,
                      std::string const& reason, std::vector<Notice>& notices) {
    for (auto const& id : ids) {
        if (auto const* const transfer = table_.find(id)) {
            notices.push_back({transfer->route, {id, code, reason}, transfer->sink});
            end(id, reason);
        }
    }
}

// ---- the end of a piece, and of a transfer ----

std::optional<Uploads::Notice> Uploads::on_done(wire::Time now, Piece const& piece,
                                                std::optional<Unread> const& unread) {
    bool const ends = unread && transfer_of(piece) != nullptr;
    free(now, piece);
    if (!ends) {
        return std::nullopt;
    }
    end(piece.transfer, unread->reason);
    return Notice{piece.route, {piece.transfer, unread->code, unread->reason}, piece.sink};
}

void Uploads::free(wire::Time now, Piece const& piece) {
    ahead_bytes_ -= piece.length;
    rate_.add(now, piece.length);
    long_rate_.add(now, piece.length);
    if (ahead_bytes_ == 0) {
        rate_.set_busy(now, false);
        long_rate_.set_busy(now, false);
    }
    auto* const transfer = transfer_of(piece);
    Sink& sink = transfer != nullptr ? *transfer->to : table_.sinks.at({piece.route, piece.sink});
    sink.rate.add(now, piece.length);
    sink.slow = takes_little(sink, piece.length);
    sink.ahead_bytes -= piece.length;
    auto const ahead = std::ranges::find(sink.ahead, piece.number, &Ahead::number);
    breadth_.on_left(now, piece.length, now - ahead->since);
    sink.ahead.erase(ahead);
    if (sink.ahead.empty()) {
        sink.rate.set_busy(now, false);
        std::erase(moving_, &sink);
    }
    ++sink.sent;
    sink.moved = now;
    if (transfer != nullptr) {
        transfer->sent += piece.length;
        transfer->moved = now;
        transfer->rate.add(now, piece.length);
        note_idle(now, *transfer);
    }
    forget_if_idle(sink);
}

/// The one that it was read for, if that is open.
Uploads::Transfer* Uploads::transfer_of(Piece const& piece) {
    auto const found = table_.transfers.find(piece.transfer);
    bool const is_open = found != table_.transfers.end() && piece.number > found->second.before;
    return is_open ? &found->second : nullptr;
}

void Uploads::end(wire::TransferId const& id, std::string const& why) {
    auto const found = table_.transfers.find(id);
    if (found == table_.transfers.end()) {
        return;
    }
    Transfer& transfer = found->second;
    if (ended_.size() < limits_.ended_most) {
        // A sink that closes may have been quicker than the word that the last of it has left.
        bool const has_all = why.empty() && transfer.queue.empty();
        ended_.push_back({id, transfer.content, transfer.sink,
                          has_all ? transfer.granted : transfer.sent, transfer.opened, why});
    }
    remove_turn(transfer.moved, transfer);
    weigh(transfer, -static_cast<std::ptrdiff_t>(transfer.bytes));
    Connection& connection = *transfer.over;
    connection.transfers.erase(transfer.serial);
    connection.queued -= transfer.queue.size();
    transfer.at_host->transfers.erase(transfer.serial);
    Sink& sink = *transfer.to;
    if (--sink.transfers == 0) {
        leave_place(sink);
    }
    if (connection.transfers.empty()) {
        table_.connections.erase(transfer.route);
    }
    offers_.close(id);
    table_.transfers.erase(found);
    if (table_.transfers.empty()) {
        breadth_ = Breadth(limits_.ahead_sinks_least);  // the next sinks may be quick
    }
    forget_if_idle(sink);
}

/// With its last transfer.
void Uploads::leave_place(Sink& sink) {
    auto const& [route, endpoint] = sink.key;
    auto const host = table_.hosts.find(endpoint.host);
    host->second.sinks.erase(sink.serial);
    if (host->second.transfers.empty()) {
        table_.hosts.erase(host);
    }
    --table_.connections.at(route).sinks;
    auto const served = table_.served.find(endpoint);
    if (--served->second == 0) {
        table_.served.erase(served);
    }
    --table_.places;
}

void Uploads::forget_if_idle(Sink const& sink) {
    if (sink.transfers == 0 && sink.ahead.empty()) {
        table_.sinks.erase(SinkKey(sink.key));
    }
}

}  // namespace xfsbus::swarm
