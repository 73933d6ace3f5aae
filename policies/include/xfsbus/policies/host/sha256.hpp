#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace xfsbus::policies {

/// SHA-256 (FIPS 180-4) of bytes in memory, for what has to be known before a hash plug-in can be
/// loaded: which plug-in this is. Plain and slow beside a library's; any thread.
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// The same in hex, as sha256sum prints it.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace xfsbus::policies
