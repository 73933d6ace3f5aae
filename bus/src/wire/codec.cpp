#include "wire/big_endian.hpp"
#include "wire/msgpack_fields.hpp"

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace xfsbus::wire {
namespace {

constexpr std::string_view control_magic = "XFSB";

/// Of the buffer that messages are encoded in.
constexpr std::size_t kept_bytes_most = 16 * 1024;

/// The number of each message's type on the wire, in the order of the variant.
constexpr std::array<std::uint8_t, std::variant_size_v<Message>> type_codes = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D,
    0x0E, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27};

// ---- the fields of each message; the only place that names them ----
// A is a FieldCounter, FieldWriter or FieldReader; the message is const for the first two.

void walk_endpoint(auto& a, auto& endpoint) {
    a.text("host", endpoint.host, limits::text_bytes);
    a.field("port", endpoint.port);
    // Whoever gets a name would have to look it up, and depend on whoever answers.
    a.check("host", [&] { return endpoint.host.empty() || numeric_host(endpoint.host); });
}

/// An enumeration travels as its number; `most` is its highest value.
template <typename A, typename E>
void walk_enum(A& a, char const* key, E& value, std::type_identity_t<std::remove_const_t<E>> least,
               std::type_identity_t<std::remove_const_t<E>> most) {
    auto number = static_cast<std::underlying_type_t<std::remove_const_t<E>>>(value);
    a.field(key, number);
    a.check(key, [&] {
        auto const read = static_cast<std::remove_const_t<E>>(number);
        return least <= read && read <= most;
    });
    if constexpr (!std::is_const_v<E>) {
        value = static_cast<E>(number);
    }
}

void walk_error_code(auto& a, auto& code) {
    walk_enum(a, "code", code, ErrorCode::bad_message, ErrorCode::failed);
}

constexpr auto walk_file_entry = [](auto& a, auto& entry) {
    a.text("name", entry.name, limits::name_bytes);
    a.field("content", entry.content);
    a.field("size", entry.size);
    a.optional("have_ppm", entry.have_ppm);
    a.check("have_ppm", [&] { return entry.have_ppm <= complete_ppm; });
    a.check("size", [&] { return entry.size <= limits::file_bytes; });
};

constexpr auto walk_source = [](auto& a, auto& source) {
    a.field("peer", source.peer);
    walk_endpoint(a, source.listens);
    a.optional("have_ppm", source.have_ppm);
    a.check("have_ppm", [&] { return source.have_ppm <= complete_ppm; });
    a.text("labels", source.labels, limits::text_bytes);
};

constexpr auto walk_found_file = [](auto& a, auto& file) {
    a.text("name", file.name, limits::name_bytes);
    a.field("content", file.content);
    a.field("size", file.size);
    a.check("size", [&] { return file.size <= limits::file_bytes; });
    a.field("source_count", file.source_count);
    a.maps("sources", file.sources, limits::found_sources, walk_source);
};

constexpr auto walk_peer = [](auto& a, auto& peer) {
    a.field("peer", peer.peer);
    walk_endpoint(a, peer.listens);
    a.field("files", peer.files);
    a.field("load", peer.load);
    a.field("heard_ms_ago", peer.heard_ms_ago);
    a.text("labels", peer.labels, limits::text_bytes);
};

constexpr auto walk_listed_file = [](auto& a, auto& file) {
    a.text("name", file.name, limits::name_bytes);
    a.field("content", file.content);
    a.field("size", file.size);
    a.check("size", [&] { return file.size <= limits::file_bytes; });
    a.field("complete", file.complete);
    a.field("partial", file.partial);
};

constexpr auto walk_part = [](auto& a, auto& part) {
    a.field("content", part.content);
    a.field("total", part.total);
    a.field("offset", part.offset);
    a.binary("bytes", part.bytes, limits::control_body_bytes);
    a.optional("mtime_ns", part.file.mtime_ns);
    a.optional("executable", part.file.executable);
    a.check("mtime_ns", [&] { return part.file.mtime_ns <= std::uint64_t{INT64_MAX}; });
    a.check("total", [&] { return part.total <= limits::manifest_bytes; });
    a.check("offset", [&] {
        return part.offset <= part.total && part.bytes.size() <= part.total - part.offset;
    });
};

constexpr auto walk_want = [](auto& a, auto& want) {
    a.field("transfer", want.transfer);
    a.field("content", want.content);
    a.field("port", want.port);
    a.check("port", [&] { return want.port != 0; });  // nobody listens there
    a.field("credit", want.credit);
    a.values("chunks", want.chunks, limits::chunks_per_want);
    a.optional("swarm", want.swarm);
    a.optional("serves", want.serves);
    a.optional("urgent", want.urgent);
    a.values("bundle", want.bundle, limits::contents_per_bundle, Need::optional);
    a.check("bundle", [&] { return want.bundle.empty() || want.bundle.front() == want.content; });
};

template <typename M, typename... Ms>
constexpr bool is_one_of = (std::is_same_v<std::remove_const_t<M>, Ms> || ...);

/// The empty message.
template <typename M>
requires is_one_of<M, Leave>

void walk(auto&, M&) {}

template <typename M>
requires is_one_of<M, Left>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
}

