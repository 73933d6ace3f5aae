#include "allocations.hpp"
#include "catch.hpp"
#include "pack.hpp"
#include "samples.hpp"

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <random>

// What nobody honest sends.

using namespace xfsbus;
using namespace xfsbus::wire;

namespace {

// A msgpack object of one byte becomes a value of 24 bytes, in a block that is up to twice as large
// as needed; the fixed part is msgpack's first block and a sentence of explanation.
constexpr std::size_t bytes_per_byte = 64;
constexpr std::size_t bytes_besides = 64 * 1024;

/// Decodes, and checks what that took.
std::variant<Envelope, DecodeError> decode_counted(std::string_view header, std::string_view body) {
    AllocationCount const count;
    auto decoded = decode(header, body);
    std::size_t const bytes = count.bytes();
    if (bytes > bytes_per_byte * (header.size() + body.size()) + bytes_besides) {
        FAIL("a body of " << body.size() << " bytes took " << bytes << " to decode");
    }
    return decoded;
}

void check_refused(std::string const& body) {
    for (auto const& message : samples::smallest_of_each()) {
        auto const decoded = decode_counted(encode(message).header, body);
        CHECK(std::holds_alternative<DecodeError>(decoded));
    }
}

std::string nested(std::size_t depth, char opener) {
    std::string body = "\x81\xA1x";  // {"x": ...
    for (std::size_t i = 1; i < depth; ++i) {
        body += opener == '\x81' ? "\x81\xA1x" : std::string(1, opener);
    }
    return body + '\x01';
}

std::string mutate(std::string text, std::mt19937_64& random) {
    auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    auto const byte = [&] { return static_cast<char>(random()); };
    for (std::size_t n = 1 + below(4); n > 0; --n) {
        std::size_t const at = text.empty() ? 0 : below(text.size());
        switch (below(5)) {
            case 0:
                text.insert(at, 1, byte());
                break;
            case 1:
                text.erase(at, 1 + below(4));
                break;
            case 2:
                text.insert(at, text.substr(at, 1 + below(16)));
                break;
            default:
                if (!text.empty()) {
                    text[at] = byte();
                }
        }
    }
    return text;
}

}  // namespace

