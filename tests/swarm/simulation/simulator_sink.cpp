// What a simulated peer does as a sink.
#include "../seeds.hpp"
#include "simulator.hpp"
#include "transfer_ids.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;

bool Swarm::fetches(Peer const& peer) {
    return peer.here && peer.download && !peer.completed && !peer.failure;
}

void Swarm::join(PeerIndex index) {
    Peer& peer = *peers_[index];
    if (peer.gone) {
        return;
    }
    peer.here = true;
    events_.push(now_ + tick_every, SecondPassed{index});
    if (peer.nature.taking != Taking::honest) {
        hoard(index, 0);
    } else if (!peer.nature.seed) {
        peer.download = std::make_unique<Download>(rules_.file, rules_.download,
                                                   Download::Policies{peer.selector, peer.order},
                                                   peer.random.rng());
        search(index);  // then the download begins
    }
}

/// Once a second.
void Swarm::hoard(PeerIndex index, std::uint32_t round) {
    Peer& peer = *peers_[index];
    auto const taking = peer.nature.taking;
    bool const asks_for_all = taking == Taking::no_credit || taking == Taking::never_reads;
    Asked asked{id_of({index, 0, 0, 1}), 0, {}};
    if (taking == Taking::seldom && round % 5 == 0) {
        asked.chunks = {(index + round) % rules_.file.chunks};
    }
    for (std::uint32_t chunk = 0; round == 0 && asks_for_all && chunk < rules_.file.chunks;
         ++chunk) {
        asked.chunks.push_back(chunk);
    }
    asked.credit = taking == Taking::no_credit ? 0 : rules_.file.bytes;
    tell(std::move(asked));
    events_.push(now_ + 1s, Scripted{[this, index, round] { hoard(index, round + 1); }});
}

/// Does what the Download wants done.
void Swarm::pump_download(PeerIndex index) {
    Peer& peer = *peers_[index];
    auto const actions = peer.download->take_actions();
    for (auto const& drop : actions.drops) {
        Link& link = peer.links[static_cast<std::size_t>(drop.source)];
        if (std::exchange(link.open, false)) {
            tell(Closed{transfer_of(index, link)});
        }
    }
    for (auto const& spare : actions.spares) {
        wire::Have have;
        have.transfer = transfer_of(index, peer.links[static_cast<std::size_t>(spare.source)]);
        have.chunks = spare.chunks;
        tell(SinkHas{std::move(have)});
    }
    for (auto const& asked : actions.asks) {
        ask(index, asked);
    }
    for (auto const& probe : actions.probes) {
        tell(Pinged{index, probe.source});
    }
    if (actions.search) {
        search(index);
    }
    if (peer.download->complete() || peer.download->failure()) {
        end(index);
    } else {
        arm(index);
    }
}

wire::TransferId Swarm::transfer_of(PeerIndex sink, Link const& link) const {
    auto const number = static_cast<std::uint32_t>(&link - peers_[sink]->links.data());
    return id_of({sink, number, link.source, link.serial});
}

void Swarm::ask(PeerIndex index, Download::Ask const& ask) {
    Peer& peer = *peers_[index];
    Link& link = peer.links[static_cast<std::size_t>(ask.source)];
    for (auto const chunk : ask.chunks) {
        must(link.told.contains(chunk), "what is asked of a source is something that it offers");
        must(!peer.has.contains(chunk), "what is there is not asked for");
    }
    must(!link.lied, "nothing is asked of a liar");
    bool const opens = !std::exchange(link.open, true);
    link.serial += opens ? 1 : 0;
    auto const transfer = transfer_of(index, link);
    tell(Asked{transfer, ask.credit, ask.chunks});
    if (opens && link.complete && !peer.has.empty()) {
        wire::Have have;
        have.transfer = transfer;
        have.bitmap = peer.has.to_wire();
        tell(SinkHas{std::move(have)});
    }
}

/// Plans the next tick, unless an earlier one is planned.
void Swarm::arm(PeerIndex index) {
    Peer& peer = *peers_[index];
    auto const deadline = peer.download->next_deadline();
    if (deadline && (!peer.wakes || *deadline < *peer.wakes)) {
        peer.wakes = std::max(*deadline, now_);
        events_.push(*peer.wakes, DownloadWakes{index});
    }
}

void Swarm::on(DownloadWakes const& wakes) {
    Peer& peer = *peers_[wakes.peer];
    if (peer.wakes != now_) {
        return;  // there was an earlier one
    }
    peer.wakes.reset();
    if (!fetches(peer)) {
        return;
    }
    if (auto const deadline = peer.download->next_deadline(); deadline && *deadline <= now_) {
        peer.download->on_tick(now_);
        auto const next = peer.download->next_deadline();
        must(!next || *next > now_, "after a tick there is nothing to be done at once");
        return pump_download(wakes.peer);
    }
    arm(wakes.peer);
}

void Swarm::add_candidate(PeerIndex sink, PeerIndex source, double completeness,
                          std::uint32_t load) {
    Peer& peer = *peers_[sink];
    peer.link_of.resize(peers_.size());
    if (peer.link_of[source] == 0) {
        peer.links.emplace_back();
        peer.links.back().source = source;
        peer.links.back().told = ChunkSet(rules_.file.chunks);
        peer.link_of[source] = static_cast<std::uint32_t>(peer.links.size());
    }
    auto const number = peer.link_of[source] - 1;
    Link& link = peer.links[number];
    if (completeness >= 1 && !std::exchange(link.complete, true)) {
        peer.told.push_back(number);
    }
    if (completeness >= 1 && !link.has_told) {
        link.told = ChunkSet::full(rules_.file.chunks);
    }
    auto const round_trip = std::chrono::duration<double, std::milli>(2 * rules_.latency).count();
    peer.download->add_source(now_, {SourceId{number}, "peer-" + std::to_string(source), "",
                                     round_trip, load, completeness});
}