template <typename M>
requires is_one_of<M, Alive>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.optional("heartbeat_ms", m.heartbeat_ms);
}

template <typename M>
requires is_one_of<M, Register>

void walk(auto& a, M& m) {
    a.field("peer", m.peer);
    walk_endpoint(a, m.listens);
    a.field("heartbeat_ms", m.heartbeat_ms);
    a.text("labels", m.labels, limits::text_bytes);
}

template <typename M>
requires is_one_of<M, Registered>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.field("lease_ms", m.lease_ms);
    a.field("heartbeat_ms", m.heartbeat_ms);
    walk_endpoint(a, m.listens);
}

template <typename M>
requires is_one_of<M, Update>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.field("sequence", m.sequence);
    a.field("full_begin", m.full_begin);
    a.field("full_end", m.full_end);
    a.maps("added", m.added, limits::update_entries, walk_file_entry);
    a.texts("removed", m.removed, limits::update_entries, limits::name_bytes);
}

template <typename M>
requires is_one_of<M, Updated>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.field("sequence", m.sequence);
}

template <typename M>
requires is_one_of<M, Heartbeat>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.field("sequence", m.sequence);
    a.field("load", m.load);
}

template <typename M>
requires is_one_of<M, Find>

void walk(auto& a, M& m) {
    walk_enum(a, "by", m.by, FindBy::name, FindBy::content_prefix);
    a.text("query", m.query, limits::name_bytes);
    a.text("after", m.after, limits::cursor_bytes);
    a.optional("limit", m.limit);
    a.optional("sources", m.sources);
    a.optional("every", m.every);
}

template <typename M>
requires is_one_of<M, Found>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.maps("files", m.files, limits::found_files, walk_found_file);
    a.text("next", m.next, limits::cursor_bytes);
}

template <typename M>
requires is_one_of<M, ListPeers>

void walk(auto& a, M& m) {
    a.text("after", m.after, limits::text_bytes);
}

template <typename M>
requires is_one_of<M, PeerList>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.maps("peers", m.peers, limits::peers_page, walk_peer);
    a.text("next", m.next, limits::text_bytes);
    a.optional("young", m.young);
}

template <typename M>
requires is_one_of<M, Subscribe>

void walk(auto& a, M& m) {
    a.text("query", m.query, limits::pattern_bytes);
    a.text("after", m.after, limits::cursor_bytes);
    a.optional("epoch", m.epoch);
    a.optional("sequence", m.sequence);
    a.optional("peers", m.peers);
}

template <typename M>
requires is_one_of<M, Changes>

void walk(auto& a, M& m) {
    a.field("epoch", m.epoch);
    a.field("sequence", m.sequence);
    a.maps("files", m.files, limits::changes_files, walk_listed_file);
    a.text("next", m.next, limits::cursor_bytes);
    a.optional("begin", m.begin);
    a.optional("young", m.young);
    a.maps("peers", m.peers, limits::peers_page, walk_peer, Need::optional);
    a.values("gone", m.gone, limits::peers_page, Need::optional);
}

template <typename M>
requires is_one_of<M, Ping>

void walk(auto& a, M& m) {
    a.values("contents", m.contents, limits::contents_per_ping, Need::optional);
}

template <typename M>
requires is_one_of<M, Pong>

void walk(auto& a, M& m) {
    a.field("load", m.load);
    a.optional("peer", m.peer);
    a.values("have", m.have, limits::contents_per_ping, Need::optional);
    a.check("have", [&] {
        return std::ranges::all_of(m.have, [](auto ppm) { return ppm <= complete_ppm; });
    });
}

template <typename M>
requires is_one_of<M, Failure>

void walk(auto& a, M& m) {
    walk_error_code(a, m.code);
    a.text("reason", m.reason, limits::text_bytes);
    a.optional("epoch", m.epoch);
}

template <typename M>
requires is_one_of<M, GetManifests>

void walk(auto& a, M& m) {
    a.values("contents", m.contents, limits::manifests_per_request);
    a.optional("offset", m.offset);
}

template <typename M>
requires is_one_of<M, Manifests>

void walk(auto& a, M& m) {
    a.maps("parts", m.parts, limits::manifests_per_request, walk_part);
}

template <typename M>
requires is_one_of<M, Request>

void walk(auto& a, M& m) {
    a.maps("wants", m.wants, limits::wants_per_request, walk_want);
}

template <typename M>
requires is_one_of<M, Close>

void walk(auto& a, M& m) {
    a.values("transfers", m.transfers, limits::transfers_per_close);
    a.optional("corrupt", m.corrupt);
}

