#include "catch.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <botan/hash.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

// What bus/PROTOCOL.md says against what the code does.

using namespace xfsbus::wire;
using nlohmann::json;

namespace {

std::string const& page() {
    static std::string const text = [] {
        std::ifstream file(XFSBUS_PROTOCOL_PAGE);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    REQUIRE_FALSE(text.empty());
    return text;
}

/// What stands between two texts; the test fails if they are not there.
std::string between(std::string const& text, std::string const& begin, std::string const& end) {
    auto const from = text.find(begin);
    REQUIRE(from != std::string::npos);
    auto const to = text.find(end, from + begin.size());
    REQUIRE(to != std::string::npos);
    return text.substr(from + begin.size(), to - from - begin.size());
}

json vectors() {
    return json::parse(between(page(), "```json\n", "```"));
}

std::string bytes_of(std::string const& hex) {
    auto const bytes = from_hex(hex);
    REQUIRE(bytes.has_value());
    return *bytes;
}

template <typename Id>
Id id_of(std::string const& hex) {
    auto const id = Id::from(bytes_of(hex));
    REQUIRE(id.has_value());
    return *id;
}

/// The content of the page's manifests.
std::string pattern(std::size_t size) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        content[i] = static_cast<char>(i % 251);
    }
    return content;
}

std::string hash(std::string const& algorithm, std::string_view data) {
    std::map<std::string, std::string> const botan_names = {
        {"sha256", "SHA-256"}, {"sha512-256", "SHA-512-256"}, {"blake2b", "BLAKE2b(256)"}};
    auto const function = Botan::HashFunction::create_or_throw(botan_names.at(algorithm));
    function->update(reinterpret_cast<std::uint8_t const*>(data.data()), data.size());
    std::string digest(function->output_length(), '\0');
    function->final(reinterpret_cast<std::uint8_t*>(digest.data()));
    return digest;
}

std::string manifest_of(std::string const& algorithm, std::string const& content) {
    Manifest manifest{algorithm, content.size(), chunk_size_for(content.size()), 32, {}};
    for (std::uint32_t chunk = 0; chunk < manifest.layout().chunks; ++chunk) {
        manifest.digests +=
            hash(algorithm, std::string_view(content).substr(manifest.layout().offset(chunk),
                                                             manifest.layout().length(chunk)));
    }
    return encode_manifest(manifest);
}

