#pragma once

#include <xfsbus/swarm/chunk_set.hpp>

#include <cstdint>
#include <vector>

namespace xfsbus::swarm::test {

using Chunks = std::vector<std::uint32_t>;

/// A set for so many chunks that has these members.
inline ChunkSet set_of(std::uint32_t chunks, Chunks const& members) {
    ChunkSet set(chunks);
    for (auto const chunk : members) {
        set.insert(chunk);
    }
    return set;
}

}  // namespace xfsbus::swarm::test
