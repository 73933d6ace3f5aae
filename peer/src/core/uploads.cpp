#include "core/uploads.hpp"

#include <algorithm>

namespace xfsbus::peer {

using wire::ErrorCode;

Uploads::Uploads(Limits limits, std::uint64_t seed)
    : limits_(limits),
      offers_(seed),
      limit_(limits.bytes_per_second),
      breadth_(limits.ahead_sinks_least) {}

// ---- what sinks say ----

std::optional<wire::Refused> Uploads::on_want(wire::Time now, SinkRoute const& route,
                                              wire::Endpoint const& sink, wire::Want const& want,
                                              std::optional<Content> const& content) {
    on_heard(now, route);
    auto const refuse = [&](ErrorCode code, std::string reason) {
        end(want.transfer);
        return wire::Refused{want.transfer, code, std::move(reason)};
    };
    if (!transfers_.contains(want.transfer)) {
        if (!content) {
            return refuse(ErrorCode::not_found, "this peer does not have that content");
        }
        auto const at = sinks_.find(sink);
        std::size_t const of_sink = at == sinks_.end() ? 0 : at->second.transfers;
        if (transfers_.size() >= limits_.transfers_most || of_sink >= limits_.transfers_per_sink) {
            return refuse(ErrorCode::busy, "too many transfers");
        }
        open(now, route, sink, want, *content);
    }
    Transfer& transfer = transfers_.at(want.transfer);
    if (transfer.route != route || transfer.content != want.content || transfer.sink != sink) {
        return wire::Refused{want.transfer, ErrorCode::bad_message,
                             "a transfer keeps its content and its sink"};
    }
    if (transfer.queue.size() + want.chunks.size() > limits_.queued_chunks_most) {
        return refuse(ErrorCode::limit, "too many chunks asked for at once");
    }
    if (std::ranges::any_of(want.chunks,
                            [&](auto chunk) { return chunk >= transfer.layout.chunks; })) {
        return refuse(ErrorCode::bad_message, "the content has no such chunk");
    }
    if (std::ranges::any_of(want.chunks,
                            [&](auto chunk) { return !offers_.has(want.transfer, chunk); })) {
        return refuse(ErrorCode::not_found, "this peer does not have that chunk");
    }
    enqueue(now, transfer, want);
    return std::nullopt;
}

void Uploads::open(wire::Time now, SinkRoute const& route, wire::Endpoint const& sink,
                   wire::Want const& want, Content const& content) {
    Transfer transfer;
    transfer.id = want.transfer;
    transfer.route = route;
    transfer.sink = sink;
    transfer.content = want.content;
    transfer.layout = content.layout;
    transfer.limit = RateLimit(limits_.transfer_bytes_per_second);
    offers_.open(now, want.transfer, want.content, content, want.swarm);
    transfer.copies = &offers_.copies(want.transfer);
    transfers_.emplace(want.transfer, std::move(transfer));
    ++sinks_[sink].transfers;
    ++lines_.try_emplace(route, Line{now, 0}).first->second.transfers;
}

void Uploads::enqueue(wire::Time now, Transfer& transfer, wire::Want const& want) {
    transfer.credit = std::max(transfer.credit, want.credit);
    if (want.chunks.empty()) {
        return;
    }
    if (transfer.queue.empty()) {
        transfer.rate.set_busy(now, true);
        add_turn(sinks_.at(transfer.sink), transfer);
    }
    for (auto const chunk : want.chunks) {
        transfer.queue.push_back({chunk, now});
        offers_.asked(want.transfer, chunk);
    }
}

void Uploads::on_have(wire::Time now, SinkRoute const& route, wire::Have const& have) {
    auto const* const transfer = find(have.transfer);
    if (transfer == nullptr || transfer->route != route) {
        return;
    }
    auto const chunks = transfer->layout.chunks;
    std::vector<std::uint32_t> has = have.chunks;
    if (have.complete || !have.bitmap.empty()) {
        auto const all = have.complete ? std::optional(ChunkSet::full(chunks))
                                       : ChunkSet::from_wire(have.bitmap, chunks);
        if (!all) {
            return;
        }
        all->for_each([&](std::uint32_t chunk) { has.push_back(chunk); });
    }
    if (std::ranges::any_of(has, [&](auto chunk) { return chunk >= chunks; })) {
        return;
    }
    offers_.sink_has(have.transfer, has);
    spare(now, transfers_.at(have.transfer), has);
}

/// What the sink has got from another by now need not be sent.
void Uploads::spare(wire::Time now, Transfer& transfer, std::vector<std::uint32_t> const& chunks) {
    if (transfer.queue.empty()) {
        return;
    }
    for (auto const chunk : chunks) {
        std::erase_if(transfer.queue,
                      [chunk](Queued const& queued) { return queued.chunk == chunk; });
    }
    if (transfer.queue.empty()) {
        remove_turn(sinks_.at(transfer.sink), transfer);
        note_idle(now, transfer);
    }
}

/// Unless it still waits for something that is under way.
void Uploads::note_idle(wire::Time now, Transfer& transfer) {
    if (transfer.queue.empty() && transfer.sent == transfer.granted) {
        transfer.rate.set_busy(now, false);
    }
}

void Uploads::on_heard(wire::Time now, SinkRoute const& route) {
    auto const found = lines_.find(route);
    if (found != lines_.end()) {
        found->second.heard = now;
    }
}

void Uploads::on_close(SinkRoute const& route, wire::TransferId const& transfer) {
    auto const* const open = find(transfer);
    if (open != nullptr && open->route == route) {
        end(transfer);
    }
}

void Uploads::on_gone(SinkRoute const& route) {
    std::vector<wire::TransferId> ended;
    for (auto const& [id, transfer] : transfers_) {
        if (transfer.route == route) {
            ended.push_back(id);
        }
    }
    for (auto const& id : ended) {
        end(id);
    }
}

// ---- what this peer has ----

void Uploads::on_gained(wire::ContentId const& content, std::uint32_t chunk) {
    offers_.gained(content, chunk);
}

std::vector<Uploads::Notice> Uploads::on_withdrawn(wire::ContentId const& content,
                                                   std::string const& reason) {
    std::vector<Notice> notices;
    end_all([&](Transfer const& transfer) { return transfer.content == content; }, ErrorCode::gone,
            reason, notices);
    return notices;
}

std::vector<Uploads::Offer> Uploads::take_offers(wire::Time now) {
    std::vector<Offer> offers;
    for (auto& told : offers_.take(now)) {
        wire::Have have;
        have.transfer = told.transfer;
        have.complete = told.replaces && told.has.complete();
        if (told.replaces && !have.complete) {
            have.bitmap = told.has.to_wire();
        }
        auto const& route = transfers_.at(told.transfer).route;
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
    std::vector<SinkRoute> silent;
    for (auto const& [route, line] : lines_) {
        if (now - line.heard >= limits_.idle_most) {
            silent.push_back(route);
        }
    }
    std::vector<wire::Endpoint> stuck;
    for (auto& [endpoint, sink] : sinks_) {
        if (is_stuck(now, sink)) {
            stuck.push_back(endpoint);
        }
    }
    std::vector<Notice> notices;
    for (auto const& route : silent) {
        end_all([&](Transfer const& transfer) { return transfer.route == route; },
                ErrorCode::closed, "nothing was heard for too long", notices);
    }
    for (auto const& endpoint : stuck) {
        end_all([&](Transfer const& transfer) { return transfer.sink == endpoint; },
                ErrorCode::closed, "what was sent is not read", notices);
    }
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

template <typename Belongs>
void Uploads::end_all(Belongs belongs, ErrorCode code, std::string const& reason,
                      std::vector<Notice>& notices) {
    std::size_t const first = notices.size();
    for (auto const& [id, transfer] : transfers_) {
        if (belongs(transfer)) {
            notices.push_back({transfer.route, {id, code, reason}});
        }
    }
    for (std::size_t i = first; i < notices.size(); ++i) {
        end(notices[i].refused.transfer);
    }
}

std::optional<wire::Time> Uploads::next_deadline() const {
    if (lines_.empty()) {
        return std::nullopt;
    }
    auto const oldest =
        std::ranges::min_element(lines_, {}, [](auto const& entry) { return entry.second.heard; });
    return oldest->second.heard + limits_.idle_most;
}

// ---- whose turn it is ----

void Uploads::add_turn(Sink& sink, Transfer& transfer) {
    if (sink.turns.empty()) {
        waiting_.push_back(&sink);
    }
    sink.turns.push_back(&transfer);
}

void Uploads::remove_turn(Sink& sink, Transfer& transfer) {
    if (std::erase(sink.turns, &transfer) > 0 && sink.turns.empty()) {
        std::erase(waiting_, &sink);
        sink.competes = false;
    }
}

std::optional<Uploads::Piece> Uploads::next(wire::Time now) {
    if (waiting_.empty() || !limit_.open(now) ||
        (ahead_bytes_ > 0 && ahead_bytes_ >= limits_.ahead_bytes)) {
        return std::nullopt;
    }
    auto const under_way = moving(now);
    bool const few = under_way.sinks < breadth_.sinks();
    if (!few && !leaves_in_time(under_way, 1)) {
        if (someone_idle_waits()) {
            breadth_.on_refused();
        }
        return std::nullopt;
    }
    auto all = turns(now);
    if (all.empty()) {
        return std::nullopt;
    }
    auto const& turn = choose(now, all);
    if (leaves_in_time(under_way, turn.length)) {
        return take(now, turn);
    }
    std::erase_if(all, [](Turn const& other) { return !other.sink->ahead.empty(); });
    if (all.empty()) {
        return std::nullopt;
    }
    if (!few) {
        breadth_.on_refused();
        return std::nullopt;
    }
    return take(now, choose(now, all));
}

/// One for each sink that could be served now.
std::vector<Uploads::Turn> Uploads::turns(wire::Time now) {
    std::uint64_t round_bytes = 0;
    for (auto const* const sink : waiting_) {
        round_bytes += sink->turns.front()->layout.length(0);
    }
    starved_after_ = std::max(limits_.starve_most, 2 * time_of(round_bytes));
    std::vector<Turn> all;
    all.reserve(waiting_.size());
    for (auto* const sink : waiting_) {
        auto turn = turn_of(now, *sink);
        if (turn && !sink->competes) {
            // What it got long ago, while others asked for nothing, is not held against it.
            sink->served = std::clamp<std::uint64_t>(sink->served, level_, level_ + turn->length);
            sink->waits_since = now;
        }
        sink->competes = turn.has_value();
        if (turn) {
            turn->sink = sink;
            all.push_back(*turn);
        }
    }
    return all;
}

/// The first of the sink's transfers, in the order of their turns, that may send.
std::optional<Uploads::Turn> Uploads::turn_of(wire::Time now, Sink const& sink) const {
    if (takes_long(now, sink)) {
        return std::nullopt;
    }
    for (auto* const transfer : sink.turns) {
        if (!transfer->limit.open(now)) {
            continue;
        }
        auto const turn = first_of(now, *transfer);
        if (!has_room(sink, turn.length)) {
            return std::nullopt;
        }
        if (transfer->granted + turn.length <= transfer->credit) {
            return turn;
        }
    }
    return std::nullopt;
}

/// Of what is asked for, what has left least often; but unless something has never left, what has
/// waited for too long.
Uploads::Turn Uploads::first_of(wire::Time now, Transfer& transfer) const {
    auto const copies_of = [&](Queued const& queued) { return (*transfer.copies)[queued.chunk]; };
    auto const& oldest = transfer.queue.front();
    auto const& rarest = *std::ranges::min_element(transfer.queue, {}, copies_of);
    bool const starved = now - oldest.since >= starved_after_ && copies_of(rarest) > 0;
    auto const& first = starved ? oldest : rarest;
    return {.sink = nullptr,
            .transfer = &transfer,
            .chunk = first.chunk,
            .length = transfer.layout.length(first.chunk),
            .copies = copies_of(first)};
}

/// Who was given least; but a chunk that has never left goes before a second copy of another of
/// the same content, and who has waited for too long goes first.
Uploads::Turn const& Uploads::choose(wire::Time now, std::vector<Turn> const& turns) const {
    auto const waits_since = [](Turn const& turn) { return turn.sink->waits_since; };
    auto const longest = std::ranges::min_element(turns, {}, waits_since);
    if (now - waits_since(*longest) >= starved_after_) {
        return *longest;
    }
    auto const served = [](Turn const& turn) { return turn.sink->served; };
    auto const& fair = *std::ranges::min_element(turns, {}, served);
    if (fair.copies == 0) {
        return fair;
    }
    auto const& content = fair.transfer->content;
    Turn const* best = &fair;
    for (auto const& turn : turns) {
        bool const fresher = turn.copies == 0 && turn.transfer->content == content;
        if (fresher && (best->copies > 0 || served(turn) < served(*best))) {
            best = &turn;
        }
    }
    return *best;
}

Uploads::Piece Uploads::take(wire::Time now, Turn const& turn) {
    Sink& sink = *turn.sink;
    Transfer& transfer = *turn.transfer;
    std::uint32_t const length = turn.length;
    transfer.queue.erase(std::ranges::find(transfer.queue, turn.chunk, &Queued::chunk));
    transfer.granted += length;
    transfer.limit.spend(now, length);
    limit_.spend(now, length);
    offers_.sent(now, transfer.id, turn.chunk);
    if (transfer.queue.empty()) {
        remove_turn(sink, transfer);
    } else {
        std::erase(sink.turns, &transfer);
        sink.turns.push_back(&transfer);
    }
    level_ = sink.served;
    sink.served += length;
    sink.waits_since = now;
    sink.ahead_bytes += length;
    if (sink.ahead.empty()) {
        sink.rate.set_busy(now, true);
        moving_.push_back(&sink);
    }
    if (ahead_bytes_ == 0) {
        rate_.set_busy(now, true);
    }
    ahead_bytes_ += length;
    Piece piece{transfer.id, transfer.sink, turn.chunk, transfer.layout.offset(turn.chunk),
                length,      ++pieces_};
    sink.ahead.push_back({piece.number, now, length});
    return piece;
}

// ---- the end of a piece, and of a transfer ----

void Uploads::on_done(wire::Time now, Piece const& piece) {
    ahead_bytes_ -= piece.length;
    rate_.add(now, piece.length);
    if (ahead_bytes_ == 0) {
        rate_.set_busy(now, false);
    }
    Sink& sink = sinks_.at(piece.sink);
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
    auto const found = transfers_.find(piece.transfer);
    if (found != transfers_.end()) {
        Transfer& transfer = found->second;
        transfer.sent += piece.length;
        transfer.rate.add(now, piece.length);
        note_idle(now, transfer);
    }
    forget_if_idle(piece.sink);
}

std::optional<Uploads::Notice> Uploads::on_failed(wire::Time now, Piece const& piece,
                                                  ErrorCode code, std::string const& reason) {
    std::optional<Notice> notice;
    auto const found = transfers_.find(piece.transfer);
    if (found != transfers_.end()) {
        notice = Notice{found->second.route, {piece.transfer, code, reason}};
    }
    on_done(now, piece);
    end(piece.transfer);
    return notice;
}

Uploads::Transfer const* Uploads::find(wire::TransferId const& transfer) const {
    auto const found = transfers_.find(transfer);
    return found == transfers_.end() ? nullptr : &found->second;
}

std::vector<Uploads::SinkRoute> Uploads::routes() const {
    std::vector<SinkRoute> routes;
    for (auto const& [route, line] : lines_) {
        routes.push_back(route);
    }
    return routes;
}

bool Uploads::serves(wire::Endpoint const& sink) const {
    auto const found = sinks_.find(sink);
    return found != sinks_.end() && found->second.transfers > 0;
}

void Uploads::end(wire::TransferId const& id) {
    auto const found = transfers_.find(id);
    if (found == transfers_.end()) {
        return;
    }
    auto const line = lines_.find(found->second.route);
    if (--line->second.transfers == 0) {
        lines_.erase(line);
    }
    auto const sink = found->second.sink;
    remove_turn(sinks_.at(sink), found->second);
    --sinks_.at(sink).transfers;
    offers_.close(id);
    transfers_.erase(found);
    if (transfers_.empty()) {
        breadth_ = Breadth(limits_.ahead_sinks_least);  // the next sinks may be quick
    }
    forget_if_idle(sink);
}

void Uploads::forget_if_idle(wire::Endpoint const& endpoint) {
    auto const found = sinks_.find(endpoint);
    if (found->second.transfers == 0 && found->second.ahead.empty()) {
        sinks_.erase(found);
    }
}

}  // namespace xfsbus::peer
