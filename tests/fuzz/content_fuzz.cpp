#include "check.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Everything else that strangers write: the first byte says what the rest is.

using namespace xfsbus::wire;

namespace {

void fuzz_manifest(std::string_view bytes) {
    auto const manifest = decode_manifest(bytes);
    if (!manifest) {
        must(!manifest.error().message.empty());
        return;
    }
    must(encode_manifest(*manifest) == bytes);
    std::uint64_t covered = 0;
    auto const layout = manifest->layout();
    for (std::uint32_t chunk = 0; chunk < layout.chunks; ++chunk) {
        must(layout.offset(chunk) == covered);
        must(layout.length(chunk) > 0);
        must(manifest->chunk_digest(chunk).size() == manifest->digest_bytes);
        covered += layout.length(chunk);
    }
    must(covered == manifest->file_bytes);
}

void fuzz_chunk_header(std::string_view frame) {
    if (auto const header = decode_chunk_header(frame)) {
        auto const bytes = encode_chunk_header(*header);
        must(std::string_view(bytes.data(), bytes.size()) == frame);
    }
}

void fuzz_endpoint(std::string_view text) {
    if (auto const endpoint = parse_endpoint(text)) {
        must(endpoint->host == "*" || valid_host(endpoint->host));
        must(parse_endpoint(endpoint->to_string()) == endpoint);
        must(parse_endpoint(endpoint->to_zmq()) == endpoint);
    }
}

void fuzz_name(std::string_view name) {
    auto const shown = escape(name);
    must(valid_utf8(shown));
    must(std::none_of(shown.begin(), shown.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
    if (!name_problem(name)) {
        must(valid_utf8(name) && name.size() <= limits::name_bytes);
        auto const framed = "/" + std::string(name) + "/";
        for (auto const* part : {"//", "/./", "/../", "/.xfs-"}) {
            must(framed.find(part) == std::string::npos);
        }
    }
}

void fuzz_glob(std::string_view text) {
    auto const line = std::min(text.find('\n'), text.size());
    auto const pattern = text.substr(0, line);
    auto const name = text.substr(std::min(line + 1, text.size()));
    bool const matches = glob_match(pattern, name);
    if (pattern.size() > limits::pattern_bytes) {
        must(!matches);
    } else if (!is_glob(pattern)) {
        must(matches == (pattern == name));
    }
    must(!matches || name.starts_with(glob_prefix(pattern)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    std::string_view const rest(reinterpret_cast<char const*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'm':
            fuzz_manifest(rest);
            break;
        case 'c':
            fuzz_chunk_header(rest);
            break;
        case 'e':
            fuzz_endpoint(rest);
            break;
        case 'n':
            fuzz_name(rest);
            break;
        case 'g':
            fuzz_glob(rest);
            break;
        default:
            break;
    }
    return 0;
}
