#include "results/bound.hpp"

#include "results/text.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace xfsbus::lab::results {
namespace {

using experiment::Experiment;
using experiment::Peer;
using experiment::Role;

/// An uplink, from when it is there.
struct Uplink {
    double from = 0;
    double rate = 0;
};

/// When these have sent so much.
double time_to_send(std::vector<Uplink> links, double bytes) {
    std::ranges::sort(links, {}, &Uplink::from);
    double now = 0;
    double rate = 0;
    for (auto const& link : links) {
        double const sent = rate * (link.from - now);
        if (sent >= bytes) {
            break;
        }
        bytes -= sent;
        now = link.from;
        rate += link.rate;
    }
    return rate > 0 ? now + bytes / rate : std::numeric_limits<double>::infinity();
}

/// The peers of a run, as a bound sees them.
class Swarm {
  public:
    Swarm(Experiment const& experiment, std::vector<Peer> const& peers, Run const& run)
        : experiment_(experiment), peers_(peers), run_(run) {
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (serves(i)) {
                all_.push_back({seconds_of(peers[i].arrives), up(i)});
                all_rate_ += up(i);
                (is_seed(i) ? seeds_ : sinks_).push_back(all_.back());
            }
            if (run.peers[i].counts && run.peers[i].completed) {
                done_.push_back(i);
            }
        }
    }

    [[nodiscard]] std::size_t done() const { return done_.size(); }

    [[nodiscard]] double by_seeds() const { return time_to_send(seeds_, bytes()); }

    [[nodiscard]] double by_all() const {
        return time_to_send(all_, bytes() * static_cast<double>(done_.size()));
    }

    /// Of the sink for which that is the latest.
    [[nodiscard]] double by_one() const {
        double latest = 0;
        for (auto const i : done_) {
            double const others = all_rate_ - (serves(i) ? up(i) : 0);
            double const rate = std::min(static_cast<double>(peers_[i].down), others);
            latest = std::max(latest, seconds_of(peers_[i].arrives) + bytes() / rate);
        }
        return latest;
    }

    /// 0 where it does not hold.
    [[nodiscard]] double by_rounds() const {
        auto const& first = peers_.front();
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            bool const sink = experiment_.groups[peers_[i].group].role == Role::sink;
            bool const counted = !sink || run_.peers[i].completed;
            if (peers_[i].arrives != wire::Duration() || !serves(i) || up(i) != up(0) || !counted ||
                !run_.peers[i].failure.empty()) {
                return 0;
            }
        }
        auto const chunks = experiment_.content.bytes / experiment_.content.chunk_bytes;
        if (seeds_.size() != 1 || chunks == 0 || first.up == 0) {
            return 0;
        }
        auto const rounds = chunks + static_cast<std::uint64_t>(std::bit_width(done_.size()) - 1);
        return static_cast<double>(rounds * experiment_.content.chunk_bytes) / up(0);
    }

    /// A rack's link carries what leaves it; who has no copy gets it from the racks that have.
    [[nodiscard]] double by_racks() const {
        if (experiment_.network.rack_link == 0) {
            return 0;
        }
        std::set<std::uint32_t> with_copy;
        std::set<std::uint32_t> senders;
        std::set<std::uint32_t> without;
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            if (serves(i)) {
                senders.insert(peers_[i].rack);
            }
            if (serves(i) && is_seed(i)) {
                with_copy.insert(peers_[i].rack);
            }
        }
        for (auto const i : done_) {
            if (!with_copy.contains(peers_[i].rack)) {
                without.insert(peers_[i].rack);
            }
        }
        if (without.empty()) {
            return 0;
        }
        auto const link = static_cast<double>(experiment_.network.rack_link);
        double const first_copy = bytes() / (link * static_cast<double>(with_copy.size()));
        double const all_copies = bytes() * static_cast<double>(without.size()) /
                                  (link * static_cast<double>(senders.size()));
        return std::max(first_copy, all_copies);
    }

  private:
    [[nodiscard]] experiment::Group const& group(std::size_t peer) const {
        return experiment_.groups[peers_[peer].group];
    }

    [[nodiscard]] bool is_seed(std::size_t peer) const { return group(peer).role == Role::seed; }

    [[nodiscard]] bool serves(std::size_t peer) const {
        return group(peer).serves && group(peer).conduct == experiment::Conduct::honest;
    }

    /// What others leave of its uplink.
    [[nodiscard]] double up(std::size_t peer) const {
        return static_cast<double>(peers_[peer].up) / (1.0 + group(peer).others);
    }

    [[nodiscard]] double bytes() const { return static_cast<double>(experiment_.content.bytes); }

    Experiment const& experiment_;
    std::vector<Peer> const& peers_;
    Run const& run_;
    std::vector<Uplink> seeds_;
    std::vector<Uplink> sinks_;
    std::vector<Uplink> all_;
    double all_rate_ = 0;
    std::vector<std::size_t> done_;  ///< those that count, and have the file
};

}  // namespace

std::string_view name_of(Bound::Term term) {
    switch (term) {
        case Bound::Term::seeds:
            return "seeds' uplinks";
        case Bound::Term::all:
            return "all uplinks";
        case Bound::Term::one:
            return "one's own links";
        case Bound::Term::rounds:
            return "rounds of chunks";
        case Bound::Term::racks:
            return "racks' links";
        case Bound::Term::nothing:
            break;
    }
    return "nothing";
}

Bound lower_bound(Experiment const& experiment, std::vector<Peer> const& peers, Run const& run) {
    Swarm const swarm(experiment, peers, run);
    Bound bound;
    if (swarm.done() == 0) {
        return bound;
    }
    for (auto const& each :
         {Bound{swarm.by_seeds(), Bound::Term::seeds}, Bound{swarm.by_all(), Bound::Term::all},
          Bound{swarm.by_one(), Bound::Term::one}, Bound{swarm.by_rounds(), Bound::Term::rounds},
          Bound{swarm.by_racks(), Bound::Term::racks}}) {
        bound = each.seconds > bound.seconds ? each : bound;
    }
    return bound;
}

}  // namespace xfsbus::lab::results
