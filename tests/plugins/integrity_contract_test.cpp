// What every integrity plug-in has to keep to, and that each is the algorithm it says it is.
#include "catch.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>

using namespace xfsbus::policies;

namespace {

struct Vectors {
    char const* plugin;
    char const* empty;
    char const* abc;
    char const* bits_448;
    char const* million_a;
};

// The usual messages of published test vectors. The digests were computed with implementations
// other than Botan and agree: Python's hashlib with all, openssl with the SHA ones, coreutils'
// b2sum with the BLAKE2b ones; the BLAKE3 ones by b3sum, which is the Rust implementation.
constexpr std::array vectors{
    Vectors{"sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    Vectors{"sha512-256", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
            "bde8e1f9f19bb9fd3406c90ec6bc47bd36d8ada9f11880dbc8a22a7078b6a461",
            "9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21"},
    Vectors{"blake2b", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "5f7a93da9c5621583f22e49e8e91a40cbba37536622235a380f434b9f68e49c4",
            "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4"},
    Vectors{"blake3", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            "c19012cc2aaf0dc3d8e5c45a1b79114d2df42abb2a410bf54be09e891af06ff8",
            "616f575a1b58d4c9797d4217b9730ae5e6eb319d76edef6549b46f4efe31ff8b"}};

constexpr std::string_view message_448 = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

std::shared_ptr<HashAlgorithm const> load(char const* plugin) {
    return load_integrity({plugin, {}}, PluginPath({XFS_TEST_PLUGINS}));
}

std::span<std::byte const> bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string hex(std::span<std::byte const> digest) {
    std::string text;
    for (auto const byte : digest) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[std::to_integer<unsigned>(byte) >> 4U];
        text += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

std::string hash(HashAlgorithm const& algorithm, std::string_view text) {
    return hex(digest(algorithm, bytes(text)));
}

std::string finish(Integrity& hash) {
    std::vector<std::byte> digest(hash.digest_size());
    hash.finish(digest);
    return hex(digest);
}

}  // namespace

TEST_CASE("A digest is the one that other implementations of the algorithm compute") {
    auto const& v = GENERATE(from_range(vectors));
    auto const algorithm = load(v.plugin);
    CHECK(algorithm->name() == v.plugin);
    CHECK(algorithm->digest_size() == 32);
    CHECK(hash(*algorithm, "") == v.empty);
    CHECK(hash(*algorithm, "abc") == v.abc);
    CHECK(hash(*algorithm, message_448) == v.bits_448);
    CHECK(hash(*algorithm, std::string(1'000'000, 'a')) == v.million_a);
}

TEST_CASE("It does not matter where a message is split") {
    auto const& v = GENERATE(from_range(vectors));
    auto const object = load(v.plugin)->make();
    auto const message = bytes(message_448);
    for (std::size_t at = 0; at <= message.size(); ++at) {
        object->update(message.first(at));
        object->update(message.subspan(at));
        CHECK(finish(*object) == v.bits_448);
    }
    std::string const piece(999, 'a');
    for (std::size_t left = 1'000'000; left > 0; left -= std::min(left, piece.size())) {
        object->update(bytes(piece).first(std::min(left, piece.size())));
    }
    CHECK(finish(*object) == v.million_a);
}

TEST_CASE("After a digest the next message begins afresh") {
    auto const& v = GENERATE(from_range(vectors));
    auto const object = load(v.plugin)->make();
    for (int i = 0; i < 3; ++i) {
        object->update(bytes("abc"));
        CHECK(finish(*object) == v.abc);
        CHECK(finish(*object) == v.empty);
    }
}

TEST_CASE("Objects of one algorithm are created and work on threads of their own") {
    auto const& v = GENERATE(from_range(vectors));
    auto const algorithm = load(v.plugin);
    std::array<std::string, 4> results;
    std::vector<std::thread> threads;
    for (auto& result : results) {
        threads.emplace_back([&] { result = hash(*algorithm, std::string(1'000'000, 'a')); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (auto const& result : results) {
        CHECK(result == v.million_a);
    }
}
