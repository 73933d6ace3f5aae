#pragma once

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xfsbus::peer::storage {

/// True if these bytes are what the manifest says of this chunk. Any thread. Throws PolicyFault
/// when the algorithm fails, as does what calls it.
bool is_chunk(wire::Manifest const& manifest, policies::HashAlgorithm const& algorithm,
              std::uint32_t chunk, std::span<std::byte const> bytes);

/// Looks for the chunks of a content in an open file, each where it would stand if the file were
/// that content. One thread; what it is given has to outlive it.
class ChunkFinder {
  public:
    ChunkFinder(int fd, wire::Manifest const& manifest, policies::HashAlgorithm const& algorithm)
        : fd_(fd), manifest_(manifest), algorithm_(algorithm) {}

    /// The chunk's bytes, until the next call; nullopt unless they are what the manifest says.
    std::optional<std::span<std::byte const>> find(std::uint32_t chunk);

    /// errno, if that is why the last one was not found; else 0.
    [[nodiscard]] int error() const { return error_; }

    /// The chunks of which anything was ever written, ascending, where the file system can tell:
    /// holes, which are also what was only preallocated, are left out.
    [[nodiscard]] std::vector<std::uint32_t> written() const;

  private:
    int fd_;
    wire::Manifest const& manifest_;
    policies::HashAlgorithm const& algorithm_;
    std::vector<std::byte> buffer_;
    int error_ = 0;
};

}  // namespace xfsbus::peer::storage
