#include "catch.hpp"
#include "samples.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::wire;

namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t GiB = 1024 * MiB;
constexpr std::uint64_t TiB = 1024 * GiB;

Manifest manifest_of(std::uint64_t file_bytes, std::uint32_t digest_bytes = 32) {
    Manifest manifest{"sha256", file_bytes, chunk_size_for(file_bytes), digest_bytes, {}};
    for (std::uint32_t chunk = 0; chunk < manifest.layout().chunks; ++chunk) {
        manifest.digests += std::string(digest_bytes, static_cast<char>('a' + chunk % 26));
    }
    return manifest;
}

void check_bad_manifest(std::string const& bytes) {
    auto const decoded = decode_manifest(bytes);
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().code == Errc::integrity);
    CHECK_FALSE(decoded.error().message.empty());
}

}  // namespace

TEST_CASE("the size of a chunk follows from the size of the file") {
    struct Case {
        std::uint64_t file;
        std::uint64_t chunk;
    };

    std::vector<Case> const cases = {
        {0, 128 * KiB},
        {1, 128 * KiB},
        {128 * KiB, 128 * KiB},
        {128 * MiB - 1, 128 * KiB},
        {128 * MiB, 128 * KiB},
        {128 * MiB + 1023, 128 * KiB},  // the division rounds down
        {128 * MiB + 1024, 256 * KiB},
        {256 * MiB - 1, 256 * KiB},
        {256 * MiB, 256 * KiB},
        {256 * MiB + 1, 256 * KiB},
        {256 * MiB + 1023, 256 * KiB},
        {256 * MiB + 1024, 512 * KiB},
        {512 * MiB, 512 * KiB},
        {512 * MiB + 1024, 1 * MiB},
        {1 * GiB, 1 * MiB},
        {1 * GiB + 1024, 2 * MiB},
        {2 * GiB, 2 * MiB},
        {2 * GiB + 1024, 4 * MiB},
        {4 * GiB, 4 * MiB},
        {4 * GiB + 1024, 4 * MiB},
        {4 * TiB, 4 * MiB},
        {~std::uint64_t{0}, 4 * MiB},
    };
    for (auto const& [file, chunk] : cases) {
        INFO(file);
        CHECK(chunk_size_for(file) == chunk);
    }
}

TEST_CASE("a file consists of its chunks and nothing else") {
    for (std::uint64_t const size :
         {std::uint64_t{0}, std::uint64_t{1}, 128 * KiB - 1, 128 * KiB, 128 * KiB + 1, 3 * MiB + 7,
          256 * MiB, 256 * MiB + 1, 1 * GiB, 4 * TiB - 1, 4 * TiB}) {
        INFO(size);
        Manifest const manifest{"sha256", size, chunk_size_for(size), 32, {}};
        auto const layout = manifest.layout();
        auto const count = layout.chunks;
        CHECK(count == size / manifest.chunk_bytes + (size % manifest.chunk_bytes == 0 ? 0 : 1));
        CHECK(count <= limits::chunks_per_file);
        if (count > 0) {
            CHECK(layout.offset(0) == 0);
            CHECK(layout.offset(count - 1) + layout.length(count - 1) == size);
            CHECK(layout.length(count - 1) > 0);
            CHECK(layout.length(count - 1) <= manifest.chunk_bytes);
        }
        if (count > 1) {
            CHECK(layout.length(0) == manifest.chunk_bytes);
            CHECK(layout.offset(1) == manifest.chunk_bytes);
        }
    }
}

TEST_CASE("each chunk has its own digest") {
    auto const manifest = manifest_of(3 * 256 * KiB, 64);
    CHECK(manifest.chunk_digest(0) == std::string(64, 'a'));
    CHECK(manifest.chunk_digest(2) == std::string(64, 'c'));
}

TEST_CASE("a manifest's canonical bytes are as the protocol says") {
    auto const bytes = encode_manifest(manifest_of(128 * KiB + 1));
    auto const expected = from_hex(
        "58464d01"
        "0000000000020001"
        "00020000"
        "20"
        "06"
        "736861323536");
    REQUIRE(expected.has_value());
    CHECK(bytes == *expected + std::string(32, 'a') + std::string(32, 'b'));
}

TEST_CASE("a manifest comes back from its bytes as it was") {
    for (std::uint64_t const size :
         {std::uint64_t{0}, std::uint64_t{1}, 128 * KiB, 128 * KiB + 1, 300 * MiB}) {
        for (std::uint32_t const digest : {32U, 48U, 64U}) {
            auto const manifest = manifest_of(size, digest);
            auto const decoded = decode_manifest(encode_manifest(manifest));
            REQUIRE(decoded.ok());
            CHECK(*decoded == manifest);
        }
    }
}

