#include "catch.hpp"
#include "pack.hpp"
#include "samples.hpp"

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <limits>
#include <set>

using namespace xfsbus;
using namespace xfsbus::wire;

namespace {

using Decoded = std::variant<Envelope, DecodeError>;

Decoded decode(Frames const& frames) {
    return wire::decode(frames.header, frames.body);
}

Envelope const& good(Decoded const& decoded) {
    if (auto const* error = std::get_if<DecodeError>(&decoded)) {
        FAIL("not decoded: " << error->reason);
    }
    return std::get<Envelope>(decoded);
}

DecodeError const& bad(Decoded const& decoded) {
    if (auto const* envelope = std::get_if<Envelope>(&decoded)) {
        FAIL("decoded as " << type_name(envelope->message));
    }
    return std::get<DecodeError>(decoded);
}

bool mentions(std::string const& text, std::string const& word) {
    return text.find(word) != std::string::npos;
}

void check_round_trip(Message const& message) {
    INFO(type_name(message));
    auto const frames = encode(message, 42);
    CHECK(frames.header.size() == control_header_bytes);
    CHECK(frames.body.size() <= limits::control_body_bytes);
    auto const decoded = decode(frames);
    CHECK(good(decoded).request == 42);
    CHECK(good(decoded).message == message);
}

std::string header_of(Message const& message, std::uint64_t request = 0) {
    return encode(message, request).header;
}

/// A Register's fields, each packed and right.
std::vector<pack::Pair> register_fields() {
    return {{"peer", pack::bin(std::string(16, 'p'))},
            {"host", pack::str("10.0.0.1")},
            {"port", pack::uint(7471)},
            {"heartbeat_ms", pack::uint(1000)},
            {"labels", pack::str("rack=a")}};
}

Decoded decode_register(std::vector<pack::Pair> const& fields) {
    return wire::decode(header_of(Register{}), pack::map(fields));
}

std::vector<pack::Pair> with(std::vector<pack::Pair> fields, std::string const& key,
                             std::string const& value) {
    auto const found = std::find_if(fields.begin(), fields.end(),
                                    [&](auto const& pair) { return pair.first == key; });
    REQUIRE(found != fields.end());
    found->second = value;
    return fields;
}

}  // namespace

TEST_CASE("every message comes back from its frames as it was") {
    auto const messages = samples::one_of_each();
    REQUIRE(messages.size() == std::variant_size_v<Message>);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        CHECK(messages[i].index() == i);
        check_round_trip(messages[i]);
    }
}

TEST_CASE("every message at its limits comes back and fits into one body") {
    auto const messages = samples::largest_of_each();
    REQUIRE(messages.size() == std::variant_size_v<Message>);
    for (auto const& message : messages) {
        check_round_trip(message);
    }
}

TEST_CASE("every message of zeros and empty lists comes back") {
    auto const messages = samples::smallest_of_each();
    REQUIRE(messages.size() == std::variant_size_v<Message>);
    for (auto const& message : messages) {
        check_round_trip(message);
    }
}

TEST_CASE("every value of an enumeration comes back") {
    for (std::uint16_t code = 1; code <= 10; ++code) {
        check_round_trip(Failure{static_cast<ErrorCode>(code), "r", 0});
        check_round_trip(Refused{{}, static_cast<ErrorCode>(code), "r"});
    }
    for (std::uint8_t state = 1; state <= 5; ++state) {
        check_round_trip(Pushed{static_cast<PushState>(state), 1, ""});
    }
    for (std::uint8_t by = 0; by <= 2; ++by) {
        check_round_trip(Find{static_cast<FindBy>(by), "q", "", 0});
    }
}

TEST_CASE("a number comes back at every width of msgpack") {
    for (std::uint64_t const value :
         {0ULL, 1ULL, 0x7FULL, 0x80ULL, 0xFFULL, 0x100ULL, 0xFFFFULL, 0x10000ULL, 0xFFFFFFFFULL,
          0x100000000ULL, 0x7FFFFFFFFFFFFFFFULL, 0x8000000000000000ULL, 0xFFFFFFFFFFFFFFFFULL}) {
        check_round_trip(Alive{value});
    }
}

