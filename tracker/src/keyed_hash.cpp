#include "keyed_hash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace xfsbus::tracker {

namespace {

using State = std::array<std::uint64_t, 4>;

static_assert(std::endian::native == std::endian::little, "words are read as they stand");

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr int rounds_of_a_word = 2;
constexpr int rounds_at_the_end = 4;

void mix(State& v, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        v[0] += v[1];
        v[1] = std::rotl(v[1], 13) ^ v[0];
        v[0] = std::rotl(v[0], 32);
        v[2] += v[3];
        v[3] = std::rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = std::rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = std::rotl(v[1], 17) ^ v[2];
        v[2] = std::rotl(v[2], 32);
    }
}

void take(State& v, std::uint64_t word) {
    v[3] ^= word;
    mix(v, rounds_of_a_word);
    v[0] ^= word;
}

}  // namespace

KeyedHash::KeyedHash(Key const& key)
    : begin_{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
             key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U} {}

std::uint64_t KeyedHash::operator()(std::string_view text) const {
    State v = begin_;
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56U;
    for (; text.size() >= word_bytes; text.remove_prefix(word_bytes)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), word_bytes);
        take(v, word);
    }
    std::uint64_t rest = 0;
    text.copy(reinterpret_cast<char*>(&rest), text.size());
    take(v, last | rest);
    v[2] ^= 0xffU;
    mix(v, rounds_at_the_end);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace xfsbus::tracker
