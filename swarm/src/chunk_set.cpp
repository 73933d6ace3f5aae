#include <xfsbus/swarm/chunk_set.hpp>

#include <utility>

namespace xfsbus::swarm {
namespace {

constexpr unsigned byte_bits = 8;
constexpr unsigned word_bytes = sizeof(std::uint64_t);
constexpr unsigned word_bits = word_bytes * byte_bits;

/// Where a chunk's bit stands in its byte: the first chunk's is the highest.
constexpr unsigned shift_of(std::uint32_t chunk) {
    return byte_bits - 1 - chunk % byte_bits;
}

/// The lowest bit becomes the highest: a word's first chunk is its lowest bit.
constexpr unsigned char reversed(unsigned byte) {
    byte = (byte & 0xf0U) >> 4U | (byte & 0x0fU) << 4U;
    byte = (byte & 0xccU) >> 2U | (byte & 0x33U) << 2U;
    byte = (byte & 0xaaU) >> 1U | (byte & 0x55U) << 1U;
    return static_cast<unsigned char>(byte);
}

}  // namespace

std::optional<ChunkSet> ChunkSet::from_wire(std::string_view bitmap, std::uint32_t chunks) {
    if (bitmap.size() != (chunks + byte_bits - 1) / byte_bits) {
        return std::nullopt;
    }
    ChunkSet set(chunks);
    for (std::size_t i = 0; i < bitmap.size(); ++i) {
        std::uint64_t const byte = reversed(static_cast<unsigned char>(bitmap[i]));
        set.words_[i / word_bytes] |= byte << (i % word_bytes * byte_bits);
        set.count_ += static_cast<std::uint32_t>(std::popcount(byte));
    }
    bool const has_spare = chunks % word_bits != 0;
    bool const spare_is_set = has_spare && (set.words_.back() >> (chunks % word_bits)) != 0;
    return spare_is_set ? std::nullopt : std::optional(std::move(set));
}

std::string ChunkSet::to_wire() const {
    std::string bitmap((chunks_ + byte_bits - 1) / byte_bits, '\0');
    for_each([&](std::uint32_t chunk) {
        auto& byte = bitmap[chunk / byte_bits];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << shift_of(chunk));
    });
    return bitmap;
}

}  // namespace xfsbus::swarm