TEST_CASE("a text or binary comes back at every width of msgpack") {
    for (std::size_t const size : {0U, 1U, 31U, 32U, 255U, 256U, 1024U}) {
        check_round_trip(ListPeers{std::string(size, 'a')});
    }
    for (std::size_t const size : {0U, 1U, 255U, 256U, 65'535U, 65'536U}) {
        check_round_trip(Manifests{{{{}, size, 0, std::string(size, '\xC1')}}});
    }
}

TEST_CASE("the request number comes back whatever it is") {
    for (std::uint64_t const request : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63U,
                                        std::numeric_limits<std::uint64_t>::max()}) {
        auto const decoded = decode(encode(Ping{}, request));
        CHECK(good(decoded).request == request);
    }
}

TEST_CASE("every type has a code and a name of its own") {
    std::set<char> codes;
    std::set<std::string_view> names;
    for (auto const& message : samples::one_of_each()) {
        codes.insert(encode(message).header[5]);
        names.insert(type_name(message));
    }
    CHECK(codes.size() == std::variant_size_v<Message>);
    CHECK(names.size() == std::variant_size_v<Message>);
}

TEST_CASE("a header cut anywhere is refused") {
    for (auto const& message : samples::one_of_each()) {
        auto const frames = encode(message, 5);
        for (std::size_t size = 0; size < frames.header.size(); ++size) {
            auto const decoded = decode({frames.header.substr(0, size), frames.body});
            CHECK(bad(decoded).code == ErrorCode::bad_message);
        }
    }
}

TEST_CASE("a header with a byte too many is refused") {
    auto const frames = encode(Ping{}, 5);
    auto const decoded = decode({frames.header + '\0', frames.body});
    CHECK(bad(decoded).code == ErrorCode::bad_message);
}

TEST_CASE("a body cut anywhere is refused and its request number kept") {
    for (auto const& message : samples::one_of_each()) {
        auto const frames = encode(message, 5);
        for (std::size_t size = 0; size < frames.body.size(); ++size) {
            auto const decoded = decode({frames.header, frames.body.substr(0, size)});
            CHECK(bad(decoded).code == ErrorCode::bad_message);
            CHECK(bad(decoded).request == 5);
        }
    }
}

TEST_CASE("another magic is refused") {
    auto const frames = encode(Ping{}, 5);
    for (std::size_t i = 0; i < 4; ++i) {
        auto header = frames.header;
        header[i] = static_cast<char>(header[i] ^ 0x20);
        auto const decoded = decode({header, frames.body});
        CHECK(bad(decoded).code == ErrorCode::bad_message);
        CHECK(bad(decoded).request == 0);
    }
}

TEST_CASE("another version is unsupported and its request number kept") {
    auto const frames = encode(Ping{}, 77);
    for (int version = 0; version < 256; ++version) {
        if (version == protocol_version) {
            continue;
        }
        auto header = frames.header;
        header[4] = static_cast<char>(version);
        auto const decoded = decode({header, "whatever a later version has here"});
        CHECK(bad(decoded).code == ErrorCode::unsupported);
        CHECK(bad(decoded).request == 77);
        CHECK(mentions(bad(decoded).reason, "version " + std::to_string(version)));
    }
}

TEST_CASE("an unknown type is unsupported and its request number kept") {
    std::set<int> known;
    for (auto const& message : samples::one_of_each()) {
        known.insert(static_cast<unsigned char>(encode(message).header[5]));
    }
    auto const frames = encode(Ping{}, 78);
    for (int type = 0; type < 256; ++type) {
        if (known.contains(type)) {
            continue;
        }
        auto header = frames.header;
        header[5] = static_cast<char>(type);
        auto const decoded = decode({header, frames.body});
        CHECK(bad(decoded).code == ErrorCode::unsupported);
        CHECK(bad(decoded).request == 78);
    }
}

TEST_CASE("the reserved bytes of the header are ignored") {
    auto frames = encode(Ping{}, 9);
    frames.header[6] = '\x12';
    frames.header[7] = '\x34';
    auto const decoded = decode(frames);
    CHECK(good(decoded).request == 9);
}

