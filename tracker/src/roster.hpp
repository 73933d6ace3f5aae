#pragma once

#include "catalogue.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::tracker {

/// A file that a peer has: where it stands in the Catalogue.
struct Holding {
    Version version;
    /// Of the full list that named it last; not part of the order.
    mutable std::uint32_t generation = 0;
};

/// By name: a peer has one content under a name.
struct ByHeldName {
    using is_transparent = void;

    static std::string_view name(Holding const& holding) { return holding.version->first.name; }

    bool operator()(Holding const& a, Holding const& b) const { return name(a) < name(b); }

    bool operator()(Holding const& a, std::string_view b) const { return name(a) < b; }

    bool operator()(std::string_view a, Holding const& b) const { return a < name(b); }
};

using Holdings = std::set<Holding, ByHeldName>;

using FindId = std::uint64_t;

struct Peer {
    wire::PeerId id;
    wire::Route route;
    wire::Endpoint listens;
    std::string labels;
    bool end_is_told = false;  ///< on_closed() is called when its connection ends
    bool silent = false;       ///< sends no heartbeats: is asked before it is given up
    std::uint32_t load = 0;

    wire::Duration lease{};           ///< it was told
    wire::Time heard;                 ///< when its last message came
    std::optional<wire::Time> check;  ///< it was asked, and has until then to answer
    std::optional<wire::Time> pinged;

    std::uint64_t accepted = 0;  ///< sequence of the last Update; 0: none yet
    std::uint32_t generation = 0;
    bool listing = false;  ///< a full list has begun and not ended
    Holdings files;

    std::vector<FindId> waiters;          ///< finds that wait for its check
    std::vector<wire::Route> contenders;  ///< registrations that do
    std::uint64_t seen_in = 0;            ///< the last step of a find that has looked at it

    Slot slot = 0;
    std::size_t bytes = 0;  ///< it takes, without its files
    wire::Time due;         ///< its place among the deadlines; kept by the Roster
};

/// Steps of work (see Directory::Limits) that listing a peer takes.
inline constexpr std::size_t listed_peer_work = 128;

/// The bytes that it takes on the wire where peers are listed.
inline std::size_t listed_bytes(Peer const& peer) {
    constexpr std::size_t beside_texts = 112;
    return beside_texts + peer.listens.host.size() + peer.labels.size();
}

/// The peers that are up: found by identity, connection and endpoint, and ordered by deadline.
class Roster {
  public:
    [[nodiscard]] std::size_t size() const { return by_id_.size(); }

    /// nullptr for a peer that was removed.
    [[nodiscard]] Peer* at(Slot slot) const { return slots_[slot].get(); }

    [[nodiscard]] Peer* by_id(wire::PeerId const& id) const;
    [[nodiscard]] Peer* by_route(wire::Route const& route) const;
    [[nodiscard]] Peer* by_listens(wire::Endpoint const& endpoint) const;

    [[nodiscard]] std::map<wire::PeerId, Slot> const& ids() const { return by_id_; }

    /// Takes in a peer whose id, route and endpoint nobody else has; gives it a slot.
    Peer& add(std::unique_ptr<Peer> peer);
    /// The peer has a new connection and endpoint, which nobody else has.
    void move(Peer& peer, wire::Route const& route, wire::Endpoint const& listens);
    /// Takes the peer out; its slot stays reserved until release().
    std::unique_ptr<Peer> remove(Peer& peer);

    void release(Slot slot) { free_.push_back(slot); }

    void schedule(Peer& peer, wire::Time due);
    /// The peer whose deadline is next; nullptr if there are no peers.
    [[nodiscard]] Peer* first_due() const;

  private:
    void link(Peer& peer);
    void unlink(Peer const& peer);

    std::vector<std::unique_ptr<Peer>> slots_;
    std::vector<Slot> free_;
    // Ordered maps: nobody can make them slow by choosing keys.
    std::map<wire::PeerId, Slot> by_id_;
    std::map<wire::Route, Slot> by_route_;
    std::map<wire::Endpoint, Slot> by_listens_;
    std::set<std::pair<wire::Time, Slot>> deadlines_;
};

}  // namespace xfsbus::tracker
