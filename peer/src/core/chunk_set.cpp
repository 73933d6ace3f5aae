#include "core/chunk_set.hpp"

namespace xfsbus::peer {
namespace {

constexpr unsigned byte_bits = 8;

/// Where a chunk's bit stands in its byte: the first chunk's is the highest.
constexpr unsigned shift_of(std::uint32_t chunk) {
    return byte_bits - 1 - chunk % byte_bits;
}

}  // namespace

std::optional<ChunkSet> ChunkSet::from_wire(std::string_view bitmap, std::uint32_t chunks) {
    if (bitmap.size() != (chunks + byte_bits - 1) / byte_bits) {
        return std::nullopt;
    }
    ChunkSet set(chunks);
    for (std::size_t i = 0; i < bitmap.size(); ++i) {
        auto const byte = static_cast<unsigned char>(bitmap[i]);
        for (unsigned bit = 0; byte != 0 && bit < byte_bits; ++bit) {
            auto const chunk = static_cast<std::uint32_t>(i * byte_bits + bit);
            if ((byte >> shift_of(chunk) & 1U) == 0) {
                continue;
            }
            if (chunk >= chunks) {
                return std::nullopt;  // a spare bit is set
            }
            set.insert(chunk);
        }
    }
    return set;
}

std::string ChunkSet::to_wire() const {
    std::string bitmap((chunks_ + byte_bits - 1) / byte_bits, '\0');
    for_each([&](std::uint32_t chunk) {
        auto& byte = bitmap[chunk / byte_bits];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << shift_of(chunk));
    });
    return bitmap;
}

}  // namespace xfsbus::peer
