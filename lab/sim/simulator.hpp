#pragma once

#include "sim/end.hpp"
#include "sim/event_queue.hpp"
#include "sim/nature.hpp"
#include "sim/simulated_tracker.hpp"
#include "sim/wiring.hpp"
#include "tally/messages.hpp"
#include "tally/timeline.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/upload_choice.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/sink_session.hpp>
#include <xfsbus/swarm/source_session.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::lab::sim {

/// A swarm of real sessions in virtual time, with a real tracker's Directory: no sockets, no
/// threads. All chance comes from one seed. What stands here is a network and what peers are like;
/// every rule of the protocol is the product's.
///
/// A peer has an uplink and a downlink, which Wiring connects with those of others, and which all
/// that pass them share. What has left arrives a latency later. Messages take the latency and no
/// bandwidth.
///
/// After every event it is checked that the cores keep their promises: see must() in
/// simulator_sink.cpp and simulator_source.cpp.
class Swarm {
  public:
    using PeerIndex = sim::PeerIndex;

    struct Rules {
        wire::FileLayout file;
        wire::Duration latency = std::chrono::milliseconds(1);  ///< of a message, one way
        swarm::Download::Limits download;
        swarm::Uploads::Limits uploads;
        /// The same from one peer to another; by default `latency` and what they are `far`.
        std::function<wire::Duration(PeerIndex, PeerIndex)> latency_between;
        /// What a peer decides by; by default as the product does.
        std::function<std::unique_ptr<policies::PeerSelector>(Nature const&, std::uint64_t seed)>
            policy;
        std::function<std::unique_ptr<policies::ChunkRanker>(Nature const&, std::uint64_t seed)>
            chunk_order;
        std::function<std::unique_ptr<policies::UploadChoice>(Nature const&, std::uint64_t seed)>
            upload_choice;
        /// What the tracker names sources by.
        std::function<std::unique_ptr<policies::Handout>(std::uint64_t seed)> handout;
        std::uint64_t play_rate = 0;  ///< bytes per second at which each sink reads; 0: it does not
        double rack_link = 0;  ///< bytes per second out of each rack, and into it; 0: no limit
        double core_link = 0;  ///< bytes per second of all between racks; 0: no limit
        Fabric fabric{};       ///< in place of both
    };

    struct Figures {
        tally::Timeline stored{};  ///< the bytes of chunks that were kept, by all peers
        std::uint64_t chunks_sent = 0;
        std::uint64_t bytes_duplicate = 0;  ///< delivered in vain
        std::uint64_t chunks_corrupt = 0;
        std::uint64_t busy = 0;  ///< times that a sink was told to come back later
        /// That have left a peer of the first rack for one of the second.
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> bytes_between_racks;

        /// Bytes that have left a rack for others.
        [[nodiscard]] std::uint64_t bytes_out_of(std::uint32_t rack) const;
    };

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

    /// When it had the file; nullopt: it does not.
    [[nodiscard]] std::optional<wire::Duration> completed(PeerIndex peer) const;
    /// When its first chunk was stored.
    [[nodiscard]] std::optional<wire::Duration> first_chunk(PeerIndex peer) const;

    /// How long its play head has stood still, when it had the file.
    [[nodiscard]] wire::Duration stalled(PeerIndex peer) const { return peers_[peer]->stalled; }

    [[nodiscard]] std::optional<Error> failure(PeerIndex peer) const;
    /// Bytes that have left it.
    [[nodiscard]] std::uint64_t bytes_sent(PeerIndex peer) const;
    /// Bytes of chunks that came to it, in vain or not.
    [[nodiscard]] std::uint64_t bytes_received(PeerIndex peer) const;
    [[nodiscard]] std::uint32_t chunks_stored(PeerIndex peer) const;

    /// When so much was stored.
    [[nodiscard]] tally::Quarters const& quarters(PeerIndex peer) const {
        return peers_[peer]->quarters;
    }

    /// That it has sent.
    [[nodiscard]] tally::Messages const& messages(PeerIndex peer) const {
        return peers_[peer]->messages;
    }

    /// Whether the others that are there together have every chunk.
    [[nodiscard]] bool others_have_all(PeerIndex peer) const;

    [[nodiscard]] Figures const& figures() const { return figures_; }

  private:
    struct Peer {
        Peer(Nature its_nature, Rules const& rules, std::uint64_t seed);

        /// What this peer's policy knows another by, and back: each has an order of its own of the
        /// others, by which ties are broken, as the programs have.
        [[nodiscard]] swarm::SourceId id_of(PeerIndex other) const {
            return swarm::SourceId{other ^ alias};
        }

        [[nodiscard]] PeerIndex index_of(swarm::SourceId id) const {
            return static_cast<PeerIndex>(static_cast<std::uint64_t>(id) ^ alias);
        }

        // What is looked at with every event stands first, side by side.
        bool here = false;
        bool gone = false;
        bool starts = true;  ///< with the end of the first search
        std::uint64_t alias;
        std::unique_ptr<swarm::SinkSession> sink;
        std::optional<wire::Time> sink_wakes;
        std::optional<wire::Time> source_wakes;
        std::optional<wire::Time> completed;
        std::optional<Error> failure;
        std::shared_ptr<swarm::ContentState> content;
        tally::Messages messages{};

