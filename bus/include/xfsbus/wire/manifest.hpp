#pragma once

#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace xfsbus::wire {

/// The size of a file's chunks: size / 1024, rounded down, then up to a power of two; at least
/// 128 KiB and at most 4 MiB. A pure function of the size, so that equal bytes give equal content
/// ids everywhere: about a thousand chunks keep a swarm's pipeline full, and a chunk of at most 4
/// MiB bounds memory.
std::uint32_t chunk_size_for(std::uint64_t file_bytes);

/// What a version of a file consists of. Its content id is the hash, by the same algorithm, of its
/// canonical bytes; the bytes are kept and sent as they are, never re-made from parts.
struct Manifest {
    std::string algorithm;  ///< name of the integrity plug-in, [a-z0-9-]{1,32}
    std::uint64_t file_bytes = 0;
    std::uint32_t chunk_bytes = 0;  ///< == chunk_size_for(file_bytes)
    std::uint32_t digest_bytes = 0;
    std::string digests;  ///< of each chunk in order, digest_bytes each

    friend bool operator==(Manifest const&, Manifest const&) = default;

    [[nodiscard]] FileLayout layout() const { return layout_of(file_bytes, chunk_bytes); }

    [[nodiscard]] std::string_view chunk_digest(std::uint32_t chunk) const;
};

/// The canonical bytes: PROTOCOL.md, "Manifest".
std::string encode_manifest(Manifest const& manifest);

/// Reads canonical bytes; refuses anything that encode_manifest would not have written.
Result<Manifest> decode_manifest(std::string_view bytes);

/// True for what may stand in a manifest as its algorithm.
bool valid_algorithm(std::string_view name);

}  // namespace xfsbus::wire