template <typename M>
requires is_one_of<M, Refused>

void walk(auto& a, M& m) {
    a.field("transfer", m.transfer);
    walk_error_code(a, m.code);
    a.text("reason", m.reason, limits::text_bytes);
}

template <typename M>
requires is_one_of<M, Have>

void walk(auto& a, M& m) {
    a.field("transfer", m.transfer);
    a.optional("complete", m.complete);
    a.binary("bitmap", m.bitmap, limits::bitmap_bytes, Need::optional);
    a.values("chunks", m.chunks, limits::chunks_per_have, Need::optional);
}

template <typename M>
requires is_one_of<M, Push>

void walk(auto& a, M& m) {
    a.text("name", m.name, limits::name_bytes);
    a.field("content", m.content);
    a.field("size", m.size);
    a.check("size", [&] { return m.size <= limits::file_bytes; });
    a.optional("named", m.named);
}

template <typename M>
requires is_one_of<M, Pushed>

void walk(auto& a, M& m) {
    walk_enum(a, "state", m.state, PushState::waiting, PushState::refused);
    a.field("bytes", m.bytes);
    a.check("bytes", [&] { return m.bytes <= limits::file_bytes; });
    a.text("reason", m.reason, limits::text_bytes, Need::optional);
}

constexpr auto walk_message = [](auto& a, auto& m) { walk(a, m); };

std::string encode_header(std::uint8_t type, std::uint64_t request) {
    std::string header(control_magic);
    header.reserve(control_header_bytes);
    append_big_endian(header, protocol_version);
    append_big_endian(header, type);
    append_big_endian(header, std::uint16_t{0});
    append_big_endian(header, request);
    return header;
}

template <std::size_t I>
std::optional<Message> read_alternative(FieldReader& reader, std::string const& problem) {
    std::variant_alternative_t<I, Message> message;
    walk(reader, message);
    return problem.empty() ? std::optional<Message>(std::move(message)) : std::nullopt;
}

/// Reads the alternative whose type code this is; nullopt with an empty `problem`: there is none.
template <std::size_t... Is>
std::optional<Message> read_body(std::uint8_t code, FieldReader& reader, std::string& problem,
                                 std::index_sequence<Is...>) {
    std::optional<Message> message;
    static_cast<void>(
        ((code == type_codes[Is] && (message = read_alternative<Is>(reader, problem), true)) ||
         ...));
    return message;
}

bool known_type(std::uint8_t code) {
    return std::find(type_codes.begin(), type_codes.end(), code) != type_codes.end();
}

}  // namespace

Frames encode(Message const& message, std::uint64_t request) {
    // Kept, since a new one begins with 8 KiB, and most messages have a hundred bytes.
    thread_local msgpack::sbuffer buffer;
    buffer.clear();
    msgpack::packer<msgpack::sbuffer> packer(buffer);
    FieldWriter writer(packer);
    std::visit([&](auto const& m) { writer.map(m, walk_message); }, message);
    Frames frames{encode_header(type_codes[message.index()], request),
                  std::string(buffer.data(), buffer.size())};
    if (buffer.size() > kept_bytes_most) {
        buffer = msgpack::sbuffer();
    }
    return frames;
}

std::uint64_t request_of(std::string_view header) {
    constexpr std::size_t at = 8;
    return header.size() < control_header_bytes ? 0 : read_big_endian<std::uint64_t>(header, at);
}

std::variant<Envelope, DecodeError> decode(std::string_view header, std::string_view body) {
    if (header.size() != control_header_bytes || !header.starts_with(control_magic)) {
        return DecodeError{ErrorCode::bad_message, "the header is not one of this protocol", 0};
    }
    auto const version = read_big_endian<std::uint8_t>(header, 4);
    auto const type = read_big_endian<std::uint8_t>(header, 5);
    auto const request = request_of(header);
    if (version != protocol_version) {
        return DecodeError{ErrorCode::unsupported,
                           "protocol version " + std::to_string(version) + "; this is version " +
                               std::to_string(protocol_version),
                           request};
    }
    if (!known_type(type)) {
        return DecodeError{ErrorCode::unsupported, "unknown message type " + std::to_string(type),
                           request};
    }
    std::string problem;
    // Kept like the buffer of encode(): the first chunk of a new one has 8 KiB.
    thread_local msgpack::zone zone;
    zone.clear();
    auto const map = parse_map(body, zone, problem);
    if (!map) {
        return DecodeError{ErrorCode::bad_message, "the body is no message: " + problem, request};
    }
    FieldReader reader(*map, problem);
    auto message =
        read_body(type, reader, problem, std::make_index_sequence<std::variant_size_v<Message>>{});
    if (!message) {
        return DecodeError{ErrorCode::bad_message, problem, request};
    }
    return Envelope{request, std::move(*message)};
}

}  // namespace xfsbus::wire
