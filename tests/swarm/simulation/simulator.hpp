#pragma once

#include "event_queue.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/policies/rarest.hpp>
#include <xfsbus/swarm/download.hpp>
#include <xfsbus/swarm/uploads.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xfsbus::swarm::test {

/// How a peer treats those that it serves.
enum class Conduct : std::uint8_t {
    honest,
    lies,    ///< what it sends is corrupt
    stalls,  ///< answers pings, offers what it has, and sends nothing
};

/// How a peer is as a sink. Those that hoard are connected to the first peer only; that one takes
/// them for peers of the swarm.
enum class Taking : std::uint8_t {
    honest,
    no_credit,    ///< asks for all, and grants no credit
    never_reads,  ///< asks for all, with all credit, and nothing reaches it
    seldom,       ///< asks for one chunk every five seconds, and takes it
    nothing,      ///< asks for nothing, and has nothing for ever
};

/// What a peer of the simulation is like.
struct Nature {
    double up = 12.5e6;  ///< bytes per second
    double down = 50e6;
    bool seed = false;  ///< has the file from the start
    Conduct conduct = Conduct::honest;
    bool stays = true;   ///< and serves when it has the file; else it leaves cleanly
    bool serves = true;  ///< what it has; else nobody hears of it
    Taking taking = Taking::honest;
};

/// A swarm of real Downloads and Uploads in virtual time: no sockets, no threads. All chance comes
/// from one seed.
///
/// A peer has an uplink and a downlink. What it sends stands in a queue (first in, first out) and
/// occupies first its uplink, then, a latency later, the downlink of the receiver. Messages take
/// the latency and no bandwidth. Between the cores stands what the peer's shell does: what is
/// gained is told after 20 ms, a sink that asks becomes a candidate of its source, and so on. The
/// tracker names up to 64 random peers of the swarm, half of them complete ones if there are so
/// many, with the part of the file that they have.
///
/// After every event it is checked, with FAIL, that the cores keep their promises: see must() in
/// simulator_sink.cpp and simulator_source.cpp.
class Swarm {
  public:
    using PeerIndex = std::uint32_t;

    struct Rules {
        Download::File file;
        wire::Duration latency = std::chrono::milliseconds(1);  ///< of a message, one way
        Download::Limits download;
        Uploads::Limits uploads;
    };

    struct Figures {
        std::uint64_t messages = 0;  ///< other than chunks
        std::uint64_t chunks_sent = 0;
        std::uint64_t bytes_duplicate = 0;  ///< delivered in vain
        std::uint64_t chunks_corrupt = 0;
        std::uint64_t busy = 0;  ///< times that a sink was told to come back later
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
    [[nodiscard]] std::optional<Error> failure(PeerIndex peer) const;
    /// Bytes that have left it.
    [[nodiscard]] std::uint64_t bytes_sent(PeerIndex peer) const;
    [[nodiscard]] std::uint32_t chunks_stored(PeerIndex peer) const;
    /// Whether the others that are there together have every chunk.
    [[nodiscard]] bool others_have_all(PeerIndex peer) const;

    [[nodiscard]] Figures const& figures() const { return figures_; }

  private:
    /// The default order of chunks.
    class RarestFirst final : public Download::Order {
      public:
        void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
                  policies::Rng& rng) override {
            policies::rank_each(rarest_, chunks, ranks, rng);
        }

      private:
        policies::Rarest rarest_;
    };

    /// What a sink keeps of one source. Its place in the sink's list is the SourceId.
    struct Link {
        PeerIndex source = 0;
        std::uint32_t serial = 0;  ///< of its transfers; each transfer has another id
        bool open = false;
        bool complete = false;  ///< as the tracker said: it is told what the sink has
        bool lied = false;
        bool has_told = false;
        ChunkSet told;  ///< what it offers
    };

    struct Peer {
        Peer(Nature its_nature, Rules const& rules, std::uint64_t seed);

        Nature nature;
        policies::SeededRandom random;
        policies::LoadLatency selector;
        RarestFirst order;
        std::unique_ptr<Download> download;
        Uploads uploads;
        bool here = false;
        bool gone = false;
        bool starts = true;  ///< with the end of the first search
        ChunkSet has;

        // as a sink
        std::vector<Link> links;
        std::vector<std::uint32_t> link_of;  ///< of each peer, + 1; 0: none
        std::vector<std::uint32_t> told;     ///< links to complete sources, which are told
        std::vector<std::uint32_t> gained;   ///< to be told to them
        std::optional<wire::Time> wakes;
        wire::Time down_free{};
        std::optional<wire::Time> first_chunk;
        std::optional<wire::Time> completed;
        std::optional<Error> failure;