void Swarm::on(SearchEnded const& ended) {
    if (!fetches(*peers_[ended.sink])) {
        return;
    }
    for (auto const source : sample(ended.sink)) {
        auto const& about = *peers_[source];
        add_candidate(ended.sink, source, completeness(about),
                      static_cast<std::uint32_t>(about.uploads.load()));
    }
    if (std::exchange(peers_[ended.sink]->starts, false)) {
        peers_[ended.sink]->download->start(now_);
    } else {
        peers_[ended.sink]->download->on_search_done(now_);
    }
    pump_download(ended.sink);
}

void Swarm::search(PeerIndex index) {
    ++figures_.messages;
    events_.push(now_ + 2 * rules_.latency, SearchEnded{index});
}

/// Of an open transfer of a sink that fetches.
Swarm::Link* Swarm::open_link(wire::TransferId const& transfer) {
    auto const ends = ends_of(transfer);
    Peer& peer = *peers_[ends.sink];
    if (!fetches(peer)) {
        return nullptr;
    }
    Link& link = peer.links[ends.link];
    return link.open && link.serial == ends.serial ? &link : nullptr;
}

void Swarm::on(Offered& offered) {
    for (std::size_t i = 0; i < offered.order.size(); ++i) {
        auto const& have = offered.haves[offered.order[i]];
        auto const ends = ends_of(have.transfer);
        if (auto* const link = open_link(have.transfer)) {
            hear(*peers_[ends.sink]->download, *link, SourceId{ends.link}, have);
        }
        bool const last = i + 1 == offered.order.size() ||
                          ends_of(offered.haves[offered.order[i + 1]].transfer).sink != ends.sink;
        if (last && fetches(*peers_[ends.sink])) {
            pump_download(ends.sink);
        }
    }
}

void Swarm::hear(Download& download, Link& link, SourceId id, wire::Have const& have) {
    auto const chunks = rules_.file.chunks;
    link.has_told = true;
    if (have.complete || !have.bitmap.empty()) {
        link.told = have.complete ? ChunkSet::full(chunks)
                                  : ChunkSet::from_wire(have.bitmap, chunks).value();
        download.on_has(now_, id, link.told);
    }
    if (!have.chunks.empty()) {
        for (auto const chunk : have.chunks) {
            link.told.insert(chunk);
        }
        download.on_gained(now_, id, have.chunks);
    }
}

void Swarm::on(Refusal const& refusal) {
    auto const& refused = refusal.refused;
    figures_.busy += refused.code == wire::ErrorCode::busy ? 1 : 0;
    if (auto* const link = open_link(refused.transfer)) {
        auto const ends = ends_of(refused.transfer);
        link->open = false;
        peers_[ends.sink]->download->on_refused(now_, SourceId{ends.link}, refused.code,
                                                refused.reason);
        pump_download(ends.sink);
    }
}

void Swarm::on(Ponged const& ponged) {
    Peer& peer = *peers_[ponged.sink];
    if (fetches(peer)) {
        auto const round_trip =
            std::chrono::duration<double, std::milli>(2 * rules_.latency).count();
        peer.download->on_pong(now_, ponged.id, ponged.load, round_trip);
        pump_download(ponged.sink);
    }
}

void Swarm::on(Delivered const& delivered) {
    auto const ends = ends_of(delivered.transfer);
    auto const length = rules_.file.length(delivered.chunk);
    auto* const link = open_link(delivered.transfer);
    if (link == nullptr) {
        figures_.bytes_duplicate += peers_[ends.sink]->here ? length : 0;
        return;
    }
    Peer& peer = *peers_[ends.sink];
    SourceId const id{ends.link};
    auto const verdict = peer.download->on_chunk(now_, id, delivered.chunk,
                                                 rules_.file.offset(delivered.chunk), length);
    must(verdict != Download::Verdict::lie, "nobody is blamed for a chunk of the right size");
    if (verdict == Download::Verdict::drop) {
        figures_.bytes_duplicate += length;
    } else if (peers_[link->source]->nature.conduct == Conduct::lies) {
        must(!std::exchange(link->lied, true), "a liar is out at its first bad chunk");
        ++figures_.chunks_corrupt;
        peer.download->on_corrupt(now_, id, delivered.chunk);
    } else {
        store(ends.sink, id, delivered.chunk);
    }
    pump_download(ends.sink);
}

void Swarm::store(PeerIndex index, SourceId source, std::uint32_t chunk) {
    Peer& peer = *peers_[index];
    must(peer.has.insert(chunk), "each chunk is stored once");
    peer.download->on_stored(now_, source, chunk);
    peer.uploads.on_gained(the_content, chunk);
    peer.gained.push_back(chunk);
    peer.first_chunk = peer.first_chunk.value_or(now_);
    flush_soon(index);
}

void Swarm::end(PeerIndex index) {
    Peer& peer = *peers_[index];
    unsettled_ -= waited_for(peer) ? 1 : 0;
    for (std::uint32_t number = 0; number < peer.links.size(); ++number) {
        auto const* const source = peer.download->find(SourceId{number});
        must(source == nullptr || source->liar == peer.links[number].lied, "blame is exact");
    }
    if (auto const& failure = peer.download->failure()) {
        peer.failure = failure;
        for (auto& notice : peer.uploads.on_withdrawn(the_content, "given up")) {
            tell(Refusal{std::move(notice.refused)});
        }
        return;
    }
    must(peer.has.complete(), "a complete download has every chunk");
    peer.completed = now_;
    if (!peer.nature.stays) {
        leave(index);
    }
}

}  // namespace xfsbus::swarm::test
