#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/tracker/directory.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace xfsbus::lab::sim {

/// A peer of a simulation.
using PeerIndex = std::uint32_t;

/// Where a simulated peer serves others: each is a host of its own.
wire::Endpoint endpoint_of(PeerIndex peer);
PeerIndex peer_at(wire::Endpoint const& endpoint);

/// The tracker of a simulation: a Directory that knows who has how much of one content. It answers
/// at once; how long messages take is the simulator's affair.
class SimulatedTracker final : private tracker::Directory::Outbox {
  public:
    /// `handout`: by what it names sources; null: as the product does.
    SimulatedTracker(std::uint64_t seed, std::shared_ptr<policies::Handout> handout);

    /// The peer, which describes itself so, has so much of the content.
    void announce(wire::Time now, PeerIndex peer, std::uint32_t ppm, std::string const& labels);
    /// Its connection is gone.
    void forget(wire::Time now, PeerIndex peer);

    struct Source {
        PeerIndex peer = 0;
        double completeness = 0;
    };

    /// At most so many, or as many as a tracker likes to name (0).
    std::vector<Source> find(wire::Time now, PeerIndex asker, std::uint32_t most);

  private:
    Sent send(wire::Route const& route, wire::Message const& message,
              std::uint64_t request) override;

    [[nodiscard]] bool tells_end(wire::Route const&) const override { return true; }

    void on_peer(tracker::Directory::PeerChange const&) override {}

    void say(wire::Time now, PeerIndex peer, wire::Message message);

    tracker::Directory directory_;
    std::unordered_map<PeerIndex, std::uint64_t> sequences_;  ///< of those that are registered
    std::optional<wire::Found> found_;
};

}  // namespace xfsbus::lab::sim
