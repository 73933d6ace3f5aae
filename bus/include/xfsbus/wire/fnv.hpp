#pragma once

#include <cstdint>
#include <string_view>

namespace xfsbus::wire {

inline constexpr std::uint64_t fnv1a_basis = 0xcbf29ce484222325U;

/// FNV-1a of 64 bits: short, the same everywhere, and sure to notice a single byte that changed.
/// Not for what somebody may choose on purpose. Goes on from `hash`, so that parts can be added.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = fnv1a_basis) {
    for (char const c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return hash;
}

}  // namespace xfsbus::wire