TEST_CASE("the allocation count sees what a string takes") {
    AllocationCount const count;
    std::string const text(100'000, 'x');
    CHECK(count.bytes() >= text.size());
}

TEST_CASE("a container or text that claims four billion elements is refused at once") {
    for (char const type : {'\xC6', '\xC9', '\xDB', '\xDD', '\xDF'}) {
        check_refused(pack::header32(type, 0xFFFFFFFF));
        check_refused("\x81\xA1x" + pack::header32(type, 0xFFFFFFFF));
        check_refused("\x81\xA1x" + pack::header32(type, 0x7FFFFFFF) + std::string(100, '\x01'));
    }
}

TEST_CASE("an array that claims more elements than the message has bytes is refused") {
    std::string const body = "\x81\xA1x" + pack::header32('\xDD', 200'000);
    check_refused(body + std::string(199'980, '\x01'));
}

TEST_CASE("many arrays that together claim more than the message has bytes are refused") {
    std::string body = "\x81\xA1x" + pack::header32('\xDD', 1000);
    for (int i = 0; i < 1000; ++i) {
        body += pack::header32('\xDD', 2000);
    }
    check_refused(body);
}

TEST_CASE("a map with more keys than any message has is refused") {
    std::string body = pack::header32('\xDF', limits::map_keys + 1);
    for (std::size_t i = 0; i <= limits::map_keys; ++i) {
        body += pack::str("k" + std::to_string(i)) + pack::uint(i);
    }
    check_refused(body);
}

TEST_CASE("nesting is allowed to its limit and no deeper") {
    auto const header = encode(Ping{}).header;
    for (char const opener : {'\x91', '\x81'}) {
        auto const deepest = decode_counted(header, nested(limits::nesting, opener));
        CHECK(std::holds_alternative<Envelope>(deepest));
        check_refused(nested(limits::nesting + 1, opener));
        check_refused(nested(10'000, opener));
    }
}

TEST_CASE("bytes after the map are refused") {
    for (auto const& message : samples::one_of_each()) {
        auto const frames = encode(message);
        auto const decoded = decode_counted(frames.header, frames.body + '\xC2');
        CHECK(std::holds_alternative<DecodeError>(decoded));
    }
}

TEST_CASE("floats and nil and negative numbers and extensions are refused even in unknown fields") {
    std::vector<std::string> const values = {pack::float64(1.5),
                                             pack::float64(1.0),
                                             std::string("\xCA\x3F\x80\x00\x00", 5),
                                             pack::nil(),
                                             pack::negative(-1),
                                             "\xE0",
                                             "\xD0\x80",
                                             std::string("\xD4\x01x", 3),
                                             std::string("\xC7\x03\x01xyz", 6),
                                             std::string("\xD6\xFF\x00\x00\x00\x01", 6),
                                             "\xC1"};
    for (auto const& value : values) {
        check_refused(pack::map({{"unknown", value}}));
        check_refused(pack::map({{"unknown", pack::array({value})}}));
    }
}

TEST_CASE("a number of 64 bits that does not fit its field is refused") {
    for (std::uint64_t const value :
         {std::uint64_t{1} << 32U, std::uint64_t{1} << 63U, ~std::uint64_t{0}}) {
        auto const decoded =
            decode_counted(encode(Pong{}).header, pack::map({{"load", pack::uint(value)}}));
        CHECK(std::holds_alternative<DecodeError>(decoded));
    }
}

TEST_CASE("a positive number in a signed encoding counts as the number it is") {
    auto const decoded =
        decode_counted(encode(Pong{}).header, pack::map({{"load", pack::negative(5)}}));
    REQUIRE(std::holds_alternative<Envelope>(decoded));
    CHECK(std::get<Pong>(std::get<Envelope>(decoded).message).load == 5);
}

TEST_CASE("of two fields with one name the first counts") {
    auto const decoded = decode_counted(
        encode(Pong{}).header, pack::map({{"load", pack::uint(1)}, {"load", pack::uint(2)}}));
    REQUIRE(std::holds_alternative<Envelope>(decoded));
    CHECK(std::get<Pong>(std::get<Envelope>(decoded).message).load == 1);
}

TEST_CASE("a full body of the smallest objects takes a bounded amount of memory") {
    auto const header = encode(Ping{}).header;
    std::size_t const room = limits::control_body_bytes - 32;
    for (char const element : {'\x01', '\xC2', '\xA0', '\x90', '\x80'}) {
        auto const list = pack::header32('\xDD', static_cast<std::uint32_t>(room));
        auto const decoded =
            decode_counted(header, "\x81\xA1x" + list + std::string(room, element));
        CHECK(std::holds_alternative<Envelope>(decoded));
    }
}

TEST_CASE("lists of the smallest elements take a bounded amount of memory") {
    auto const refused = [](Message const& message, std::string const& key, char element) {
        for (std::uint32_t const count : {1U, 64U, 1024U}) {
            auto const list = pack::header32('\xDD', count) + std::string(count, element);
            auto const decoded = decode_counted(encode(message).header, pack::map({{key, list}}));
            CHECK(std::holds_alternative<DecodeError>(decoded));
        }
    };
    refused(Update{}, "added", '\x80');
    refused(Update{}, "removed", '\xA0');
    refused(Found{}, "files", '\x80');
    refused(PeerList{}, "peers", '\x80');
    refused(GetManifests{}, "contents", '\xA0');
    refused(Request{}, "wants", '\x80');
    refused(Have{}, "chunks", '\xA0');
}

TEST_CASE("largest messages take a bounded amount of memory") {
    for (auto const& message : samples::largest_of_each()) {
        auto const frames = encode(message);
        auto const decoded = decode_counted(frames.header, frames.body);
        CHECK(std::holds_alternative<Envelope>(decoded));
    }
}

TEST_CASE("a hundred thousand mutants are refused or decode to what encodes and decodes again") {
    std::mt19937_64 random(20'240'501);
    auto const messages = samples::one_of_each();
    std::size_t decoded_count = 0;
    std::size_t unstable = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto const original = encode(messages[random() % messages.size()], random());
        bool const header_too = random() % 4 == 0;
        auto const header = header_too ? mutate(original.header, random) : original.header;
        auto const decoded = decode_counted(header, mutate(original.body, random));
        if (auto const* envelope = std::get_if<Envelope>(&decoded)) {
            ++decoded_count;
            auto const frames = encode(envelope->message, envelope->request);
            auto const again = decode(frames.header, frames.body);
            auto const* same = std::get_if<Envelope>(&again);
            unstable += same != nullptr && same->message == envelope->message ? 0 : 1;
        }
    }
    CHECK(unstable == 0);
    CHECK(decoded_count > 1000);    // the mutants were not all nonsense,
    CHECK(decoded_count < 90'000);  // nor all harmless
}

TEST_CASE("random bytes are never a message") {
    std::mt19937_64 random(7);
    auto const header = encode(Update{}).header;
    for (int i = 0; i < 20'000; ++i) {
        std::string body(random() % 64, '\0');
        std::generate(body.begin(), body.end(), [&] { return static_cast<char>(random()); });
        auto const decoded = decode_counted(header, body);
        if (std::holds_alternative<Envelope>(decoded)) {
            FAIL("decoded");
        }
    }
}
