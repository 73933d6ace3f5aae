#pragma once

#include "sim/simulated_tracker.hpp"
#include "tally/messages.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <variant>

namespace xfsbus::lab::sim {

// What happens in a simulation at a moment of its own. That a chunk has left a peer is no event:
// the network says when it does (Wiring).

/// A message from a sink to a source.
struct ToSource {
    PeerIndex to = 0;
    PeerIndex from = 0;
    std::variant<wire::Want, wire::Have, wire::Close, wire::Ping, wire::Pong> what;
};

/// A message from a source to a sink.
struct ToSink {
    PeerIndex to = 0;
    PeerIndex from = 0;
    std::variant<wire::Refused, wire::Have, wire::Ping, wire::Pong> what;
};

/// A message from a peer to the tracker.
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

/// The deadline of a peer's session as a sink.
struct SinkWakes {
    PeerIndex peer = 0;
};

/// The same as a source.
struct SourceWakes {
    PeerIndex peer = 0;
};

/// What whoever runs the simulation has planned.
struct Planned {
    std::function<void()> what;
};

using Event = std::variant<ToSource, ToSink, Announced, SearchEnded, Delivered, ConnectionLost,
                           SinkWakes, SourceWakes, Planned>;

tally::MessageKind kind_of(ToSource const& message);
tally::MessageKind kind_of(ToSink const& message);
tally::MessageKind kind_of(Announced const& message);

}  // namespace xfsbus::lab::sim
