#pragma once

#include <xfsbus/swarm/rate_limit.hpp>
#include <xfsbus/swarm/rate_meter.hpp>
#include <xfsbus/swarm/swarm_offers.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// The connection that a sink's messages come over; opaque.
using SinkRoute = wire::Route;

/// A data endpoint, as one connection names it: what another connection says of the same endpoint
/// has no part in it.
using SinkKey = std::pair<SinkRoute, wire::Endpoint>;

struct UploadSink;
struct UploadConnection;
struct UploadHost;

/// A transfer as its source knows it. Part of Uploads.
struct UploadTransfer {
    /// A chunk that the sink waits for.
    struct Queued {
        std::uint32_t chunk = 0;
        wire::Time since{};
        bool urgent = false;
    };

    enum class Turn : std::uint8_t {
        none,     ///< it may send nothing: nothing is asked for, or there is no credit for it
        ready,    ///< among the turns of its sink
        limited,  ///< until its rate limit lets it send again
    };

    wire::TransferId id;
    SinkRoute route;
    wire::Endpoint sink;
    wire::ContentId content;
    wire::FileLayout layout;
    std::uint64_t credit = 0;
    std::uint64_t granted = 0;  ///< bytes read or being read: counted against credit
    std::uint64_t sent = 0;     ///< of these, bytes that have left
    /// Urgent ones first, of these the newest first; then the oldest first. No chunk twice.
    std::deque<Queued> queue;
    SwarmOffers::View view;
    RateLimit limit{0};
    RateMeter rate{std::chrono::seconds(1)};

    wire::Time opened{};
    std::uint64_t serial = 0;  ///< the later it was opened the higher
    std::uint64_t before = 0;  ///< the last piece before it: its id may have been another's
    std::size_t bytes = 0;     ///< of memory
    UploadSink* to = nullptr;
    UploadConnection* over = nullptr;
    UploadHost* at_host = nullptr;  ///< that its sink is at
    wire::Time moved{};             ///< when it was opened, something was sent, or its turns ended
    wire::Time flowed{};            ///< when something could last be sent
    bool tells = false;             ///< its sink has said what it has
    Turn turn = Turn::none;
    std::list<UploadTransfer*>::iterator at{};                     ///< while it is ready
    std::multimap<wire::Time, UploadTransfer*>::iterator until{};  ///< while it is limited
};

/// One to whom chunks are sent. Part of Uploads.
struct UploadSink {
    /// A piece on its way.
    struct Ahead {
        std::uint64_t number = 0;
        wire::Time since;
        std::uint32_t length = 0;
    };

    SinkKey key;
    std::uint64_t served = 0;  ///< virtual time: bytes given, or the level it joined at
    bool competes = false;     ///< at the last decision it could have been chosen
    wire::Time waits_since{};  ///< since when it competes, or was served last
    std::uint64_t ahead_bytes = 0;
    std::vector<Ahead> ahead;  ///< the oldest first
    RateMeter rate{std::chrono::seconds(1)};
    bool reachable = true;                   ///< else nothing can be sent there yet
    bool slow = false;                       ///< it takes far less than its share
    std::list<UploadTransfer*> turns;        ///< those that may send
    std::size_t limited = 0;                 ///< transfers that wait for their rate limit
    std::size_t transfers = 0;               ///< more than 0: it has a place
    std::uint64_t serial = 0;                ///< of its place: the later it was given the higher
    std::uint64_t draw = 0;                  ///< a random number for its place
    std::optional<wire::Endpoint> serves{};  ///< where it serves what it has, if it does
    wire::Time opened{};                     ///< when it was given its place
    wire::Time moved{};                      ///< when something was sent, or its turns ended
    std::uint64_t sent = 0;                  ///< pieces that are done
    std::uint64_t sent_before = 0;           ///< at the tick before
    std::optional<wire::Time> stuck_since;
};

/// A sink's control connection. Part of Uploads.
struct UploadConnection {
    wire::Time heard{};
    std::map<std::uint64_t, UploadTransfer*> transfers;  ///< by their serial
    std::size_t sinks = 0;                               ///< data endpoints that it names
    std::size_t queued = 0;                              ///< chunks, of all of its transfers
};

/// All that is served at one address. Part of Uploads.
struct UploadHost {
    std::map<std::uint64_t, UploadTransfer*> transfers;  ///< by their serial
    std::map<std::uint64_t, UploadSink*> sinks;          ///< that have a place, by its serial
    std::size_t bytes = 0;                               ///< of memory
    std::uint64_t looked_at = 0;  ///< up to this transfer, in the search for one that does nothing
};

}  // namespace xfsbus::swarm
