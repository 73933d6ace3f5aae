#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/tracker_messages.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The control messages, as plain values. PROTOCOL.md gives each field's meaning and the dialogues
/// they belong to; codec.hpp turns them into frames and back.
namespace xfsbus::wire {

inline constexpr std::uint8_t protocol_version = 1;

// ---- anybody to anybody ----

/// "Are you there, and how busy?" Also keeps the sender's transfers at the receiver alive.
struct Ping {
    std::vector<ContentId> contents = {};  ///< how much of these has the receiver now?
    friend bool operator==(Ping const&, Ping const&) = default;
};

struct Pong {
    std::uint32_t load = 0;  ///< transfers the sender is busy with
    PeerId peer = {};        ///< who answers; all zero: not said, or a tracker
    /// Parts per million that it has now of the first, the second, ... of the Ping's contents; of
    /// those that are not here nothing is said.
    std::vector<std::uint32_t> have = {};
    friend bool operator==(Pong const&, Pong const&) = default;
};

enum class ErrorCode : std::uint16_t {
    bad_message = 1,      ///< cannot be decoded, or breaks a rule
    unsupported = 2,      ///< a type or version that the receiver does not know
    unknown_peer = 3,     ///< the tracker has no entry for the sender: register
    resync = 4,           ///< an Update is missing: send the whole list
    not_found = 5,        ///< the receiver does not have this content
    gone = 6,             ///< it had it; the file has changed or vanished
    busy = 7,             ///< not now
    limit = 8,            ///< more than is allowed
    closed = 9,           ///< the receiver no longer knows this transfer
    not_authorised = 10,  ///< the receiver does not do that for the sender
    unreachable = 11,     ///< the receiver cannot connect to where the sender says it listens
    failed = 12,          ///< the receiver was to do it, and could not
};

/// The request of this id was not done.
struct Failure {
    ErrorCode code = ErrorCode::bad_message;
    std::string reason;
    std::uint64_t epoch = 0;  ///< of the tracker; 0 from a peer
    friend bool operator==(Failure const&, Failure const&) = default;
};

// ---- peer to peer ----

/// Asks for the manifests of these contents; with one content, from this offset.
struct GetManifests {
    std::vector<ContentId> contents;
    std::uint64_t offset = 0;
    friend bool operator==(GetManifests const&, GetManifests const&) = default;
};

/// What a source knows of its file besides the bytes. Nothing of it is checked.
struct FileAttributes {
    std::uint64_t mtime_ns = 0;  ///< since 1970; 0: not said
    bool executable = false;     ///< by its owner
    friend bool operator==(FileAttributes const&, FileAttributes const&) = default;
};

struct ManifestPart {
    ContentId content;
    std::uint64_t total = 0;  ///< bytes of the whole manifest; 0: not here
    std::uint64_t offset = 0;
    std::string bytes = {};
    FileAttributes file = {};  ///< of one that has this content
    friend bool operator==(ManifestPart const&, ManifestPart const&) = default;
};

/// As many of the manifests asked for as fit, in the order asked; ask again for the rest.
struct Manifests {
    std::vector<ManifestPart> parts;
    friend bool operator==(Manifests const&, Manifests const&) = default;
};

/// Chunks wanted of one transfer. The first Want of a transfer opens it, also one without chunks.
struct Want {
    TransferId transfer;
    ContentId content;
    /// Of the sink's PULL, at the address that its control connection comes from.
    std::uint16_t port = 0;
    std::uint64_t credit = 0;  ///< bytes that may be sent, counted from the start of the transfer
    std::vector<std::uint32_t> chunks;
    bool swarm = false;        ///< the sink understands Have and wants it
    std::uint16_t serves = 0;  ///< port of the sink's ROUTER; 0: it does not serve what it has
    bool urgent = false;       ///< somebody waits for the first of the chunks
    /// Of a transfer of several small contents: these, as one chunk, one behind the other. The
    /// first is `content`. Empty: it is a transfer of one content.
    std::vector<ContentId> bundle{};
    friend bool operator==(Want const&, Want const&) = default;
};

struct Request {
    std::vector<Want> wants;
    friend bool operator==(Request const&, Request const&) = default;
};

/// The sink is done with these transfers.
struct Close {
    std::vector<TransferId> transfers;
    bool corrupt = false;  ///< because bytes came that are not those of the content
    friend bool operator==(Close const&, Close const&) = default;
};

/// The source ends a transfer: none of its chunks will come any more.
struct Refused {
    TransferId transfer;
    ErrorCode code = ErrorCode::not_found;
    std::string reason;
    friend bool operator==(Refused const&, Refused const&) = default;
};

/// Which chunks of the transfer's content the sender has or, as its source, offers. One with
/// `complete` or a bitmap replaces what was known of the sender; `chunks` are added to it.
struct Have {
    TransferId transfer;
    bool complete = false;
    std::string bitmap;  ///< chunk i is bit 7 - i % 8 of byte i / 8, spare bits 0; empty: none
    std::vector<std::uint32_t> chunks;
    friend bool operator==(Have const&, Have const&) = default;
};

/// "Please fetch this content under this name." Sent again it asks how that stands.
struct Push {
    std::string name;
    ContentId content;
    std::uint64_t size = 0;
    bool named = false;  ///< it is there only where it has this name; else under any
    friend bool operator==(Push const&, Push const&) = default;
};

enum class PushState : std::uint8_t {
    waiting = 1,  ///< for its turn
    fetching = 2,
    there = 3,  ///< all of it
    failed = 4,
    refused = 5,  ///< the peer accepts no pushes
};

/// How a push stands at the peer it was sent to.
struct Pushed {
    PushState state = PushState::waiting;
    std::uint64_t bytes = 0;  ///< those of the content that are there
    std::string reason;       ///< why it failed or was refused, for people
    friend bool operator==(Pushed const&, Pushed const&) = default;
};

using Message =
    std::variant<Register, Registered, Update, Updated, Heartbeat, Alive, Leave, Left, Find, Found,
                 ListPeers, PeerList, Subscribe, Changes, Ping, Pong, Failure, GetManifests,
                 Manifests, Request, Close, Refused, Have, Push, Pushed>;

/// The name of a message's type, for logs.
std::string_view type_name(Message const& message);

}  // namespace xfsbus::wire
