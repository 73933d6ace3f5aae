#pragma once

#include "sim/end.hpp"
#include "sim/event_queue.hpp"
#include "sim/events.hpp"
#include "sim/figures.hpp"
#include "sim/rules.hpp"
#include "sim/simulated_peer.hpp"
#include "sim/simulated_tracker.hpp"
#include "sim/wiring.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace xfsbus::lab::sim {

/// A swarm of real sessions in virtual time, with a real tracker's Directory: no sockets, no
/// threads. All chance comes from one seed. What stands here is a network and what peers are like;
/// every rule of the protocol is the product's.
///
/// Its parts: Rules say what is the same for all, a Nature what one peer is like. A SimulatedPeer
/// has the product's sessions, the SimulatedTracker its Directory. Wiring says when a chunk has
/// left a peer; all else that happens is an Event in an EventQueue, messages among them, which take
/// the latency and no bandwidth. The Swarm hands each event to the session that it is for, and does
/// what that wants done: as a sink in simulator_sink.cpp, as a source in simulator_source.cpp.
/// PeerFigures and Figures are what came of it.
///
/// After every event it is checked that the cores keep their promises: see must() in
/// simulator_sink.cpp and simulator_source.cpp.
class Swarm {
  public:
    using PeerIndex = sim::PeerIndex;
    using Rules = sim::Rules;

    Swarm(Rules rules, std::uint64_t seed);

    /// A peer that is there from `joins` on.
    PeerIndex add(Nature nature, wire::Duration joins = {});
    void add(std::size_t count, Nature nature, wire::Duration joins = {});

    /// It is gone without a word: nothing comes from it any more.
    void crash(PeerIndex peer);
    /// Its connections end, so that the others see it.
    void leave(PeerIndex peer);
    /// Calls `what` when so much time has passed.
    void at(wire::Duration time, std::function<void()> what);

    /// Until every honest peer that is there is complete or has failed, or so much time has passed.
    /// False: the time is over.
    bool run(wire::Duration most);

    // ---- what came of it ----

    [[nodiscard]] std::size_t size() const { return peers_.size(); }

    /// Since the beginning.
    [[nodiscard]] wire::Duration now() const { return now_ - begin_; }

    [[nodiscard]] PeerFigures const& peer(PeerIndex peer) const { return peers_[peer]->figures; }

    /// Whether the others that are there together have every chunk.
    [[nodiscard]] bool others_have_all(PeerIndex peer) const;

    [[nodiscard]] Figures const& figures() const { return figures_; }

  private:
    // ---- events ----
    /// Does the next one, with all that leaves at the same moment. False: none is before `last`.
    bool step(wire::Time last);
    /// It arrives after the latency.
    void tell(Event event);
    void on(ToSource& message);
    void on(ToSink& message);
    void on(Announced const& announced);
    void on(SearchEnded const& ended);
    void on(Delivered const& delivered);
    void on(ConnectionLost const& lost);
    void on(SinkWakes const& wakes);
    void on(SourceWakes const& wakes);
    void on(Planned const& planned);

    // ---- as a sink ----
    void join(PeerIndex index);
    void fetch(PeerIndex index);
    void hoard(PeerIndex index, std::uint32_t round);
    void pump_sink(PeerIndex index);
    void send(PeerIndex from, swarm::SinkSession::Send& send);
    void search(PeerIndex index);
    void note_stored(SimulatedPeer& peer, std::uint64_t bytes);
    void add_candidate(PeerIndex sink, SimulatedTracker::Source const& source);
    void arm_sink(PeerIndex index);
    void end(PeerIndex index);
    [[nodiscard]] wire::Duration latency(PeerIndex from, PeerIndex to) const;
    [[nodiscard]] double round_trip_ms(PeerIndex a, PeerIndex b) const;
    [[nodiscard]] std::uint32_t load_of(PeerIndex index) const;

    // ---- as a source ----
    void pump_source(PeerIndex index);
    void carry_out(PeerIndex index, swarm::SourceSession::Actions& actions);
    void send(PeerIndex index, swarm::Uploads::Piece const& piece);
    void arm_source(PeerIndex index);
    void check_ahead(SimulatedPeer const& peer) const;
    void on_left(Wiring::Left const& left);
    void throw_away(PeerIndex source, PeerIndex sink);
    [[nodiscard]] bool takes(PeerIndex sink) const;

    /// Plans that a session is called at its deadline, unless it is called earlier.
    template <typename Wake>
    void wake(std::optional<wire::Time>& planned, std::optional<wire::Time> deadline,
              PeerIndex index);

    Rules rules_;
    policies::SeededRandom random_;
    SimulatedTracker tracker_;
    Wiring wiring_;

    wire::Time begin_;
    wire::Time now_;
    EventQueue<Event> events_;
    std::vector<std::unique_ptr<SimulatedPeer>> peers_;
    std::vector<End> ends_;      ///< of the peers
    std::size_t unsettled_ = 0;  ///< honest peers that are here or will be, and have not ended
    Figures figures_;
};

}  // namespace xfsbus::lab::sim
