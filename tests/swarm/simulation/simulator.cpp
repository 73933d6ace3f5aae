#include "simulator.hpp"

#include "transfer_ids.hpp"

#include <algorithm>

namespace xfsbus::swarm::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sample_most = 64;

}  // namespace

Swarm::Peer::Peer(Nature its_nature, Rules const& rules, std::uint64_t seed)
    : nature(its_nature),
      random(seed),
      uploads(rules.uploads, seed),
      has(its_nature.seed ? ChunkSet::full(rules.file.chunks) : ChunkSet(rules.file.chunks)) {}

Swarm::Swarm(Rules rules, std::uint64_t seed)
    : rules_(rules), random_(seed), begin_(1000s), now_(begin_) {}

Swarm::PeerIndex Swarm::add(Nature nature, wire::Duration joins) {
    auto const index = static_cast<PeerIndex>(peers_.size());
    peers_.push_back(std::make_unique<Peer>(nature, rules_, random_.next()));
    unsettled_ += waited_for(*peers_.back()) ? 1 : 0;
    at(joins, [this, index] { join(index); });
    return index;
}

void Swarm::add(std::size_t count, Nature nature, wire::Duration joins) {
    for (std::size_t i = 0; i < count; ++i) {
        add(nature, joins);
    }
}

void Swarm::at(wire::Duration time, std::function<void()> what) {
    events_.push(begin_ + time, Scripted{std::move(what)});
}

bool Swarm::run(wire::Duration most) {
    while (unsettled_ > 0 && !events_.empty() && events_.next() <= begin_ + most) {
        now_ = events_.next();
        Event event = events_.pop();
        std::visit([this](auto& what) { on(what); }, event);
    }
    return unsettled_ == 0;
}

void Swarm::on(Scripted const& scripted) {
    scripted.what();
}

/// It arrives after the latency.
void Swarm::tell(Event event) {
    ++figures_.messages;
    events_.push(now_ + rules_.latency, std::move(event));
}

/// Whether the simulation goes on until it has ended.
bool Swarm::waited_for(Peer const& peer) const {
    return !peer.gone && !peer.nature.seed && peer.nature.conduct == Conduct::honest &&
           peer.nature.taking == Taking::honest && !peer.completed && !peer.failure;
}

// ---- coming and going ----

void Swarm::crash(PeerIndex index) {
    Peer& peer = *peers_[index];
    unsettled_ -= waited_for(peer) ? 1 : 0;
    peer.here = false;
    peer.gone = true;
}

void Swarm::leave(PeerIndex index) {
    crash(index);
    for (PeerIndex other = 0; other < peers_.size(); ++other) {
        events_.push(now_ + rules_.latency, ConnectionLost{other, index});
    }
}

void Swarm::on(ConnectionLost const& lost) {
    Peer& peer = *peers_[lost.at];
    if (!peer.here) {
        return;
    }
    peer.uploads.on_gone(route_of(lost.gone));
    pump_uploads(lost.at);
    if (fetches(peer) && lost.gone < peer.link_of.size() && peer.link_of[lost.gone] != 0) {
        peer.download->on_lost(now_, SourceId{peer.link_of[lost.gone] - 1});
        pump_download(lost.at);
    }
}

// ---- the tracker ----

/// What the tracker knows of it.
double Swarm::completeness(Peer const& peer) const {
    return static_cast<double>(peer.has.count()) / rules_.file.chunks;
}

/// Random ones of those that are up; half of them complete, if there are so many.
std::vector<Swarm::PeerIndex> Swarm::sample(PeerIndex asker) {
    std::vector<PeerIndex> complete;
    std::vector<PeerIndex> others;
    for (PeerIndex index = 0; index < peers_.size(); ++index) {
        Peer const& peer = *peers_[index];
        if (peer.here && peer.nature.serves && !peer.failure && index != asker) {
            (peer.has.complete() ? complete : others).push_back(index);
        }
    }
    auto const share = [](std::size_t own, std::size_t other) {
        return std::min(own, sample_most - std::min(sample_most / 2, other));
    };
    auto const shuffle_first = [this](std::vector<PeerIndex>& from, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            std::swap(from[i], from[i + random_.rng().below(from.size() - i)]);
        }
        from.resize(count);
    };
    auto const complete_share = share(complete.size(), others.size());
    auto const other_share = share(others.size(), complete.size());
    shuffle_first(complete, complete_share);
    shuffle_first(others, other_share);
    complete.insert(complete.end(), others.begin(), others.end());
    shuffle_first(complete, complete.size());
    return complete;
}

// ---- what came of it ----

std::optional<wire::Duration> Swarm::since_begin(std::optional<wire::Time> time) const {
    return time ? std::optional(*time - begin_) : std::nullopt;
}

std::optional<wire::Duration> Swarm::completed(PeerIndex peer) const {
    return since_begin(peers_[peer]->completed);
}

std::optional<wire::Duration> Swarm::first_chunk(PeerIndex peer) const {
    return since_begin(peers_[peer]->first_chunk);
}

std::optional<Error> Swarm::failure(PeerIndex peer) const {
    return peers_[peer]->failure;
}

std::uint64_t Swarm::bytes_sent(PeerIndex peer) const {
    return peers_[peer]->bytes_sent;
}

std::uint32_t Swarm::chunks_stored(PeerIndex peer) const {
    return peers_[peer]->has.count();
}

bool Swarm::others_have_all(PeerIndex peer) const {
    ChunkSet all(rules_.file.chunks);
    for (PeerIndex other = 0; other < peers_.size(); ++other) {
        if (other != peer && peers_[other]->here) {
            all.unite(peers_[other]->has);
        }
    }
    return all.complete();
}

}  // namespace xfsbus::swarm::test
