// What a simulated peer does as a source.
#include "sim/must.hpp"
#include "sim/simulator.hpp"
#include "sim/transfer_ids.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::lab::sim {

// ---- what it hears ----

void Swarm::on(ToSource& message) {
    SimulatedPeer& peer = *peers_[message.to];
    if (!peer.here) {
        return;
    }
    wire::Sender const& sender = ends_[message.from].sender;
    peer.source.on_word(now_, sender, swarm::Uploads::Heard{});
    if (auto* const want = std::get_if<wire::Want>(&message.what)) {
        peer.source.on_word(now_, sender, wire::Request{{std::move(*want)}});
    } else if (auto const* const have = std::get_if<wire::Have>(&message.what)) {
        peer.source.on_word(now_, sender, *have);
    } else if (auto const* const close = std::get_if<wire::Close>(&message.what)) {
        peer.source.on_word(now_, sender, *close);
    } else if (std::holds_alternative<wire::Ping>(message.what)) {
        return tell(ToSink{message.from, message.to, wire::Pong{load_of(message.to)}});
    }
    pump_source(message.to);
}

// ---- what the session wants done ----

void Swarm::pump_source(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
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
    for (auto const& ended : actions.ended) {
        if (auto const to = peer_at(ended.sink); !takes(to)) {
            throw_away(index, to);
        }
    }
    for (auto const& fellow : actions.fellows) {
        if (peers_[index]->fetches()) {
            auto const other = peer_at(fellow.listens);
            add_fellow(*peers_[index]->sink, now_, peers_[index]->id_of(other),
                       fellow.listens.to_string());
            pump_sink(index);
        }
    }
}

void Swarm::on(SourceWakes const& wakes) {
    SimulatedPeer& peer = *peers_[wakes.peer];
    if (peer.here && peer.source_wakes == now_) {
        peer.source_wakes.reset();
        peer.source.on_tick(now_);
        pump_source(wakes.peer);
    }
}

// ---- chunks ----

void Swarm::send(PeerIndex index, swarm::Uploads::Piece const& piece) {
    SimulatedPeer& peer = *peers_[index];
    auto const* const transfer = peer.source.uploads().find(piece.transfer);
    must(transfer != nullptr && transfer->granted <= transfer->credit,
         "no more is granted than there is credit for");
    must(peer.content->has().contains(piece.chunk), "only what is there is sent");
    peer.ahead_bytes += piece.length;
    ++peer.ahead_chunks;
    check_ahead(peer);
    wiring_.send(now_, index, sink_of(piece.route), piece);
}

/// What is read ahead stays within the limits.
void Swarm::check_ahead(SimulatedPeer const& peer) const {
    auto const& limits = rules_.uploads;
    must(peer.ahead_chunks <= limits.ahead_chunks_least ||
             peer.ahead_bytes <= limits.ahead_bytes + rules_.file.chunk_bytes,
         "what is read ahead is bounded");
}

void Swarm::on_left(Wiring::Left const& left) {
    SimulatedPeer& peer = *peers_[left.from];
    auto const& piece = left.piece;
    peer.ahead_bytes -= piece.length;
    --peer.ahead_chunks;
    peer.figures.bytes_sent += piece.length;
    ++figures_.chunks_sent;
    figures_.bytes_between_racks[{wiring_.rack(left.from), wiring_.rack(left.to)}] += piece.length;
    peer.source.on_done(now_, piece);
    pump_source(left.from);
    events_.append(
        now_ + latency(left.from, left.to),
        Delivered{left.to, left.from, {piece.transfer, piece.chunk, piece.offset}, piece.length});
}

/// Whether anything gets to it.
bool Swarm::takes(PeerIndex sink) const {
    return peers_[sink]->here && peers_[sink]->nature.taking != Taking::never_reads;
}

/// What this source has read for that sink, and what has not left it.
void Swarm::throw_away(PeerIndex source, PeerIndex sink) {
    SimulatedPeer& peer = *peers_[source];
    for (auto const& piece : wiring_.cut(now_, source, sink)) {
        peer.ahead_bytes -= piece.length;
        --peer.ahead_chunks;
        peer.source.on_done(now_, piece);
    }
}

}  // namespace xfsbus::lab::sim
