#include "core/uploads.hpp"

#include <algorithm>

namespace xfsbus::peer {
namespace {

using wire::ErrorCode;

std::uint64_t offset_of(Uploads::Content const& content, std::uint32_t chunk) {
    return std::uint64_t{chunk} * content.chunk_bytes;
}

std::uint32_t length_of(Uploads::Content const& content, std::uint32_t chunk) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(content.chunk_bytes, content.bytes - offset_of(content, chunk)));
}

}  // namespace

std::optional<wire::Refused> Uploads::on_want(wire::Time now, SinkRoute const& route,
                                              wire::Endpoint const& sink, wire::Want const& want,
                                              std::optional<Content> const& content) {
    on_heard(now, route);
    auto const refuse = [&](ErrorCode code, std::string reason) {
        end(want.transfer);
        return wire::Refused{want.transfer, code, std::move(reason)};
    };
    auto found = transfers_.find(want.transfer);
    if (found == transfers_.end()) {
        if (!content) {
            return refuse(ErrorCode::not_found, "this peer does not have that content");
        }
        auto const at = sinks_.find(sink);
        std::size_t const of_sink = at == sinks_.end() ? 0 : at->second.transfers;
        if (transfers_.size() >= limits_.transfers_most || of_sink >= limits_.transfers_per_sink) {
            return refuse(ErrorCode::busy, "too many transfers");
        }
        found = transfers_
                    .emplace(want.transfer, Transfer{route, sink, want.content, *content, 0, 0, {}})
                    .first;
        Sink& entry = sinks_[sink];
        ++entry.transfers;
        ++lines_.try_emplace(route, Line{now, 0}).first->second.transfers;
    }
    Transfer& transfer = found->second;
    if (transfer.route != route || transfer.content != want.content || transfer.sink != sink) {
        return wire::Refused{want.transfer, ErrorCode::bad_message,
                             "a transfer keeps its content and its sink"};
    }
    if (transfer.queue.size() + want.chunks.size() > limits_.queued_chunks_most) {
        return refuse(ErrorCode::limit, "too many chunks asked for at once");
    }
    if (std::ranges::any_of(want.chunks,
                            [&](auto chunk) { return chunk >= transfer.about.chunks; })) {
        return refuse(ErrorCode::bad_message, "the content has no such chunk");
    }
    transfer.credit = std::max(transfer.credit, want.credit);
    bool const was_waiting = !transfer.queue.empty();
    transfer.queue.insert(transfer.queue.end(), want.chunks.begin(), want.chunks.end());
    if (!was_waiting && !transfer.queue.empty()) {
        sinks_.at(sink).turns.push_back(want.transfer);
    }
    return std::nullopt;
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
                "nothing was heard for too long", notices);
    }
    for (auto const& endpoint : stuck) {
        end_all([&](Transfer const& transfer) { return transfer.sink == endpoint; },
                "what was sent is not read", notices);
    }
    return notices;
}

/// Something waits for it, and nothing has left since the tick at which that began.
bool Uploads::is_stuck(wire::Time now, Sink& sink) const {
    bool const moves = sink.ahead_chunks == 0 || sink.sent != sink.sent_before;
    sink.sent_before = sink.sent;
    if (moves) {
        sink.stuck_since.reset();
    } else if (!sink.stuck_since) {
        sink.stuck_since = now;
    }
    return sink.stuck_since && now - *sink.stuck_since >= limits_.stuck_most;
}

template <typename Belongs>
void Uploads::end_all(Belongs belongs, std::string const& reason, std::vector<Notice>& notices) {
    std::size_t const first = notices.size();
    for (auto const& [id, transfer] : transfers_) {
        if (belongs(transfer)) {
            notices.push_back({transfer.route, {id, ErrorCode::closed, reason}});
        }
    }
    for (std::size_t i = first; i < notices.size(); ++i) {
        end(notices[i].refused.transfer);
    }
}

std::optional<Uploads::Piece> Uploads::next() {
    if (ahead_bytes_ > 0 && ahead_bytes_ >= limits_.ahead_bytes) {
        return std::nullopt;
    }
    auto best = sinks_.end();
    wire::TransferId turn;
    for (auto at = sinks_.begin(); at != sinks_.end(); ++at) {
        Sink& sink = at->second;
        auto const id = ready(sink);
        if (id && !sink.competes) {
            sink.served = std::max(sink.served, level_);
        }
        sink.competes = id.has_value();
        if (id && (best == sinks_.end() || sink.served < best->second.served)) {
            best = at;
            turn = *id;
        }
    }
    if (best == sinks_.end()) {
        return std::nullopt;
    }
    Sink& sink = best->second;
    Transfer& transfer = transfers_.at(turn);
    std::uint32_t const chunk = transfer.queue.front();
    std::uint32_t const length = length_of(transfer.about, chunk);
    transfer.queue.pop_front();
    transfer.granted += length;
    std::erase(sink.turns, turn);
    if (!transfer.queue.empty()) {
        sink.turns.push_back(turn);
    }
    level_ = sink.served;
    sink.served += length;
    sink.ahead_bytes += length;
    ++sink.ahead_chunks;
    ahead_bytes_ += length;
    return Piece{turn, transfer.sink, chunk, offset_of(transfer.about, chunk), length};
}

/// The first of the sink's transfers, in the order of their turns, that may send its next chunk.
std::optional<wire::TransferId> Uploads::ready(Sink const& sink) const {
    for (auto const& id : sink.turns) {
        Transfer const& transfer = transfers_.at(id);
        std::uint32_t const length = length_of(transfer.about, transfer.queue.front());
        if (!has_room(sink, length)) {
            return std::nullopt;
        }
        if (transfer.granted + length <= transfer.credit) {
            return id;
        }
    }
    return std::nullopt;
}

bool Uploads::has_room(Sink const& sink, std::uint32_t length) const {
    return sink.ahead_chunks == 0 || (sink.ahead_bytes + length <= limits_.ahead_bytes_per_sink &&
                                      sink.ahead_chunks < limits_.ahead_chunks_per_sink);
}

void Uploads::on_done(Piece const& piece) {
    ahead_bytes_ -= piece.length;
    Sink& sink = sinks_.at(piece.sink);
    sink.ahead_bytes -= piece.length;
    --sink.ahead_chunks;
    ++sink.sent;
    forget_if_idle(piece.sink);
}

std::optional<Uploads::Notice> Uploads::on_failed(Piece const& piece, ErrorCode code,
                                                  std::string const& reason) {
    std::optional<Notice> notice;
    auto const found = transfers_.find(piece.transfer);
    if (found != transfers_.end()) {
        notice = Notice{found->second.route, {piece.transfer, code, reason}};
    }
    on_done(piece);
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

std::optional<wire::Time> Uploads::next_deadline() const {
    if (lines_.empty()) {
        return std::nullopt;
    }
    auto const oldest =
        std::ranges::min_element(lines_, {}, [](auto const& entry) { return entry.second.heard; });
    return oldest->second.heard + limits_.idle_most;
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
    std::erase(sinks_.at(sink).turns, id);
    --sinks_.at(sink).transfers;
    transfers_.erase(found);
    forget_if_idle(sink);
}

void Uploads::forget_if_idle(wire::Endpoint const& endpoint) {
    auto const found = sinks_.find(endpoint);
    if (found->second.transfers == 0 && found->second.ahead_chunks == 0) {
        sinks_.erase(found);
    }
}

}  // namespace xfsbus::peer
