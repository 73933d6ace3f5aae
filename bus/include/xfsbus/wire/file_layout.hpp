#pragma once

#include <algorithm>
#include <cstdint>

namespace xfsbus::wire {

/// How a file is divided into chunks. All are full but the last.
struct FileLayout {
    std::uint64_t bytes = 0;
    std::uint32_t chunk_bytes = 0;
    std::uint32_t chunks = 0;

    [[nodiscard]] std::uint64_t offset(std::uint32_t chunk) const {
        return std::uint64_t{chunk} * chunk_bytes;
    }

    [[nodiscard]] std::uint32_t length(std::uint32_t chunk) const {
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(chunk_bytes, bytes - offset(chunk)));
    }
};

/// Divides so many bytes. chunk_bytes > 0.
inline FileLayout layout_of(std::uint64_t bytes, std::uint32_t chunk_bytes) {
    return {bytes, chunk_bytes,
            static_cast<std::uint32_t>((bytes + chunk_bytes - 1) / chunk_bytes)};
}

}  // namespace xfsbus::wire