TEST_CASE("unknown fields are ignored") {
    auto fields = register_fields();
    fields.insert(fields.begin(),
                  {"added_in_version_1_5", pack::array({pack::uint(1), pack::map({})})});
    fields.push_back({"", pack::str("no key at all")});
    auto const decoded = decode_register(fields);
    CHECK(std::get<Register>(good(decoded).message).heartbeat_ms == 1000);
}

TEST_CASE("keys that are no texts are ignored") {
    auto const map = pack::header32('\xDF', 2) + pack::uint(7) + pack::uint(8) + pack::str("load") +
                     pack::uint(3);
    auto const decoded = wire::decode(header_of(Pong{}), map);
    CHECK(std::get<Pong>(good(decoded).message).load == 3);
}

TEST_CASE("the fields may stand in any order") {
    auto fields = register_fields();
    std::reverse(fields.begin(), fields.end());
    auto const decoded = decode_register(fields);
    CHECK(std::get<Register>(good(decoded).message).listens == Endpoint{"10.0.0.1", 7471});
}

TEST_CASE("a missing field is named") {
    auto const all = register_fields();
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto fields = all;
        fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(i));
        auto const decoded = decode_register(fields);
        CHECK(bad(decoded).code == ErrorCode::bad_message);
        CHECK(bad(decoded).reason == "field '" + all[i].first + "' is missing");
    }
}

TEST_CASE("a missing field inside a list is named") {
    auto const entry = pack::map({{"name", pack::str("a")}, {"size", pack::uint(1)}});
    auto const body = pack::map({{"epoch", pack::uint(1)},
                                 {"sequence", pack::uint(1)},
                                 {"full_begin", pack::boolean(true)},
                                 {"full_end", pack::boolean(true)},
                                 {"added", pack::array({entry})},
                                 {"removed", pack::array({})}});
    auto const decoded = wire::decode(header_of(Update{}), body);
    CHECK(bad(decoded).reason == "field 'content' is missing");
}

TEST_CASE("an optional field that is absent keeps its default") {
    auto const entry = pack::map({{"name", pack::str("a")},
                                  {"content", pack::bin(std::string(32, 'c'))},
                                  {"size", pack::uint(1)}});
    auto const update =
        wire::decode(header_of(Update{}), pack::map({{"epoch", pack::uint(1)},
                                                     {"sequence", pack::uint(1)},
                                                     {"full_begin", pack::boolean(false)},
                                                     {"full_end", pack::boolean(false)},
                                                     {"added", pack::array({entry})},
                                                     {"removed", pack::array({})}}));
    CHECK(std::get<Update>(good(update).message).added.at(0).have_ppm == complete_ppm);

    auto const failure = wire::decode(
        header_of(Failure{}), pack::map({{"code", pack::uint(7)}, {"reason", pack::str("r")}}));
    CHECK(std::get<Failure>(good(failure).message).epoch == 0);

    auto const pong = wire::decode(header_of(Pong{}), pack::map({{"load", pack::uint(3)}}));
    CHECK(good(pong).message == Message(Pong{3, {}}));
}

TEST_CASE("a Ping of before there were contents asks for none, and its Pong says nothing of them") {
    auto const ping = wire::decode(header_of(Ping{}), pack::map({}));
    CHECK(std::get<Ping>(good(ping).message).contents.empty());
    auto const pong = wire::decode(header_of(Pong{}), pack::map({{"load", pack::uint(3)}}));
    CHECK(std::get<Pong>(good(pong).message).have.empty());
}

