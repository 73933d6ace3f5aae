#pragma once

#include <xfsbus/wire/ids.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace xfsbus::wire {

/// The first frame of a chunk on the data pipe; the second is its bytes.
struct ChunkHeader {
    TransferId transfer;
    std::uint32_t chunk = 0;
    std::uint64_t offset = 0;  ///< of the chunk in the file

    friend bool operator==(ChunkHeader const&, ChunkHeader const&) = default;
};

inline constexpr std::size_t chunk_header_bytes = 32;

std::array<char, chunk_header_bytes> encode_chunk_header(ChunkHeader const& header);

/// nullopt unless it is exactly one header of this version.
std::optional<ChunkHeader> decode_chunk_header(std::string_view frame);

}  // namespace xfsbus::wire
