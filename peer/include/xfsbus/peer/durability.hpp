#pragma once

#include <cstdint>

namespace xfsbus::peer {

/// What a file that is reported as there survives.
enum class Durability : std::uint8_t {
    process,  ///< the end of the program, in whatever way
    power,    ///< a power cut, too: it is synced, with its name, before it is reported
};

}  // namespace xfsbus::peer
