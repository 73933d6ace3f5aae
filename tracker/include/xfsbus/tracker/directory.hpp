#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/tracker/counters.hpp>
#include <xfsbus/tracker/handout_recorder.hpp>
#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The tracker: who is up, and who has what.
namespace xfsbus::tracker {

/// What the tracker knows and how it answers, without I/O: messages go in with the time, messages
/// come out by the Outbox, and next_deadline() says when to call on_tick(). All state is soft: a
/// peer's entry is dropped when nothing was heard of it for a lease.
///
/// One thread. No call throws on anything that a peer sends.
class Directory {
  public:
    /// A change of who is there, for logs.
    struct PeerChange {
        enum class Kind {
            joined,
            renewed,     ///< registered again
            left,        ///< said so
            replaced,    ///< another peer came on its connection
            closed,      ///< its connection is gone
            expired,     ///< nothing was heard of it for a lease
            unanswered,  ///< it did not answer a check
        };
        Kind kind;
        wire::PeerId peer;
        wire::Endpoint listens;
        wire::Route route;
    };

    /// The way out. Called from within the Directory's methods; must not call them.
    class Outbox {
      public:
        enum class Sent {
            yes,
            gone,  ///< that connection is closed: a peer behind it is dropped at once
            full,  ///< not sent; the other side does not read
        };
        /// What it returns is true of this moment, save that what a connection whose end is told is
        /// sent may go out a little later, together with other answers.
        virtual Sent send(wire::Route const& route, wire::Message const& message,
                          std::uint64_t request) = 0;
        /// Whether on_closed() is called when that connection ends. Where it is not, only sending
        /// tells, so peers behind it are sent a Ping before they are named.
        [[nodiscard]] virtual bool tells_end(wire::Route const& route) const = 0;
        virtual void on_peer(PeerChange const& change) = 0;

      protected:
        ~Outbox() = default;
    };

    /// How many of a thing may be open at once.
    struct Share {
        std::size_t in_all = 0;
        std::size_t per_host = 0;  ///< of the connections that come from one address
        std::size_t per_connection = 0;
    };

    /// Everything that strangers can make grow.
    struct Limits {
        std::size_t peers = 100'000;
        std::size_t peers_per_host = 25'000;
        /// While a full list comes in, its names and the old ones count together.
        std::size_t files_per_peer = 10'000'000;
        std::size_t files = 20'000'000;  ///< of all peers together
        /// What peers and their files take: some 334 bytes a file, and its name.
        std::size_t bytes = std::size_t{4} << 30;
        std::size_t bytes_per_host = std::size_t{2} << 30;

        /// Finds that wait for a check, for 1 s at most; more are told "busy", as with the
        /// following.
        Share pending_finds{1024, 512, 256};
        /// Questions that take long, and wait for their turn. Each may hold a page of names.
        Share scans{256, 128, 4};
        /// Questions of subscriptions that wait for a change, for question_time at most.
        Share subscriptions{1024, 256, 16};
        /// Changes of files that are remembered, some 224 bytes each and the file's name; and as
        /// much of peers.
        std::size_t change_bytes = std::size_t{16} << 20;
        /// Registrations that wait for the holder of their id or endpoint, for 250 ms each.
        Share registrations{1024, 256, 1};

        std::size_t found_files = wire::limits::found_files;
        std::size_t found_sources = wire::limits::found_sources;
        std::size_t swarm_sources = wire::limits::swarm_sources;
        std::size_t found_bytes = wire::limits::found_bytes;
        std::size_t peers_page = wire::limits::peers_page;
        std::size_t changes_files = wire::limits::changes_files;

        // Work is counted in steps of some 2 ns: a byte of a pattern compared, for example.

        /// For one page: some 8 ms. A page may end for it, even an empty one.
        std::size_t page_work = 4 * 1024 * 1024;
        /// Of one turn, after which other messages are taken in: some 2 ms.
        std::size_t turn_work = 1024 * 1024;
        /// A question that takes no more is answered at once: some 0.1 ms.
        std::size_t quick_work = 64 * 1024;
        /// Files of dropped peers that one event clears away: some 10 ms where there are a million.
        std::size_t clear_step = 2'000;
        /// Of all peers together, in a second: where there are more, each is told to send them at
        /// longer intervals, and has a longer lease. One takes some 40 us.
        std::size_t heartbeats = 2'500;
    };

    struct Options {
        std::uint64_t epoch = 1;  ///< this life of the tracker: random, not 0
        std::uint64_t seed = 0;   ///< mixes the samples of sources
        /// The lease of a peer, as long as there are not too many of them (Limits::heartbeats).
        wire::Duration peer_ttl = std::chrono::seconds(3);
        Limits limits = {};
        /// A peer may say that it listens at another address than its connection comes from.
        bool foreign_hosts = false;
        /// The addresses of the tracker's own machine, any of which a peer there may name. Asked at
        /// most once a second, when a registration would be refused without them; may be empty.
        std::function<std::vector<std::string>()> own_hosts = {};
        /// When this life began: for a lease it says that it is young. Long ago, if not said.
        wire::Time born = {};
        /// Must outlive the Directory; null: nobody.
        HandoutRecorder* recorder = nullptr;
    };

    /// A peer that is asked whether it is there has so long to answer.
    static constexpr wire::Duration check_time = std::chrono::milliseconds(250);
    /// A peer whose connection may end untold (see tells_end()) is sent a Ping before it is named,
    /// also if it was heard of lately, because only sending tells that its connection has closed
    /// since. Not more often than this: a popular file may be asked
    /// for thousands of times a second, and has hundreds of sources. So short, since a peer killed
    /// within this time after its last Ping is still named.
    static constexpr wire::Duration ping_pause = std::chrono::milliseconds(20);
    /// However long the lease is: peers find a tracker that is back much sooner.
    static constexpr wire::Duration young_most = std::chrono::seconds(30);
    /// So long a question of a subscription waits for a change.
    static constexpr wire::Duration question_time = std::chrono::seconds(10);
    /// Changes that come within it are told together.
    static constexpr wire::Duration gathering_time = std::chrono::milliseconds(100);
    /// A find waits for at most so many checks, one after the other. One is the rule; more are
    /// needed when all of a sample's sources turn out dead and others take their place.
    static constexpr int check_rounds = 4;

    /// The outbox must outlive the Directory.
    Directory(Options const& options, Outbox& outbox);
    ~Directory();
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;

    /// A message came in.
    void on_message(wire::Sender const& sender, wire::Envelope const& envelope, wire::Time now);

    /// The connection is closed: the peer behind it is dropped at once, and all that it has asked
    /// for is forgotten.
    void on_closed(wire::Route const& route, wire::Time now);

    /// Ends leases and checks that are due at `now` (or were before), and does a part of the work
    /// left over: of long questions, and of large peers that were dropped. No time ends but here.
    void on_tick(wire::Time now);

    /// When on_tick() is wanted; nullopt: not before the next message. A time in the past means at
    /// once.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    /// Who chooses from now on which sources are named where a file has more than an answer names,
    /// unless all are asked for; null, and at first: the built-in rule (policies/mixed.hpp). It
    /// must not call this object. A find for which it throws is answered with Failure{failed}, in
    /// its words. A find that is under way may be answered by either.
    void set_handout(std::shared_ptr<policies::Handout> handout);

    /// All but what comes in and is no message.
    [[nodiscard]] Counters stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::tracker