        Nature nature;
        policies::SeededRandom random;
        std::unique_ptr<policies::PeerSelector> selector;
        std::unique_ptr<policies::ChunkRanker> order;
        swarm::Throttle throttle{0};
        swarm::Deliveries deliveries;  ///< noted for an upload choice that is not the product's
        swarm::SourceSession source;

        // as a sink
        std::uint32_t transfers = 0;
        std::set<PeerIndex> liars;
        std::uint64_t bytes_received = 0;
        std::optional<wire::Time> first_chunk;
        tally::Quarters quarters{};
        wire::Duration stalled{};

        // as a source
        std::uint64_t ahead_bytes = 0;
        std::size_t ahead_chunks = 0;
        std::uint64_t bytes_sent = 0;
    };

    // ---- events ----

    /// From a sink to a source.
    struct ToSource {
        PeerIndex to = 0;
        PeerIndex from = 0;
        std::variant<wire::Want, wire::Have, wire::Close, wire::Ping, wire::Pong> what;
    };

    /// From a source to a sink.
    struct ToSink {
        PeerIndex to = 0;
        PeerIndex from = 0;
        std::variant<wire::Refused, wire::Have, wire::Ping, wire::Pong> what;
    };

    /// From a peer to the tracker.
    struct Announced {
        PeerIndex from = 0;
        std::uint32_t ppm = 0;
    };

    struct SearchEnded {
        PeerIndex sink = 0;
    };

    struct Delivered {
        PeerIndex sink = 0;
        PeerIndex source = 0;
        wire::ChunkHeader header;
        std::uint64_t bytes = 0;
    };

    struct ConnectionLost {
        PeerIndex at = 0;
        PeerIndex gone = 0;
    };

    struct SinkWakes {
        PeerIndex peer = 0;
    };

    struct SourceWakes {
        PeerIndex peer = 0;
    };

    struct Scripted {
        std::function<void()> what;
    };

    static tally::MessageKind kind_of(ToSource const& message);
    static tally::MessageKind kind_of(ToSink const& message);

    static tally::MessageKind kind_of(Announced const&) { return tally::MessageKind::announce; }

    using Event = std::variant<ToSource, ToSink, Announced, SearchEnded, Delivered, ConnectionLost,
                               SinkWakes, SourceWakes, Scripted>;

    void on(ToSource& message);
    void on(ToSink& message);
    void on(Announced const& announced);
    void on(SearchEnded const& ended);
    void on(Delivered const& delivered);
    void on(ConnectionLost const& lost);
    void on(SinkWakes const& wakes);
    void on(SourceWakes const& wakes);
    void on(Scripted const& scripted);

    // ---- as a sink ----
    void join(PeerIndex index);
    void fetch(PeerIndex index);
    void hoard(PeerIndex index, std::uint32_t round);
    void pump_sink(PeerIndex index);
    void send(PeerIndex from, swarm::SinkSession::Send& send);
    void search(PeerIndex index);
    void note_stored(Peer& peer, std::uint64_t bytes);
    void add_candidate(PeerIndex sink, SimulatedTracker::Source const& source);
    void arm_sink(PeerIndex index);
    void end(PeerIndex index);
    [[nodiscard]] static bool fetches(Peer const& peer);
    [[nodiscard]] wire::Duration latency(PeerIndex from, PeerIndex to) const;
    [[nodiscard]] double round_trip_ms(PeerIndex a, PeerIndex b) const;
    [[nodiscard]] std::uint32_t load_of(PeerIndex index) const;

    // ---- as a source ----
    void pump_source(PeerIndex index);
    void carry_out(PeerIndex index, swarm::SourceSession::Actions& actions);
    void send(PeerIndex index, swarm::Uploads::Piece const& piece);
    void arm_source(PeerIndex index);
    void check_ahead(Peer const& peer) const;
    void on_left(Wiring::Left const& left);
    void throw_away(PeerIndex source, PeerIndex sink);
    [[nodiscard]] bool takes(PeerIndex sink) const;

    bool step(wire::Time last);
    void tell(Event event);
    /// Plans that a session is called at its deadline, unless it is called earlier.
    template <typename Wake>
    void wake(std::optional<wire::Time>& planned, std::optional<wire::Time> deadline,
              PeerIndex index);
    [[nodiscard]] bool waited_for(Peer const& peer) const;
    [[nodiscard]] std::optional<wire::Duration> since_begin(std::optional<wire::Time> time) const;

    Rules rules_;
    policies::SeededRandom random_;
    SimulatedTracker tracker_;
    Wiring wiring_;

    wire::Time begin_;
    wire::Time now_;
    EventQueue<Event> events_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<End> ends_;      ///< of the peers
    std::size_t unsettled_ = 0;  ///< honest peers that are here or will be, and have not ended
    Figures figures_;
};

}  // namespace xfsbus::lab::sim
