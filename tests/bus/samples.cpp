#include "samples.hpp"

#include <xfsbus/wire/limits.hpp>

#include <limits>

namespace xfsbus::wire::samples {
namespace {

constexpr auto u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr auto u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr auto port_max = std::numeric_limits<std::uint16_t>::max();

std::string long_name() {
    std::string name;
    while (name.size() + 4 < limits::name_bytes) {
        name += name.size() % 8 == 0 ? "d\xC3\xA4/x" : "data";
    }
    return name + std::string(limits::name_bytes - name.size(), 'n');
}

std::string long_text() {
    return std::string(limits::text_bytes, 't');
}

Endpoint far_endpoint() {
    return {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%" + std::string(15, 'i'), port_max};
}

SourceEntry source(std::uint8_t n) {
    return {
        id<PeerId>(n), {"fd00::" + std::to_string(n), 7471}, 250'000, "rack=" + std::to_string(n)};
}

FoundFile found_file() {
    return {"d/e.bin", id<ContentId>(9), 70'000, 12, {source(1), source(2)}};
}

Update largest_update() {
    Update update{u64_max, u64_max, true, true, {}, {}};
    std::string const name = long_name();
    for (std::size_t i = 0; i < 128; ++i) {
        update.added.push_back({name, id<ContentId>(200), limits::file_bytes, complete_ppm});
    }
    update.removed.assign(limits::update_entries, "x");
    return update;
}

Found largest_found() {
    FoundFile file{long_name(), id<ContentId>(255), limits::file_bytes, u32_max, {}};
    file.sources.assign(limits::found_sources,
                        {id<PeerId>(255), {"::", port_max}, complete_ppm, "l"});
    FoundFile const small{"n", id<ContentId>(1), 1, 0, {}};
    std::vector<FoundFile> files(limits::found_files, small);
    files.front() = file;
    return {u64_max, files, std::string(limits::name_bytes + 2 * ContentId::size + 1, 'c')};
}

PeerList largest_peer_list() {
    PeerEntry const peer{id<PeerId>(255), {"::", port_max}, u64_max, u32_max, u32_max, "l"};
    PeerEntry const named{id<PeerId>(1), far_endpoint(), u64_max, u32_max, u32_max, long_text()};
    std::vector<PeerEntry> peers(limits::peers_page, peer);
    peers.back() = named;
    return {u64_max, peers, long_text(), true};
}

Changes largest_changes() {
    ListedFile const small{"n", id<ContentId>(255), limits::file_bytes, u32_max, u32_max};
    std::vector<ListedFile> files(limits::changes_files, small);
    files.front().name = long_name();
    auto const everybody = largest_peer_list().peers;
    std::vector<PeerId> const gone(limits::peers_page, id<PeerId>(255));
    return {u64_max, u64_max, files,     std::string(limits::cursor_bytes, 'c'),
            true,    true,    everybody, gone};
}

Request largest_request() {
    std::vector<std::uint32_t> const chunks(limits::chunks_per_want, u32_max);
    Want const many{id<TransferId>(1),
                    id<ContentId>(2),
                    port_max,
                    u64_max,
                    chunks,
                    true,
                    port_max,
                    true,
                    std::vector<ContentId>(limits::contents_per_bundle, id<ContentId>(2))};
    Want const few{
        id<TransferId>(3), id<ContentId>(4), port_max, u64_max, {u32_max}, true, port_max, true};
    std::vector<Want> wants(limits::wants_per_request, few);
    wants.front() = many;
    return {wants};
}

Have largest_have() {
    return {id<TransferId>(255), true, std::string(limits::bitmap_bytes, '\xFF'),
            std::vector<std::uint32_t>(limits::chunks_per_have, u32_max)};
}

Manifests largest_manifests() {
    ManifestPart const large{id<ContentId>(1), limits::manifest_bytes,
                             limits::manifest_bytes - limits::manifest_reply_bytes,
                             std::string(limits::manifest_reply_bytes, '\xFF')};
    return {{large, {id<ContentId>(2), 0, 0, ""}}};
}

}  // namespace

std::vector<Message> one_of_each() {
    return {
        Register{id<PeerId>(1), {"10.0.0.1", 7471}, 1000, "rack=a,disk=ssd"},
        Registered{0x1122334455667788, 3000, 1000, {"10.0.0.1", 7471}},
        Update{
            7, 12, true, true, {{"a/b.txt", id<ContentId>(3), 4096, 500'000}}, {"old", "\xC3\xA4"}},
        Updated{7, 12},
        Heartbeat{7, 12, 3},
        Alive{7, 4000},
        Leave{},
        Left{7},
        Find{FindBy::glob, "d/**", "d/a", 50, 32, true},
        Found{7, {found_file()}, "d/e.bin"},
        ListPeers{"0a0b"},
        PeerList{7, {{id<PeerId>(5), {"fe80::1%eth0", 7472}, 12, 2, 350, "rack=b"}}, "0c", true},
        Subscribe{"d/**", "d/a", 7, 12, true},
        Changes{7,
                13,
                {{"d/e.bin", id<ContentId>(9), 70'000, 2, 1}},
                "d/e.bin",
                true,
                true,
                {{id<PeerId>(5), {"fe80::1%eth0", 7472}, 12, 2, 350, "rack=b"}},
                {id<PeerId>(6), id<PeerId>(7)}},
        Ping{{id<ContentId>(1), id<ContentId>(2)}},
        Pong{4, id<PeerId>(6), {complete_ppm, 0, 250'000}},
        Failure{ErrorCode::resync, "an update is missing", 7},
        GetManifests{{id<ContentId>(1), id<ContentId>(2)}, 196'608},
        Manifests{{{id<ContentId>(1), 120, 20, std::string("\0\xFFmanifest", 10)}}},
        Request{
            {{id<TransferId>(8), id<ContentId>(1), 40'000, 4'194'304, {0, 1, 70'000}, true, 7473}}},
        Close{{id<TransferId>(8), id<TransferId>(9)}, true},
        Refused{id<TransferId>(8), ErrorCode::gone, "the file has changed"},
        Have{id<TransferId>(8), true, "\x80\x01", {3, 70'000}},
        Push{"a/b.txt", id<ContentId>(3), 4096, true},
        Pushed{PushState::failed, 2048, "the disk is full"},
    };
}

std::vector<Message> largest_of_each() {
    return {
        Register{id<PeerId>(255), far_endpoint(), u32_max, long_text()},
        Registered{u64_max, u32_max, u32_max, far_endpoint()},
        largest_update(),
        Updated{u64_max, u64_max},
        Heartbeat{u64_max, u64_max, u32_max},
        Alive{u64_max, u32_max},
        Leave{},
        Left{u64_max},
        Find{FindBy::content_prefix, long_name(), std::string(limits::cursor_bytes, 'a'), u32_max,
             u32_max, true},
        largest_found(),
        ListPeers{long_text()},
        largest_peer_list(),
        Subscribe{std::string(limits::pattern_bytes, 'p'), std::string(limits::cursor_bytes, 'a'),
                  u64_max, u64_max, true},
        largest_changes(),
        Ping{std::vector<ContentId>(limits::contents_per_ping, id<ContentId>(7))},
        Pong{u32_max, id<PeerId>(255),
             std::vector<std::uint32_t>(limits::contents_per_ping, complete_ppm)},
        Failure{ErrorCode::not_authorised, long_text(), u64_max},
        GetManifests{std::vector<ContentId>(limits::manifests_per_request, id<ContentId>(7)),
                     u64_max},
        largest_manifests(),
        largest_request(),
        Close{std::vector<TransferId>(limits::transfers_per_close, id<TransferId>(7)), true},
        Refused{id<TransferId>(255), ErrorCode::unreachable, long_text()},
        largest_have(),
        Push{long_name(), id<ContentId>(255), limits::file_bytes},
        Pushed{PushState::refused, limits::file_bytes, long_text()},
    };
}

std::vector<Message> smallest_of_each() {
    Want want;
    want.port = 1;  // 0 is no port to send to
    return {
        Register{},
        Registered{},
        Update{},
        Updated{},
        Heartbeat{},
        Alive{},
        Leave{},
        Left{},
        Find{},
        Found{0, std::vector<FoundFile>(1), ""},
        ListPeers{},
        PeerList{0, std::vector<PeerEntry>(1), ""},
        Subscribe{},
        Changes{0, 0, std::vector<ListedFile>(1), "", false, false, std::vector<PeerEntry>(1)},
        Ping{},
        Pong{},
        Failure{},
        GetManifests{},
        Manifests{std::vector<ManifestPart>(1)},
        Request{{want}},
        Close{},
        Refused{},
        Have{},
        Push{},
        Pushed{},
    };
}

}  // namespace xfsbus::wire::samples
