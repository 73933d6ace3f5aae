#pragma once

#include <xfsbus/swarm/chunk_set.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstdint>
#include <utility>
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

/// What a source says that offers these, and one that has gained these.
inline wire::Have have_of(ChunkSet const& all) {
    wire::Have have;
    have.bitmap = all.to_wire();
    return have;
}

inline wire::Have gained_of(Chunks chunks) {
    wire::Have have;
    have.chunks = std::move(chunks);
    return have;
}

}  // namespace xfsbus::swarm::test
