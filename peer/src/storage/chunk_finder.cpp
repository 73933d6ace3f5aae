#include "storage/chunk_finder.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace xfsbus::peer::storage {

bool is_chunk(wire::Manifest const& manifest, policies::HashAlgorithm const& algorithm,
              std::uint32_t chunk, std::span<std::byte const> bytes) {
    auto const hash = algorithm.make();
    std::vector<std::byte> digest(manifest.digest_bytes);
    hash->update(bytes);
    hash->finish(digest);
    auto const wanted = manifest.chunk_digest(chunk);
    return std::memcmp(digest.data(), wanted.data(), wanted.size()) == 0;
}

std::optional<std::span<std::byte const>> ChunkFinder::find(std::uint32_t chunk) {
    auto const layout = manifest_.layout();
    buffer_.resize(layout.length(0));  // none is longer
    auto const bytes = std::span(buffer_).first(layout.length(chunk));
    auto const read = files::read_at(fd_, bytes, layout.offset(chunk));
    error_ = read.error;
    bool const found = read.bytes == bytes.size() && is_chunk(manifest_, algorithm_, chunk, bytes);
    return found ? std::optional<std::span<std::byte const>>(bytes) : std::nullopt;
}

std::vector<std::uint32_t> ChunkFinder::written() const {
    std::uint64_t const count = manifest_.layout().chunks;
    auto const written_from = [&](std::uint64_t chunk) {
        auto const begin = static_cast<off_t>(chunk * manifest_.chunk_bytes);
        auto const data = files::lseek(fd_, begin, SEEK_DATA);
        if (data >= 0) {
            return static_cast<std::uint64_t>(data) / manifest_.chunk_bytes;
        }
        return errno == ENXIO ? count : chunk;  // a hole to the end, or: it cannot tell
    };
    std::vector<std::uint32_t> chunks;
    for (auto chunk = written_from(0); chunk < count; chunk = written_from(chunk + 1)) {
        chunks.push_back(static_cast<std::uint32_t>(chunk));
    }
    return chunks;
}

}  // namespace xfsbus::peer::storage