/// The messages of the page, as this code has them.
std::vector<Message> messages_of_the_page() {
    auto const peer = id_of<PeerId>("101112131415161718191a1b1c1d1e1f");
    auto const transfer = id_of<TransferId>("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    auto const manifest = manifest_of("sha256", pattern(1000));
    auto const hello = *ContentId::from(hash("sha256", manifest));
    auto const uber = *ContentId::from(hash("sha256", manifest_of("sha256", pattern(300'000))));
    constexpr std::uint64_t epoch = 0x1122334455667788;
    Endpoint const listens{"10.0.0.1", 7471};
    return {
        Register{peer, {"", 7471}, 1000, "rack=a"},
        Registered{epoch, 3000, 1000, listens},
        Update{epoch,
               1,
               true,
               true,
               {{"notes/hello.txt", hello, 1000, complete_ppm},
                {"\xC3\xBC"
                 "ber.bin",
                 uber, 300'000, 500'000}},
               {"old.txt"}},
        Updated{epoch, 1},
        Heartbeat{epoch, 1, 2},
        Alive{epoch, 4000},
        Leave{},
        Left{epoch},
        Find{FindBy::glob, "notes/**", "", 10, 32, true},
        Found{epoch,
              {{"notes/hello.txt", hello, 1000, 1, {{peer, listens, complete_ppm, "rack=a"}}}},
              ""},
        ListPeers{},
        PeerList{epoch, {{peer, listens, 2, 2, 350, "rack=a"}}, ""},
        Subscribe{"notes/**", "", epoch, 4, true},
        Changes{epoch,
                5,
                {{"notes/hello.txt", hello, 1000, 2, 1}},
                "",
                true,
                true,
                {{peer, listens, 2, 2, 350, "rack=a"}},
                {id_of<PeerId>("202122232425262728292a2b2c2d2e2f")}},
        Ping{{hello, uber}},
        Pong{200, peer, {complete_ppm, 500'000}},
        Failure{ErrorCode::unknown_peer, "register first", epoch},
        GetManifests{{hello, uber}, 0},
        Manifests{{{hello, manifest.size(), 0, manifest}, {uber, 0, 0, ""}}},
        Request{{{transfer, uber, 40'000, 524'288, {0, 1}, true, 7471, true}}},
        Close{{transfer}},
        Refused{transfer, ErrorCode::gone, "the file has changed"},
        Have{transfer, false, "\x80", {1}},
        Push{"\xC3\xBC"
             "ber.bin",
             uber, 300'000},
        Pushed{PushState::fetching, 262'144, ""},
    };
}

/// The keys of a map and of the maps in its lists.
void collect_keys(json const& value, std::vector<std::string>& keys) {
    for (auto const& [key, inner] : value.items()) {
        if (value.is_object()) {
            keys.push_back(key);
        }
        if (inner.is_structured()) {
            collect_keys(inner, keys);
        }
    }
}

}  // namespace

TEST_CASE("the page's frames are this code's frames, both ways") {
    auto const expected = messages_of_the_page();
    auto const all = vectors();
    auto const& shown = all.at("messages");
    REQUIRE(expected.size() == std::variant_size_v<Message>);
    REQUIRE(shown.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        auto const name = shown[i].at("message").get<std::string>();
        INFO(name);
        CHECK(name == type_name(expected[i]));
        auto const request = shown[i].at("request").get<std::uint64_t>();
        auto const header = shown[i].at("header").get<std::string>();
        auto const body = shown[i].at("body").get<std::string>();
        auto const frames = encode(expected[i], request);
        CHECK(to_hex(frames.header) == header);
        CHECK(to_hex(frames.body) == body);
        auto const decoded = decode(bytes_of(header), bytes_of(body));
        REQUIRE(std::holds_alternative<Envelope>(decoded));
        CHECK(std::get<Envelope>(decoded).message == expected[i]);
        CHECK(std::get<Envelope>(decoded).request == request);
    }
}

TEST_CASE("the page describes every message under its number, with every field it has") {
    auto const all = vectors();
    for (auto const& message : all.at("messages")) {
        auto const name = message.at("message").get<std::string>();
        auto const number = message.at("header").get<std::string>().substr(10, 2);
        INFO(name);
        auto title = "### 0x" + number;
        for (auto& digit : title) {
            digit = digit >= 'a' && digit <= 'f' ? static_cast<char>(digit - 'a' + 'A') : digit;
        }
        auto const section = between(page(), title + " " + name + "\n", "\n##");
        std::vector<std::string> keys;
        collect_keys(message.at("fields"), keys);
        for (auto const& key : keys) {
            INFO(key);
            CHECK(section.find("| `" + key + "`") != std::string::npos);
        }
    }
}

TEST_CASE("the page's chunk header is this code's, both ways") {
    auto const all = vectors();
    auto const& shown = all.at("chunk_header");
    ChunkHeader const header{id_of<TransferId>(shown.at("transfer")), shown.at("chunk"),
                             shown.at("offset")};
    auto const bytes = encode_chunk_header(header);
    CHECK(to_hex({bytes.data(), bytes.size()}) == shown.at("bytes").get<std::string>());
    CHECK(decode_chunk_header(bytes_of(shown.at("bytes"))) == header);
}

TEST_CASE("the page's manifests and content ids are this code's") {
    auto const all = vectors();
    REQUIRE(all.at("manifests").size() >= 3);
    for (auto const& shown : all.at("manifests")) {
        auto const algorithm = shown.at("algorithm").get<std::string>();
        auto const bytes = bytes_of(shown.at("bytes"));
        INFO(algorithm);
        CHECK(to_hex(manifest_of(algorithm, pattern(shown.at("size")))) == to_hex(bytes));
        CHECK(to_hex(*ContentId::from(hash(algorithm, bytes))) ==
              shown.at("content_id").get<std::string>());
        auto const manifest = decode_manifest(bytes);
        REQUIRE(manifest.ok());
        CHECK(manifest->algorithm == algorithm);
        CHECK(manifest->file_bytes == shown.at("size"));
    }
}

TEST_CASE("the page's limits are this code's") {
    std::map<std::string, std::uint64_t> const limits_of_the_code = {
        {"control_body_bytes", limits::control_body_bytes},
        {"text_bytes", limits::text_bytes},
        {"name_bytes", limits::name_bytes},
        {"name_part_bytes", limits::name_part_bytes},
        {"name_depth", limits::name_depth},
        {"pattern_bytes", limits::pattern_bytes},
        {"map_keys", limits::map_keys},
        {"nesting", limits::nesting},
        {"update_entries", limits::update_entries},
        {"update_bytes", limits::update_bytes},
        {"cursor_bytes", limits::cursor_bytes},
        {"found_files", limits::found_files},
        {"found_sources", limits::found_sources},
        {"swarm_sources", limits::swarm_sources},
        {"found_bytes", limits::found_bytes},
        {"peers_page", limits::peers_page},
        {"changes_files", limits::changes_files},
        {"contents_per_ping", limits::contents_per_ping},
        {"manifests_per_request", limits::manifests_per_request},
        {"manifest_reply_bytes", limits::manifest_reply_bytes},
        {"wants_per_request", limits::wants_per_request},
        {"chunks_per_want", limits::chunks_per_want},
        {"contents_per_bundle", limits::contents_per_bundle},
        {"bundle_bytes", limits::bundle_bytes},
        {"queued_per_transfer", limits::queued_per_transfer},
        {"queued_per_connection", limits::queued_per_connection},
        {"transfers_per_connection", limits::transfers_per_connection},
        {"data_endpoints_per_connection", limits::data_endpoints_per_connection},
        {"chunks_per_have", limits::chunks_per_have},
        {"transfers_per_close", limits::transfers_per_close},
        {"digest_bytes_min", limits::digest_bytes_min},
        {"digest_bytes_max", limits::digest_bytes_max},
        {"chunk_bytes_min", limits::chunk_bytes_min},
        {"chunk_bytes_max", limits::chunk_bytes_max},
        {"chunks_per_file", limits::chunks_per_file},
        {"bitmap_bytes", limits::bitmap_bytes},
        {"file_bytes", limits::file_bytes},
        {"manifest_bytes", limits::manifest_bytes},
    };
    std::map<std::string, std::uint64_t> limits_of_the_page;
    auto const section = between(page(), "\n## 14. Limits\n", "\n## ");
    std::regex const row("\\| `([a-z_]+)` \\| ([0-9]+) \\|");
    for (std::sregex_iterator it(section.begin(), section.end(), row), end; it != end; ++it) {
        limits_of_the_page[(*it)[1]] = std::stoull((*it)[2]);
    }
    CHECK(limits_of_the_page == limits_of_the_code);
}
