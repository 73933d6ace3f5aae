// Whose turn it is in Uploads.

#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {

using Turns = UploadTransfer::Turn;

/// Enters it among those that take turns, or takes it out, as it may send something or not.
void Uploads::see_turn(wire::Time now, Transfer& transfer) {
    if (!may_send(transfer)) {
        remove_turn(now, transfer);
    } else if (transfer.turn == Turns::none && transfer.limit.open(now)) {
        add_turn(transfer);
    } else if (transfer.turn == Turns::none) {
        transfer.turn = Turns::limited;
        transfer.until = limited_.emplace(transfer.limit.free_at(), &transfer);
        ++transfer.to->limited;
    }
}

/// Whether its credit covers one of the chunks that it waits for.
bool Uploads::may_send(Transfer const& transfer) const {
    if (transfer.queue.empty()) {
        return false;
    }
    auto const& layout = transfer.layout;
    auto const left = transfer.credit - transfer.granted;
    auto const last = layout.chunks - 1;  // may be shorter than the others
    return left >= layout.length(0) ||
           (left >= layout.length(last) && transfer.view.awaited->contains(last));
}

void Uploads::add_turn(Transfer& transfer) {
    Sink& sink = *transfer.to;
    if (sink.turns.empty()) {
        waiting_.push_back(&sink);
    }
    transfer.turn = Turns::ready;
    transfer.at = sink.turns.insert(sink.turns.end(), &transfer);
}

void Uploads::remove_turn(wire::Time now, Transfer& transfer) {
    Sink& sink = *transfer.to;
    auto const was = std::exchange(transfer.turn, Turns::none);
    if (was == Turns::limited) {
        limited_.erase(transfer.until);
        --sink.limited;
    } else if (was == Turns::ready) {
        sink.turns.erase(transfer.at);
        transfer.moved = now;
        sink.moved = std::max(sink.moved, now);
    }
    if (was == Turns::ready && sink.turns.empty()) {
        std::erase(waiting_, &sink);
        sink.competes = false;
    }
}

/// Those whose rate limits let them go on by now.
void Uploads::release_limited(wire::Time now) {
    while (!limited_.empty() && limited_.begin()->first <= now) {
        Transfer& transfer = *limited_.begin()->second;
        remove_turn(now, transfer);
        add_turn(transfer);
    }
}

std::optional<Uploads::Piece> Uploads::next(wire::Time now) {
    release_limited(now);
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
    // What is sent to those who have waited for too long is a half of all at most, or with a policy
    // a tenth: fairness leaves nobody waiting for so long.
    starved_after_ = std::max(limits_.starve_most, (choice_ ? 10 : 2) * time_of(round_bytes));
    std::vector<Turn> all;
    all.reserve(waiting_.size());
    for (auto* const sink : std::vector(waiting_)) {
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
std::optional<Uploads::Turn> Uploads::turn_of(wire::Time now, Sink& sink) {
    if (!sink.reachable || takes_long(now, sink)) {
        return std::nullopt;
    }
    while (!sink.turns.empty()) {
        Transfer& transfer = *sink.turns.front();
        if (auto const turn = first_of(now, transfer)) {
            bool const room = has_room(sink, turn->length) && may_take_room(sink, turn->length);
            return room ? turn : std::nullopt;
        }
        remove_turn(now, transfer);  // until it is asked for something, or has more credit
    }
    return std::nullopt;
}

/// Of what is asked for and its credit covers, what is urgent; else what has left least often; but
/// unless something has never left, what has waited for too long. No more than the oldest are
/// compared, which is all that a sink asks for which keeps to a window: else a queue that is never
/// served would cost everybody at each decision.
std::optional<Uploads::Turn> Uploads::first_of(wire::Time now, Transfer& transfer) {
    auto const left = transfer.credit - transfer.granted;
    auto const compared = std::min(transfer.queue.size(), limits_.queue_looked_at);
    Queued const* urgent = nullptr;
    Queued const* oldest = nullptr;
    Queued const* rarest = nullptr;
    std::uint32_t copies = 0;  // of the rarest
    for (std::size_t i = 0; i < compared && urgent == nullptr && (rarest == nullptr || copies > 0);
         ++i) {
        ++table_.looked_at;
        auto const& queued = transfer.queue[i];
        if (transfer.layout.length(queued.chunk) > left) {
            continue;
        }
        auto const has_left = (*transfer.view.copies)[queued.chunk];
        urgent = queued.urgent ? &queued : nullptr;
        oldest = oldest == nullptr ? &queued : oldest;
        if (rarest == nullptr || has_left < copies) {
            rarest = &queued;
            copies = has_left;
        }
    }
    if (rarest == nullptr) {
        return std::nullopt;
    }
    bool const starved = now - oldest->since >= starved_after_ && copies > 0;
    auto const& first = urgent != nullptr ? *urgent : starved ? *oldest : *rarest;
    return Turn{.sink = nullptr,
                .transfer = &transfer,
                .chunk = first.chunk,
                .length = transfer.layout.length(first.chunk),
                .copies = (*transfer.view.copies)[first.chunk]};
}

Uploads::Piece Uploads::take(wire::Time now, Turn const& turn) {
    Sink& sink = *turn.sink;
    Transfer& transfer = *turn.transfer;
    std::uint32_t const length = turn.length;
    transfer.queue.erase(std::ranges::find(transfer.queue, turn.chunk, &Queued::chunk));
    transfer.granted += length;
    transfer.limit.spend(now, length);
    limit_.spend(now, length);
    --transfer.over->queued;
    weigh(transfer, -static_cast<std::ptrdiff_t>(sizeof(Queued)));
    offers_.sent(now, transfer.id, turn.chunk);
    if (may_send(transfer) && transfer.limit.open(now)) {
        sink.turns.splice(sink.turns.end(), sink.turns, transfer.at);
    } else {
        remove_turn(now, transfer);
        see_turn(now, transfer);
    }
    turn_bytes_ = (std::exchange(turn_of_, sink.serial) == sink.serial ? turn_bytes_ : 0) + length;
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
        long_rate_.set_busy(now, true);
    }
    ahead_bytes_ += length;
    Piece piece{
        transfer.id, transfer.route, transfer.sink, turn.chunk, transfer.layout.offset(turn.chunk),
        length,      ++pieces_};
    sink.ahead.push_back({piece.number, now, length});
    return piece;
}

}  // namespace xfsbus::swarm
