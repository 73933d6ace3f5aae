#pragma once

#include <cstddef>
#include <cstdint>

namespace xfsbus::peer::storage {

struct Unfinished {
    std::size_t count = 0;
    std::uint64_t bytes = 0;  ///< that they take on disk
};

/// The temporary files of downloads in this directory alone.
Unfinished unfinished_in(int directory);

}  // namespace xfsbus::peer::storage
