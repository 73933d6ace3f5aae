#include "wire/big_endian.hpp"

#include <xfsbus/wire/chunk.hpp>

#include <algorithm>

namespace xfsbus::wire {
namespace {

constexpr std::string_view chunk_magic("XFC\1", 4);  // the last byte is the version

}  // namespace

std::array<char, chunk_header_bytes> encode_chunk_header(ChunkHeader const& header) {
    std::string out(chunk_magic);
    out.reserve(chunk_header_bytes);
    append_big_endian(out, header.chunk);
    append_big_endian(out, header.offset);
    out += header.transfer.view();
    std::array<char, chunk_header_bytes> bytes{};
    std::ranges::copy(out, bytes.begin());
    return bytes;
}

std::optional<ChunkHeader> decode_chunk_header(std::string_view frame) {
    if (frame.size() != chunk_header_bytes || !frame.starts_with(chunk_magic)) {
        return std::nullopt;
    }
    ChunkHeader header;
    header.chunk = read_big_endian<std::uint32_t>(frame, 4);
    header.offset = read_big_endian<std::uint64_t>(frame, 8);
    header.transfer = *TransferId::from(frame.substr(16));
    return header;
}

}  // namespace xfsbus::wire
