#pragma once

#include <span>

#include <sys/random.h>

namespace xfsbus::peer {

/// Fills the bytes from the system's source of randomness, so that nobody can guess what comes next
/// from what came before. Any thread.
inline void fill_random(std::span<std::uint8_t> bytes) {
    // A blocking call for so few bytes is not interrupted, and fails only where there is no such
    // source (getrandom(2)).
    while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    }
}

}  // namespace xfsbus::peer
