#include "sim/simulator.hpp"

#include "sim/transfer_ids.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace xfsbus::lab::sim {
namespace {

using namespace std::chrono_literals;

Wiring::Links links_of(Nature const& nature) {
    bool const reads = nature.taking != Taking::never_reads;
    return {.up = nature.up / (1.0 + nature.others),
            .down = reads ? nature.down : 0,
            .rack = nature.rack};
}

}  // namespace

Swarm::Swarm(Rules rules, std::uint64_t seed)
    : rules_(std::move(rules)),
      random_(seed),
      tracker_(seed, rules_.handout ? rules_.handout(seed) : nullptr),
      wiring_(
          {.rack_link = rules_.rack_link, .core_link = rules_.core_link, .fabric = rules_.fabric}),
      begin_(1000s),
      now_(begin_) {}

Swarm::PeerIndex Swarm::add(Nature nature, wire::Duration joins) {
    auto const index = static_cast<PeerIndex>(peers_.size());
    wiring_.add(links_of(nature));
    ends_.push_back({nature.far, {route_of(index), endpoint_of(index).host}});
    peers_.push_back(std::make_unique<SimulatedPeer>(std::move(nature), rules_, random_.next()));
    unsettled_ += peers_.back()->is_waited_for() ? 1 : 0;
    at(joins, [this, index] { join(index); });
    return index;
}

void Swarm::add(std::size_t count, Nature nature, wire::Duration joins) {
    for (std::size_t i = 0; i < count; ++i) {
        add(nature, joins);
    }
}

void Swarm::at(wire::Duration time, std::function<void()> what) {
    events_.push(begin_ + time, Planned{std::move(what)});
}

bool Swarm::run(wire::Duration most) {
    while (unsettled_ > 0 && step(begin_ + most)) {
    }
    return unsettled_ == 0;
}

/// The network is asked when all that happens at this moment is done, so that it divides its links
/// once. False: nothing happens until then.
bool Swarm::step(wire::Time last) {
    bool const planned = !events_.empty();
    bool const at_once = planned && events_.next() <= now_;
    auto const left_at = at_once ? std::nullopt : wiring_.next();
    if (left_at && *left_at <= last && (!planned || *left_at <= events_.next())) {
        now_ = *left_at;
        while (auto const left = wiring_.take(now_)) {
            on_left(*left);
        }
        return true;
    }
    if (!planned || events_.next() > last) {
        return false;
    }
    now_ = events_.next();
    events_.take([this](Event& event) { std::visit([this](auto& what) { on(what); }, event); });
    return true;
}

void Swarm::on(Planned const& planned) {
    planned.what();
}

void Swarm::tell(Event event) {
    std::visit(
        [this](auto const& what) {
            if constexpr (requires { kind_of(what); }) {
                peers_[what.from]->figures.messages.add(kind_of(what));
            }
        },
        event);
    auto const delay = std::visit(
        [this](auto const& what) {
            if constexpr (requires { latency(what.from, what.to); }) {
                return latency(what.from, what.to);
            } else {
                return rules_.latency;
            }
        },
        event);
    events_.append(now_ + delay, std::move(event));
}

wire::Duration Swarm::latency(PeerIndex from, PeerIndex to) const {
    if (rules_.latency_between) {
        return rules_.latency_between(from, to);
    }
    return rules_.latency + ends_[from].far + ends_[to].far;
}

template <typename Wake>
void Swarm::wake(std::optional<wire::Time>& planned, std::optional<wire::Time> deadline,
                 PeerIndex index) {
    if (deadline && (!planned || *deadline < *planned)) {
        planned = std::max(*deadline, now_);
        events_.push(*planned, Wake{index});
    }
}

void Swarm::arm_sink(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    wake<SinkWakes>(peer.sink_wakes, peer.sink->next_deadline(), index);
}

void Swarm::arm_source(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    wake<SourceWakes>(peer.source_wakes, peer.source.next_deadline(now_), index);
}

// ---- coming and going ----

void Swarm::crash(PeerIndex index) {
    SimulatedPeer& peer = *peers_[index];
    unsettled_ -= peer.is_waited_for() ? 1 : 0;
    peer.here = false;
    peer.gone = true;
    wiring_.silence(now_, index);
    constexpr auto lease = 3s;
    at(now() + lease, [this, index] { tracker_.forget(now_, index); });
}

void Swarm::leave(PeerIndex index) {
    crash(index);
    at(now() + rules_.latency, [this, index] { tracker_.forget(now_, index); });
    for (PeerIndex other = 0; other < peers_.size(); ++other) {
        events_.push(now_ + rules_.latency, ConnectionLost{other, index});
    }
}

void Swarm::on(ConnectionLost const& lost) {
    SimulatedPeer& peer = *peers_[lost.at];
    if (!peer.here) {
        return;
    }
    peer.source.on_word(now_, ends_[lost.gone].sender, swarm::Uploads::Gone{});
    throw_away(lost.at, lost.gone);
    pump_source(lost.at);
    if (peer.fetches()) {
        peer.sink->on_word(now_, peer.id_of(lost.gone), swarm::SinkSession::Gone{});
        pump_sink(lost.at);
    }
}

void Swarm::on(Announced const& announced) {
    if (!peers_[announced.from]->gone) {
        tracker_.announce(now_, announced.from, announced.ppm,
                          peers_[announced.from]->nature.labels);
    }
}

// ---- what came of it ----

bool Swarm::others_have_all(PeerIndex peer) const {
    swarm::ChunkSet all(rules_.file.chunks);
    for (PeerIndex other = 0; other < peers_.size(); ++other) {
        if (other != peer && peers_[other]->here) {
            all.unite(peers_[other]->content->has());
        }
    }
    return all.complete();
}

}  // namespace xfsbus::lab::sim