TEST_CASE("the largest manifest fits its limit") {
    auto manifest = manifest_of(0, 64);
    manifest.algorithm = std::string(32, 'x');
    auto const fixed = encode_manifest(manifest).size();
    CHECK(fixed + limits::chunks_per_file * limits::digest_bytes_max <= limits::manifest_bytes);
}

TEST_CASE("a manifest cut anywhere or continued is refused") {
    auto const bytes = encode_manifest(manifest_of(128 * KiB + 1));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        check_bad_manifest(bytes.substr(0, size));
    }
    check_bad_manifest(bytes + '\0');
    check_bad_manifest(bytes + std::string(32, 'c'));
}

TEST_CASE("every flipped bit of a manifest is refused or changes what it says") {
    auto const manifest = manifest_of(256 * KiB + 1);
    auto const bytes = encode_manifest(manifest);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (int flip = 1; flip < 256; ++flip) {
            auto changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            auto const decoded = decode_manifest(changed);
            bool const sound =
                !decoded.ok() || (*decoded != manifest && encode_manifest(*decoded) == changed);
            if (!sound) {
                FAIL("byte " << i << " flipped by " << flip);
            }
        }
    }
}

TEST_CASE("a manifest that encode would not have written is refused") {
    auto const refused = [](auto change) {
        auto manifest = manifest_of(256 * KiB + 1);
        change(manifest);
        check_bad_manifest(encode_manifest(manifest));
    };
    refused([](Manifest& m) { m.algorithm = ""; });
    refused([](Manifest& m) { m.algorithm = "SHA256"; });
    refused([](Manifest& m) { m.algorithm = "a/b"; });
    refused([](Manifest& m) { m.algorithm = std::string(33, 'a'); });
    refused([](Manifest& m) { m.chunk_bytes = 0; });
    refused([](Manifest& m) { m.chunk_bytes *= 2; });
    refused([](Manifest& m) { m.file_bytes = 0; });
    refused([](Manifest& m) { m.file_bytes = 2 * 256 * KiB + 1; });
    refused([](Manifest& m) { m.file_bytes = limits::file_bytes + 1; });
    refused([](Manifest& m) { m.file_bytes = ~std::uint64_t{0}; });
    refused([](Manifest& m) { m.digest_bytes = 31; });
    refused([](Manifest& m) { m.digest_bytes = 65; });
    refused([](Manifest& m) { m.digest_bytes = 0; });
    refused([](Manifest& m) { m.digests.pop_back(); });
}

TEST_CASE("an algorithm's name is short and plain") {
    for (std::string const name : {"a", "sha256", "sha512-256", "blake2b", "-", "0"}) {
        CHECK(valid_algorithm(name));
    }
    CHECK(valid_algorithm(std::string(32, 'a')));
    for (std::string const name :
         {"", "SHA256", "sha 256", "sha_256", "../sha", "sha256.so", "\xC3\xA4"}) {
        CHECK_FALSE(valid_algorithm(name));
    }
    CHECK_FALSE(valid_algorithm(std::string(33, 'a')));
}

TEST_CASE("a chunk's header comes back as it was") {
    for (ChunkHeader const& header :
         {ChunkHeader{}, ChunkHeader{samples::id<TransferId>(1), 7, 7 * 256 * KiB},
          ChunkHeader{samples::id<TransferId>(240), ~std::uint32_t{0}, ~std::uint64_t{0}}}) {
        auto const bytes = encode_chunk_header(header);
        CHECK(decode_chunk_header({bytes.data(), bytes.size()}) == header);
    }
}

TEST_CASE("what is not exactly one chunk header is refused") {
    auto const array = encode_chunk_header({samples::id<TransferId>(1), 7, 8});
    std::string const bytes(array.data(), array.size());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK(decode_chunk_header(bytes.substr(0, size)) == std::nullopt);
    }
    CHECK(decode_chunk_header(bytes + '\0') == std::nullopt);
    for (std::size_t i = 0; i < 4; ++i) {
        auto changed = bytes;
        changed[i] = static_cast<char>(changed[i] + 1);
        CHECK(decode_chunk_header(changed) == std::nullopt);
    }
}

TEST_CASE("hexadecimal is written in lower case and read in either") {
    CHECK(to_hex(std::string("\x00\x7F\xFF", 3)) == "007fff");
    CHECK(from_hex("007fFF") == std::string("\x00\x7F\xFF", 3));
    CHECK(from_hex("") == "");
    CHECK(to_hex(samples::id<TransferId>(0)) == "000102030405060708090a0b0c0d0e0f");
    for (auto const* bad : {"0", "0g", "g0", " 0", "0x", "00 0"}) {
        CHECK(from_hex(bad) == std::nullopt);
    }
}

TEST_CASE("an identifier is taken from the first bytes and never from too few") {
    CHECK(TransferId::from(std::string(15, 'a')) == std::nullopt);
    auto const id = TransferId::from(std::string(16, 'a') + "more");
    REQUIRE(id.has_value());
    CHECK(id->view() == std::string(16, 'a'));
}
