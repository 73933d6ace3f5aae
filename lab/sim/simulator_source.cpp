// What a simulated peer does as a source.
#include "sim/must.hpp"
#include "sim/simulator.hpp"
#include "sim/transfer_ids.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::lab::sim {
namespace {

wire::Duration time_of(std::uint64_t bytes, double bytes_per_s) {
    return std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(static_cast<double>(bytes) / bytes_per_s));
}

}  // namespace

// ---- what it hears ----

void Swarm::on(ToSource& message) {
    Peer& peer = *peers_[message.to];
    if (!peer.here) {
        return;
    }
    auto const route = route_of(message.from);
    peer.source.on_heard(now_, route);
    if (auto* const want = std::get_if<wire::Want>(&message.what)) {
        peer.source.on_request(now_, {route, endpoint_of(message.from).host}, {{std::move(*want)}});
    } else if (auto const* const have = std::get_if<wire::Have>(&message.what)) {
        peer.source.on_have(now_, route, *have);
    } else if (auto const* const close = std::get_if<wire::Close>(&message.what)) {
        peer.source.on_close(route, *close);
    } else if (std::holds_alternative<wire::Ping>(message.what)) {
        return tell(ToSink{message.from, message.to, wire::Pong{load_of(message.to)}});
    }
    pump_source(message.to);
}

// ---- what the session wants done ----

void Swarm::pump_source(PeerIndex index) {
    Peer& peer = *peers_[index];
    for (auto actions = peer.source.take_actions(); !actions.empty();
         actions = peer.source.take_actions()) {
        carry_out(index, actions);
    }
    while (peer.nature.conduct != Conduct::stalls) {
        auto const piece = peer.source.next_read(now_);
        if (!piece) {
            break;
        }
        send(index, *piece);
    }
    arm_source(index);
}

void Swarm::carry_out(PeerIndex index, swarm::SourceSession::Actions& actions) {
    for (auto& notice : actions.refused) {
        tell(ToSink{sink_of(notice.route), index, std::move(notice.refused)});
    }
    for (auto& send : actions.sends) {
        ToSink message{sink_of(send.to), index, wire::Ping{}};
        if (auto* const have = std::get_if<wire::Have>(&send.message)) {
            message.what = std::move(*have);
        }
        tell(std::move(message));
    }
    for (auto const& fellow : actions.fellows) {
        if (fetches(*peers_[index])) {
            auto const other = peer_at(fellow.listens);
            peers_[index]->sink->add_fellow(now_, swarm::SourceId{other},
                                            fellow.listens.to_string());
            pump_sink(index);
        }
    }
}

void Swarm::on(SourceWakes const& wakes) {
    Peer& peer = *peers_[wakes.peer];
    if (peer.here && peer.source_wakes == now_) {
        peer.source_wakes.reset();
        peer.source.on_tick(now_);
        pump_source(wakes.peer);
    }
}

// ---- chunks ----

void Swarm::send(PeerIndex index, swarm::Uploads::Piece const& piece) {
    Peer& peer = *peers_[index];
    auto const* const transfer = peer.source.uploads().find(piece.transfer);
    must(transfer != nullptr && transfer->granted <= transfer->credit,
         "no more is granted than there is credit for");
    must(peer.content->has().contains(piece.chunk), "only what is there is sent");
    peer.ahead_bytes += piece.length;
    ++peer.ahead_chunks;
    check_ahead(peer);
    if (peers_[sink_of(piece.route)]->nature.taking == Taking::never_reads) {
        return;  // it stays where it is
    }
    double const up = peer.nature.up / (1.0 + peer.nature.others);
    peer.up_free = std::max(peer.up_free, now_) + time_of(piece.length, up);
    events_.push(peer.up_free, Left{index, piece});
}

/// What is read ahead stays within the limits.
void Swarm::check_ahead(Peer const& peer) const {
    auto const& limits = rules_.uploads;
    must(peer.ahead_chunks <= limits.ahead_chunks_least ||
             peer.ahead_bytes <= limits.ahead_bytes + rules_.file.chunk_bytes,
         "what is read ahead is bounded");
}

void Swarm::on(Left const& left) {
    Peer& peer = *peers_[left.source];
    if (!peer.here) {
        return;
    }
    auto const& piece = left.piece;
    peer.ahead_bytes -= piece.length;
    --peer.ahead_chunks;
    peer.bytes_sent += piece.length;
    ++figures_.chunks_sent;
    peer.source.on_done(now_, piece);
    pump_source(left.source);
    auto const to = sink_of(piece.route);
    Peer& sink = *peers_[to];
    auto const there = pass_racks(left.source, to, piece.length) + latency(left.source, to);
    sink.down_free = std::max(sink.down_free, there) + time_of(piece.length, sink.nature.down);
    events_.push(
        sink.down_free,
        Delivered{to, left.source, {piece.transfer, piece.chunk, piece.offset}, piece.length});
}

/// When the bytes have left the rack, if they do.
wire::Time Swarm::pass_racks(PeerIndex from, PeerIndex to, std::uint64_t bytes) {
    auto const rack = peers_[from]->nature.rack;
    if (rack == peers_[to]->nature.rack) {
        return now_;
    }
    figures_.bytes_out_of_rack[rack] += bytes;
    if (rules_.rack_link <= 0) {
        return now_;
    }
    auto& free = rack_free_[rack];
    free = std::max(free, now_) + time_of(bytes, rules_.rack_link);
    return free;
}

}  // namespace xfsbus::lab::sim
