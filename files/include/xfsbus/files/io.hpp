#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace xfsbus::files {

/// How much was read or written, and errno if that is why it was no more (0: the end of the file).
struct IoResult {
    std::size_t bytes = 0;
    int error = 0;
};

/// Reads from this offset until the buffer is full or the file ends; signals do not disturb it.
IoResult read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset);

/// Fills the buffer from this offset; false if the file ends before, or cannot be read.
bool read_whole(int fd, std::span<std::byte> buffer, std::uint64_t offset);

/// Writes everything at this offset.
IoResult write_at(int fd, std::span<std::byte const> bytes, std::uint64_t offset);

}  // namespace xfsbus::files