        // as a source
        wire::Time up_free{};
        std::uint64_t ahead_bytes = 0;
        std::size_t ahead_chunks = 0;
        std::optional<wire::Time> turns;
        bool flushes = false;
        std::uint64_t bytes_sent = 0;
    };

    // ---- events ----
    struct Asked {
        wire::TransferId transfer;
        std::uint64_t credit = 0;
        std::vector<std::uint32_t> chunks;
    };

    struct Closed {
        wire::TransferId transfer;
    };

    struct Refusal {
        wire::Refused refused;
    };

    struct Offered {
        std::vector<wire::Have> haves;
        std::vector<std::uint32_t> order;  ///< in which they arrive
    };

    struct SinkHas {
        wire::Have have;
    };

    struct Pinged {
        PeerIndex sink = 0;
        SourceId id{};
    };

    struct Ponged {
        PeerIndex sink = 0;
        SourceId id{};
        std::uint32_t load = 0;
    };

    struct Left {
        PeerIndex source = 0;
        Uploads::Piece piece;
    };

    struct Delivered {
        wire::TransferId transfer;
        std::uint32_t chunk = 0;
    };

    struct SearchEnded {
        PeerIndex sink = 0;
    };

    struct ConnectionLost {
        PeerIndex at = 0;
        PeerIndex gone = 0;
    };

    struct DownloadWakes {
        PeerIndex peer = 0;
    };

    struct UploadsTurn {
        PeerIndex peer = 0;
    };

    struct FlushDue {};

    struct SecondPassed {
        PeerIndex peer = 0;
    };

    struct Scripted {
        std::function<void()> what;
    };

    using Event = std::variant<Asked, Closed, Refusal, Offered, SinkHas, Pinged, Ponged, Left,
                               Delivered, SearchEnded, ConnectionLost, DownloadWakes, UploadsTurn,
                               FlushDue, SecondPassed, Scripted>;

    void on(Asked& asked);
    void on(Closed const& closed);
    void on(Refusal const& refusal);
    void on(Offered& offered);
    void on(SinkHas const& news);
    void on(Pinged const& pinged);
    void on(Ponged const& ponged);
    void on(Left const& left);
    void on(Delivered const& delivered);
    void on(SearchEnded const& ended);
    void on(ConnectionLost const& lost);
    void on(DownloadWakes const& wakes);
    void on(UploadsTurn const& turn);
    void on(FlushDue const& due);
    void on(SecondPassed const& passed);
    void on(Scripted const& scripted);

    // ---- as a sink ----
    void join(PeerIndex index);
    void hoard(PeerIndex index, std::uint32_t round);
    void search(PeerIndex index);
    void pump_download(PeerIndex index);
    void ask(PeerIndex index, Download::Ask const& ask);
    void add_candidate(PeerIndex sink, PeerIndex source, double completeness, std::uint32_t load);
    void arm(PeerIndex index);
    void store(PeerIndex index, SourceId source, std::uint32_t chunk);
    void end(PeerIndex index);
    void tell_complete_sources(PeerIndex index);
    void hear(Download& download, Link& link, SourceId id, wire::Have const& have);
    [[nodiscard]] Link* open_link(wire::TransferId const& transfer);
    [[nodiscard]] wire::TransferId transfer_of(PeerIndex sink, Link const& link) const;
    [[nodiscard]] static bool fetches(Peer const& peer);

    // ---- as a source ----
    void pump_uploads(PeerIndex index);
    void send(PeerIndex index, Uploads::Piece const& piece);
    void flush_soon(PeerIndex index);
    void tell_sinks(PeerIndex index, Offered& offered);
    void deliver_together(Offered offered);
    void check_ahead(Peer const& peer) const;

    // ---- the tracker ----
    [[nodiscard]] std::vector<PeerIndex> sample(PeerIndex asker);
    [[nodiscard]] double completeness(Peer const& peer) const;

    [[nodiscard]] Uploads::Content content_of(Peer const& peer) const;
    void tell(Event event);
    [[nodiscard]] bool waited_for(Peer const& peer) const;
    [[nodiscard]] std::optional<wire::Duration> since_begin(std::optional<wire::Time> time) const;

    Rules rules_;
    policies::SeededRandom random_;
    static constexpr wire::Duration tick_every = std::chrono::seconds(1);

    wire::Time begin_;
    wire::Time now_;
    EventQueue<Event> events_;
    std::vector<PeerIndex> to_flush_;  ///< at the next full 20 ms
    std::vector<std::unique_ptr<Peer>> peers_;
    std::size_t unsettled_ = 0;  ///< honest peers that are here or will be, and have not ended
    Figures figures_;
};

}  // namespace xfsbus::swarm::test
