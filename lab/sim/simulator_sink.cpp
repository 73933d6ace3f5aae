// What a simulated peer does as a sink.
#include "sim/must.hpp"
#include "sim/simulator.hpp"
#include "sim/transfer_ids.hpp"

#include <utility>

namespace xfsbus::lab::sim {

using namespace std::chrono_literals;

double Swarm::round_trip_ms(PeerIndex a, PeerIndex b) const {
    return std::chrono::duration<double, std::milli>(latency(a, b) + latency(b, a)).count();
}

std::uint32_t Swarm::load_of(PeerIndex index) const {
    SimulatedPeer const& peer = *peers_[index];
    return static_cast<std::uint32_t>(peer.source.uploads().transfers.size()) + peer.nature.others;
}

void Swarm::join(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    if (peer.gone) {
        return;
    }
    peer.here = true;
    if (peer.nature.taking != Taking::honest) {
        hoard(index, 0);
    } else if (peer.nature.seed) {
        tracker_.announce(now_, index, wire::complete_ppm, peer.nature.labels);
    } else {
        fetch(index);
    }
}

/// It begins with the end of the first search.
void Swarm::fetch(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    swarm::SinkSession::Options options;
    options.limits = rules_.download;
    options.data_port = endpoint_of(index).port;
    swarm::SinkSession::Owner owner{
        .throttle = peer.throttle,
        .new_transfer = [index, &peer] { return transfer_of(index, ++peer.transfers); },
        .on_actions = [] { must(false, "nothing is limited"); }};
    peer.sink = std::make_unique<swarm::SinkSession>(
        *peer.content, options,
        swarm::Download::Policies{
            .selector = *peer.selector, .order = *peer.order, .history = peer.nature.history},
        peer.random.rng(), std::move(owner));
    search(index);
}

void Swarm::search(PeerIndex index) {
    peers_[index]->figures.messages.add(tally::MessageKind::find);
    events_.push(now_ + 2 * rules_.latency, SearchEnded{index});
}

/// Once a second.
void Swarm::hoard(PeerIndex index, std::uint32_t round) {
    auto const taking = peers_[index]->nature.taking;
    bool const asks_for_all = taking == Taking::no_credit || taking == Taking::never_reads;
    wire::Want want;
    want.transfer = transfer_of(index, 1);
    want.content = the_content;
    want.port = endpoint_of(index).port;
    want.swarm = true;
    if (taking == Taking::seldom && round % 5 == 0) {
        want.chunks = {(index + round) % rules_.file.chunks};
    }
    for (std::uint32_t chunk = 0; round == 0 && asks_for_all && chunk < rules_.file.chunks;
         ++chunk) {
        want.chunks.push_back(chunk);
    }
    want.credit = taking == Taking::no_credit ? 0 : rules_.file.bytes;
    tell(ToSource{0, index, std::move(want)});
    at(now() + 1s, [this, index, round] { hoard(index, round + 1); });
}

// ---- what the session wants done ----

void Swarm::pump_sink(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    auto actions = peer.sink->take_actions();
    for (auto& each : actions.sends) {
        send(index, each);
    }
    for (auto const source : actions.probes) {
        tell(ToSource{peer.index_of(source), index, wire::Ping{}});
    }
    if (actions.announce_ppm) {
        tell(Announced{index, *actions.announce_ppm});
    }
    if (actions.search) {
        search(index);
    }
    if (peer.content->complete() || peer.sink->download().progress(now_).failure) {
        end(index);
    } else {
        arm_sink(index);
    }
}

void Swarm::send(PeerIndex from, swarm::SinkSession::Send& send) {
    SimulatedPeer& peer = *peers_[from];
    auto const to = peer.index_of(send.to);
    if (auto* const want = std::get_if<wire::Want>(&send.what)) {
        for (auto const chunk : want->chunks) {
            must(!peer.content->has().contains(chunk), "what is there is not asked for");
        }
        must(!peer.liars.contains(to), "nothing is asked of a liar");
        tell(ToSource{to, from, std::move(*want)});
    } else if (auto* const have = std::get_if<wire::Have>(&send.what)) {
        tell(ToSource{to, from, std::move(*have)});
    } else if (auto const& close = std::get<swarm::SinkSession::Close>(send.what); close.tell) {
        tell(ToSource{to, from, wire::Close{{close.transfer}, close.corrupt}});
    }
}

void Swarm::on(SinkWakes const& wakes) {
    SimulatedPeer& peer = *peers_[wakes.peer];
    if (peer.sink_wakes != now_) {
        return;  // there was an earlier one
    }
    peer.sink_wakes.reset();
    if (!peer.fetches()) {
        return;
    }
    if (auto const deadline = peer.sink->next_deadline(); deadline && *deadline <= now_) {
        peer.sink->on_tick(now_);
        auto const next = peer.sink->next_deadline();
        must(!next || *next > now_, "after a tick there is nothing to be done at once");
        return pump_sink(wakes.peer);
    }
    arm_sink(wakes.peer);
}

// ---- what it hears ----

/// How busy they are is as it was when they were asked.
void Swarm::add_candidate(PeerIndex sink, SimulatedTracker::Source const& source) {
    auto const& about = *peers_[source.peer];
    if (!about.here) {
        return;  // it does not answer
    }
    peers_[sink]->sink->add_source(now_, {.id = peers_[sink]->id_of(source.peer),
                                          .endpoint = endpoint_of(source.peer).to_string(),
                                          .labels = about.nature.labels,
                                          .latency_ms = round_trip_ms(sink, source.peer),
                                          .load = load_of(source.peer),
                                          .completeness = source.completeness});
}

void Swarm::on(SearchEnded const& ended) {
    SimulatedPeer& peer = *peers_[ended.sink];
    if (!peer.fetches()) {
        return;
    }
    bool const starts = std::exchange(peer.starts, false);
    for (auto const& source :
         tracker_.find(now_, ended.sink, starts ? swarm::SinkSession::sources_first : 0)) {
        add_candidate(ended.sink, source);
    }
    if (!starts) {
        peer.sink->on_search_done(now_);
    } else {
        bool const offers = peer.nature.serves && peer.source.partials().add(peer.content);
        peer.sink->start(now_, offers ? endpoint_of(ended.sink).port : std::uint16_t{0});
        if (rules_.play_rate > 0) {
            peer.sink->play(now_, 0, rules_.play_rate);
        }
    }
    pump_sink(ended.sink);
}

void Swarm::on(ToSink& message) {
    SimulatedPeer& peer = *peers_[message.to];
    if (!peer.here) {
        return;
    }
    if (std::holds_alternative<wire::Ping>(message.what)) {
        return tell(ToSource{message.from, message.to, wire::Pong{load_of(message.to)}});
    }
    auto const* const refused = std::get_if<wire::Refused>(&message.what);
    figures_.busy += refused != nullptr && refused->code == wire::ErrorCode::busy ? 1 : 0;
    if (!peer.fetches()) {
        return;
    }
    auto const source = peer.id_of(message.from);
    if (refused != nullptr) {
        peer.sink->on_word(now_, source, *refused);
    } else if (auto const* const have = std::get_if<wire::Have>(&message.what)) {
        peer.sink->on_word(now_, source, *have);
    } else {
        auto const load = std::get<wire::Pong>(message.what).load;
        peer.sink->on_word(now_, source,
                           swarm::Download::Vitals{load, round_trip_ms(message.to, message.from)});
    }
    pump_sink(message.to);
}

void Swarm::on(Delivered const& delivered) {
    SimulatedPeer& peer = *peers_[delivered.sink];
    peer.figures.bytes_received += peer.here ? delivered.bytes : 0;
    auto const& header = delivered.header;
    auto const source = peer.id_of(delivered.source);
    if (!peer.fetches()) {
        figures_.bytes_duplicate += peer.here ? delivered.bytes : 0;
        return;
    }
    auto const verdict = peer.sink->on_chunk(now_, source, header, delivered.bytes);
    must(verdict != swarm::Download::Verdict::lie,
         "nobody is blamed for a chunk of the right size");
    if (verdict == swarm::Download::Verdict::drop) {
        figures_.bytes_duplicate += delivered.bytes;
    } else if (peers_[delivered.source]->nature.conduct == Conduct::lies) {
        must(peer.liars.insert(delivered.source).second, "a liar is out at its first bad chunk");
        ++figures_.chunks_corrupt;
        peer.sink->on_checked(now_, source, header.chunk, swarm::Download::Check::corrupt);
    } else {
        must(!peer.content->has().contains(header.chunk), "each chunk is stored once");
        if (rules_.upload_choice) {
            peer.deliveries.add(now_, endpoint_of(delivered.source), delivered.bytes);
        }
        peer.sink->on_checked(now_, source, header.chunk, swarm::Download::Check::stored);
        note_stored(peer, delivered.bytes);
        arm_source(delivered.sink);  // what is gained is offered
    }
    pump_sink(delivered.sink);
}

void Swarm::note_stored(SimulatedPeer& peer, std::uint64_t bytes) {
    auto& figures = peer.figures;
    figures.first_chunk = figures.first_chunk.value_or(now());
    figures.chunks_stored = peer.content->has().count();
    figures.quarters.reached(figures.chunks_stored, rules_.file.chunks, now());
    figures_.stored.add(now(), bytes);
}

void Swarm::end(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    unsettled_ -= peer.is_waited_for() ? 1 : 0;
    for (auto const& [id, known] : peer.sink->download().sources().all()) {
        must(known.liar == peer.liars.contains(peer.index_of(id)), "blame is exact");
    }
    auto const progress = peer.sink->download().progress(now_);
    peer.figures.stalled = progress.stalled;
    for (auto& last : peer.sink->end().sends) {
        send(index, last);
    }
    if (progress.failure) {
        peer.figures.failure = progress.failure;
        if (peer.source.partials().remove(the_content)) {
            peer.source.withdraw(the_content, "given up");
        }
        pump_source(index);
        return;
    }
    peer.figures.completed = now();
    peer.source.partials().remove(the_content);
    if (!peer.nature.stays) {
        leave(index);
    } else if (peer.nature.serves) {
        tell(Announced{index, wire::complete_ppm});
    }
}

}  // namespace xfsbus::lab::sim
