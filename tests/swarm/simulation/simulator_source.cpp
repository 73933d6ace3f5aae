// What a simulated peer does as a source.
#include "../seeds.hpp"
#include "simulator.hpp"
#include "transfer_ids.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace xfsbus::swarm::test {
namespace {

using namespace std::chrono_literals;

/// What is gained within so much time is told together.
constexpr auto offer_every = 20ms;

wire::Duration time_of(std::uint64_t bytes, double bytes_per_s) {
    return std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(static_cast<double>(bytes) / bytes_per_s));
}

}  // namespace

void Swarm::on(Asked& asked) {
    auto const ends = ends_of(asked.transfer);
    Peer& peer = *peers_[ends.source];
    if (!peer.here) {
        return;
    }
    wire::Want want;
    want.transfer = asked.transfer;
    want.content = the_content;
    want.credit = asked.credit;
    want.chunks = std::move(asked.chunks);
    want.swarm = true;
    bool const opens = peer.uploads.find(asked.transfer) == nullptr;
    auto const content = opens && !peer.failure ? std::optional(content_of(peer)) : std::nullopt;
    wire::Endpoint const sink{"", static_cast<std::uint16_t>(ends.sink + 1)};
    auto taken = peer.uploads.on_want(now_, route_of(ends.sink), sink, want, content);
    for (auto& notice : taken.ended) {
        tell(Refusal{std::move(notice.refused)});
    }
    if (taken.refused) {
        return tell(Refusal{std::move(*taken.refused)});
    }
    pump_uploads(ends.source);
    if (opens) {
        Offered offered;  // so that it knows what to ask for
        tell_sinks(ends.source, offered);
        deliver_together(std::move(offered));
    }
    flush_soon(ends.source);
    if (opens && fetches(peer) && peers_[ends.sink]->nature.serves) {
        add_candidate(ends.source, ends.sink, 0, 0);
        pump_download(ends.source);
    }
}

void Swarm::on(Closed const& closed) {
    auto const ends = ends_of(closed.transfer);
    Peer& peer = *peers_[ends.source];
    if (peer.here) {
        peer.uploads.on_close(route_of(ends.sink), closed.transfer);
        flush_soon(ends.source);
    }
}

void Swarm::on(SinkHas const& news) {
    auto const ends = ends_of(news.have.transfer);
    Peer& peer = *peers_[ends.source];
    if (peer.here) {
        peer.uploads.on_have(now_, route_of(ends.sink), news.have);
        flush_soon(ends.source);
    }
}

void Swarm::on(Pinged const& pinged) {
    auto const source = peers_[pinged.sink]->links[static_cast<std::size_t>(pinged.id)].source;
    Peer& peer = *peers_[source];
    if (peer.here) {
        peer.uploads.on_heard(now_, route_of(pinged.sink));
        tell(Ponged{pinged.sink, pinged.id, static_cast<std::uint32_t>(peer.uploads.load())});
    }
}

void Swarm::pump_uploads(PeerIndex index) {
    Peer& peer = *peers_[index];
    if (peer.nature.conduct == Conduct::stalls) {
        return;
    }
    while (auto const piece = peer.uploads.next(now_)) {
        send(index, *piece);
    }
    if (auto const turn = peer.uploads.next_turn(now_);
        turn && (!peer.turns || *turn < *peer.turns)) {
        peer.turns = turn;
        events_.push(*turn, UploadsTurn{index});
    }
}

void Swarm::on(UploadsTurn const& turn) {
    Peer& peer = *peers_[turn.peer];
    if (peer.here && peer.turns == now_) {
        peer.turns.reset();
        pump_uploads(turn.peer);
    }
}

void Swarm::send(PeerIndex index, Uploads::Piece const& piece) {
    Peer& peer = *peers_[index];
    auto const* const transfer = peer.uploads.find(piece.transfer);
    must(transfer != nullptr && transfer->granted <= transfer->credit,
         "no more is granted than there is credit for");
    must(peer.has.contains(piece.chunk), "only what is there is sent");
    peer.ahead_bytes += piece.length;
    ++peer.ahead_chunks;
    check_ahead(peer);
    if (peers_[ends_of(piece.transfer).sink]->nature.taking == Taking::never_reads) {
        return;  // it stays where it is
    }
    peer.up_free = std::max(peer.up_free, now_) + time_of(piece.length, peer.nature.up);
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
    peer.uploads.on_done(now_, piece);
    pump_uploads(left.source);
    flush_soon(left.source);
    Peer& sink = *peers_[ends_of(piece.transfer).sink];
    sink.down_free =
        std::max(sink.down_free, now_ + rules_.latency) + time_of(piece.length, sink.nature.down);
    events_.push(sink.down_free, Delivered{piece.transfer, piece.chunk});
}

/// At the next full 20 ms, like everybody: so the simulation does at once what concerns one peer.
void Swarm::flush_soon(PeerIndex index) {
    Peer& peer = *peers_[index];
    if (peer.flushes || (!peer.uploads.has_offers() && peer.gained.empty())) {
        return;
    }
    peer.flushes = true;
    if (to_flush_.empty()) {
        auto const passed = (now_ - begin_) / offer_every;
        events_.push(begin_ + (passed + 1) * offer_every, FlushDue{});
    }
    to_flush_.push_back(index);
}

void Swarm::on(FlushDue const&) {
    Offered offered;
    auto const peers = std::exchange(to_flush_, {});
    for (auto const index : peers) {
        Peer& peer = *peers_[index];
        peer.flushes = false;
        if (peer.here) {
            tell_sinks(index, offered);
            tell_complete_sources(index);
        }
    }
    deliver_together(std::move(offered));
    for (auto const index : peers) {
        if (peers_[index]->here) {
            flush_soon(index);
        }
    }
}

void Swarm::tell_sinks(PeerIndex index, Offered& offered) {
    for (auto& offer : peers_[index]->uploads.take_offers(now_)) {
        offered.haves.push_back(std::move(offer.have));
    }
}

/// To each sink all that is for it at once.
void Swarm::deliver_together(Offered offered) {
    if (offered.haves.empty()) {
        return;
    }
    offered.order.resize(offered.haves.size());
    std::iota(offered.order.begin(), offered.order.end(), 0);
    std::ranges::stable_sort(offered.order, {}, [&](std::uint32_t have) {
        return ends_of(offered.haves[have].transfer).sink;
    });
    figures_.messages += offered.haves.size() - 1;
    tell(std::move(offered));
}

void Swarm::tell_complete_sources(PeerIndex index) {
    Peer& peer = *peers_[index];
    if (auto const gained = std::exchange(peer.gained, {}); !gained.empty()) {
        for (auto const number : peer.told) {
            if (auto const& link = peer.links[number]; link.open) {
                wire::Have have;
                have.transfer = transfer_of(index, link);
                have.chunks = gained;
                tell(SinkHas{std::move(have)});
            }
        }
    }
}

void Swarm::on(SecondPassed const& passed) {
    Peer& peer = *peers_[passed.peer];
    if (!peer.here) {
        return;
    }
    for (auto& notice : peer.uploads.on_tick(now_)) {
        tell(Refusal{std::move(notice.refused)});
    }
    pump_uploads(passed.peer);
    flush_soon(passed.peer);
    events_.push(now_ + tick_every, SecondPassed{passed.peer});
}

Uploads::Content Swarm::content_of(Peer const& peer) const {
    return {rules_.file, peer.has};
}

}  // namespace xfsbus::swarm::test