TEST_CASE("a want of before there were swarms asks for no Have, serves nothing and is not urgent") {
    auto const want = pack::map({{"transfer", pack::bin(std::string(16, 't'))},
                                 {"content", pack::bin(std::string(32, 'c'))},
                                 {"host", pack::str("")},
                                 {"port", pack::uint(40'000)},
                                 {"credit", pack::uint(1)},
                                 {"chunks", pack::array({pack::uint(0)})}});
    auto const decoded =
        wire::decode(header_of(Request{}), pack::map({{"wants", pack::array({want})}}));
    auto const read = std::get<Request>(good(decoded).message).wants.at(0);
    CHECK_FALSE(read.swarm);
    CHECK(read.serves == 0);
    CHECK_FALSE(read.urgent);
    CHECK(read.bundle.empty());
    CHECK(read.chunks == std::vector<std::uint32_t>{0});
}

TEST_CASE("a want of chunks to a port that there is not is refused") {
    auto const request = [](std::uint16_t port) {
        Want want;
        want.port = port;
        return encode(Request{{want}});
    };
    for (auto const port : {std::uint16_t{1}, std::uint16_t{65'535}}) {
        auto const decoded = decode(request(port));
        CHECK(std::get<Request>(good(decoded).message).wants.at(0).port == port);
    }
    auto const decoded = decode(request(0));
    CHECK(bad(decoded).code == ErrorCode::bad_message);
    CHECK(mentions(bad(decoded).reason, "'port'"));
}

TEST_CASE("a bundle whose first content is not that of its want is refused") {
    Want want;
    want.port = 1;
    want.content.bytes[0] = 1;
    want.bundle = {want.content, {}};
    auto const taken = decode(encode(Request{{want}}));
    CHECK(std::get<Request>(good(taken).message).wants.at(0) == want);
    std::swap(want.bundle[0], want.bundle[1]);
    auto const decoded = decode(encode(Request{{want}}));
    CHECK(bad(decoded).code == ErrorCode::bad_message);
    CHECK(mentions(bad(decoded).reason, "'bundle'"));
}

TEST_CASE(
    "a Have may leave out all but its transfer, and its lists are checked if they are there") {
    auto const transfer = pack::Pair{"transfer", pack::bin(std::string(16, 't'))};
    auto const bare = wire::decode(header_of(Have{}), pack::map({transfer}));
    CHECK(good(bare).message ==
          Message(Have{*TransferId::from(std::string(16, 't')), false, "", {}}));
    for (auto const& field :
         {pack::Pair{"bitmap", pack::str("x")}, pack::Pair{"chunks", pack::uint(1)},
          pack::Pair{"chunks", pack::array({pack::str("1")})}}) {
        auto const wrong = wire::decode(header_of(Have{}), pack::map({transfer, field}));
        CHECK(mentions(bad(wrong).reason, "'" + field.first + "'"));
    }
}

TEST_CASE("an answer to a push needs no reason") {
    auto const decoded = wire::decode(
        header_of(Pushed{}), pack::map({{"state", pack::uint(2)}, {"bytes", pack::uint(7)}}));
    CHECK(good(decoded).message == Message(Pushed{PushState::fetching, 7, ""}));
}

TEST_CASE("a value of the wrong type is named") {
    struct Case {
        std::string key;
        std::string value;
    };

    std::vector<Case> const cases = {
        {"peer", pack::str(std::string(16, 'p'))},
        {"peer", pack::bin(std::string(15, 'p'))},
        {"peer", pack::bin(std::string(17, 'p'))},
        {"peer", pack::uint(1)},
        {"host", pack::bin("10.0.0.1")},
        {"host", pack::uint(1)},
        {"host", pack::str("a b")},
        {"host", pack::str("localhost")},
        {"host", pack::str("peer.example.org")},
        {"host", pack::str("10.1")},
        {"host", pack::str("fe80::1%a-name-of-16-bytes")},
        {"host", pack::str("*")},
        {"host", pack::str("h/i")},
        {"host", pack::str(std::string(256, 'h'))},
        {"host", pack::str("tcp://h;tcp://i")},
        {"host", pack::str("\xC3\xA4")},
        {"port", pack::str("7471")},
        {"port", pack::uint(65'536)},
        {"port", pack::uint(std::uint64_t{1} << 63U)},
        {"port", pack::boolean(true)},
        {"heartbeat_ms", pack::uint(std::uint64_t{1} << 32U)},
        {"heartbeat_ms", pack::array({})},
        {"heartbeat_ms", pack::map({})},
        {"labels", pack::bin("rack=a")},
        {"labels", pack::str("\xFF")},
        {"labels", pack::str(std::string(1025, 'l'))},
        {"labels", pack::array({})},
    };
    for (auto const& [key, value] : cases) {
        INFO(key);
        auto const decoded = decode_register(with(register_fields(), key, value));
        CHECK(bad(decoded).code == ErrorCode::bad_message);
        CHECK(mentions(bad(decoded).reason, "'" + key + "'"));
    }
}

TEST_CASE("a boolean is a boolean and no number") {
    auto const body = [](std::string const& value) {
        return pack::map({{"epoch", pack::uint(1)},
                          {"sequence", pack::uint(1)},
                          {"full_begin", value},
                          {"full_end", pack::boolean(false)},
                          {"added", pack::array({})},
                          {"removed", pack::array({})}});
    };
    auto const flag = wire::decode(header_of(Update{}), body(pack::boolean(true)));
    CHECK(std::get<Update>(good(flag).message).full_begin);
    auto const number = wire::decode(header_of(Update{}), body(pack::uint(1)));
    CHECK(mentions(bad(number).reason, "'full_begin'"));
}

TEST_CASE("an enumeration's value out of range is refused") {
    for (std::uint64_t const code : {0U, 13U, 255U, 65'535U, 65'536U}) {
        auto const decoded =
            wire::decode(header_of(Failure{}),
                         pack::map({{"code", pack::uint(code)}, {"reason", pack::str("")}}));
        CHECK(mentions(bad(decoded).reason, "'code'"));
    }
    for (std::uint64_t const state : {0U, 6U, 255U, 256U}) {
        auto const decoded =
            wire::decode(header_of(Pushed{}),
                         pack::map({{"state", pack::uint(state)}, {"bytes", pack::uint(0)}}));
        CHECK(mentions(bad(decoded).reason, "'state'"));
    }
    for (std::uint64_t const by : {3U, 255U, 256U}) {
        auto const decoded = wire::decode(header_of(Find{}), pack::map({{"by", pack::uint(by)},
                                                                        {"query", pack::str("")},
                                                                        {"after", pack::str("")}}));
        CHECK(mentions(bad(decoded).reason, "'by'"));
    }
}

TEST_CASE("a share above the whole or a file above the largest is refused") {
    auto const update = [](FileEntry const& entry) {
        return decode(encode(Update{1, 1, true, true, {entry}, {}}));
    };
    auto const ppm = update({"a", {}, 1, complete_ppm + 1});
    CHECK(mentions(bad(ppm).reason, "'have_ppm'"));
    auto const pong = decode(encode(Pong{1, {}, {complete_ppm, complete_ppm + 1}}));
    CHECK(mentions(bad(pong).reason, "'have'"));
    auto const size = update({"a", {}, limits::file_bytes + 1, 0});
    CHECK(mentions(bad(size).reason, "'size'"));
    auto const found = decode(encode(Found{1, {{"a", {}, limits::file_bytes + 1, 0, {}}}, ""}));
    CHECK(mentions(bad(found).reason, "'size'"));
    auto const push = decode(encode(Push{"a", {}, limits::file_bytes + 1}));
    CHECK(mentions(bad(push).reason, "'size'"));
    auto const pushed = decode(encode(Pushed{PushState::there, limits::file_bytes + 1, ""}));
    CHECK(mentions(bad(pushed).reason, "'bytes'"));
}

TEST_CASE("a list longer than its limit is refused") {
    auto const refused = [](Message const& message, std::string const& key) {
        auto const decoded = decode(encode(message));
        CHECK(mentions(bad(decoded).reason, "'" + key + "'"));
    };
    refused(Update{1, 1, true, true, std::vector<FileEntry>(limits::update_entries + 1), {}},
            "added");
    refused(Update{1, 1, true, true, {}, std::vector<std::string>(limits::update_entries + 1)},
            "removed");
    refused(Found{1, std::vector<FoundFile>(limits::found_files + 1), ""}, "files");
    FoundFile crowded;
    crowded.sources.resize(limits::found_sources + 1);
    refused(Found{1, {crowded}, ""}, "sources");
    refused(PeerList{1, std::vector<PeerEntry>(limits::peers_page + 1), ""}, "peers");
    Changes crowd;
    crowd.peers.resize(limits::peers_page + 1);
    refused(crowd, "peers");
    crowd.peers.clear();
    crowd.gone.resize(limits::peers_page + 1);
    refused(crowd, "gone");
    refused(Ping{std::vector<ContentId>(limits::contents_per_ping + 1)}, "contents");
    refused(Pong{1, {}, std::vector<std::uint32_t>(limits::contents_per_ping + 1)}, "have");
    refused(GetManifests{std::vector<ContentId>(limits::manifests_per_request + 1), 0}, "contents");
    refused(Manifests{std::vector<ManifestPart>(limits::manifests_per_request + 1)}, "parts");
    refused(Request{std::vector<Want>(limits::wants_per_request + 1)}, "wants");
    Want greedy;
    greedy.port = 1;
    greedy.chunks.resize(limits::chunks_per_want + 1);
    refused(Request{{greedy}}, "chunks");
    greedy.chunks.clear();
    greedy.bundle.resize(limits::contents_per_bundle + 1);
    refused(Request{{greedy}}, "bundle");
    refused(Close{std::vector<TransferId>(limits::transfers_per_close + 1)}, "transfers");
    refused(Have{{}, false, "", std::vector<std::uint32_t>(limits::chunks_per_have + 1)}, "chunks");
    refused(Have{{}, false, std::string(limits::bitmap_bytes + 1, '\0'), {}}, "bitmap");
}

TEST_CASE("a text longer than its limit is refused") {
    auto const refused = [](Message const& message, std::string const& key) {
        auto const decoded = decode(encode(message));
        CHECK(mentions(bad(decoded).reason, "'" + key + "'"));
    };
    std::string const long_text(limits::text_bytes + 1, 't');
    std::string const long_cursor(limits::cursor_bytes + 1, 'c');
    refused(Find{FindBy::name, std::string(limits::name_bytes + 1, 'n'), "", 0}, "query");
    refused(Find{FindBy::name, "n", long_cursor, 0}, "after");
    refused(Found{0, {}, long_cursor}, "next");
    refused(ListPeers{long_text}, "after");
    refused(PeerList{0, {}, long_text}, "next");
    refused(Subscribe{std::string(limits::pattern_bytes + 1, 'p'), ""}, "query");
    refused(Subscribe{"p", long_cursor}, "after");
    refused(Changes{0, 0, {}, long_cursor}, "next");
    refused(Failure{ErrorCode::busy, long_text, 0}, "reason");
    refused(Refused{{}, ErrorCode::busy, long_text}, "reason");
    refused(Push{std::string(limits::name_bytes + 1, 'n'), {}, 0}, "name");
    refused(Pushed{PushState::failed, 0, long_text}, "reason");
    refused(Update{1, 1, false, false, {}, {std::string(limits::name_bytes + 1, 'n')}}, "removed");
}

TEST_CASE("a list with an element of the wrong type is refused") {
    auto const contents = wire::decode(
        header_of(GetManifests{}), pack::map({{"contents", pack::array({pack::bin("short")})}}));
    CHECK(mentions(bad(contents).reason, "'contents'"));
    auto const wants =
        wire::decode(header_of(Request{}), pack::map({{"wants", pack::array({pack::uint(1)})}}));
    CHECK(mentions(bad(wants).reason, "'wants'"));
}

TEST_CASE("a body that is no map is refused") {
    for (auto const& body : {pack::array({}), pack::uint(1), pack::str("x"), pack::boolean(true)}) {
        auto const decoded = wire::decode(header_of(Ping{}), body);
        CHECK(bad(decoded).code == ErrorCode::bad_message);
    }
}

TEST_CASE("a body larger than allowed is refused") {
    auto const body = pack::map({{"x", pack::bin(std::string(limits::control_body_bytes, 'x'))}});
    auto const decoded = wire::decode(header_of(Ping{}), body);
    CHECK(mentions(bad(decoded).reason, "larger than allowed"));
}
