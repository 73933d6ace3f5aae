#pragma once

#include <xfsbus/bus/data.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <functional>

namespace xfsbus::peer::net {

/// Where chunks come in, and who waits for which. Reactor thread.
class ChunkPort {
  public:
    /// Returns whether it was asked for.
    using OnChunk = std::function<bool(wire::ChunkHeader const&, bus::Payload)>;

    ChunkPort() = default;
    virtual ~ChunkPort() = default;
    ChunkPort(ChunkPort const&) = delete;
    ChunkPort& operator=(ChunkPort const&) = delete;

    /// What sources connect to; begins to listen there, if it does not yet. Errc::network if it
    /// cannot.
    [[nodiscard]] virtual Result<std::uint16_t> port() = 0;

    /// From now on the chunks of this transfer, of at most so many bytes, are given to `on_chunk`.
    virtual void add(wire::TransferId const& transfer, std::uint32_t chunk_bytes,
                     OnChunk on_chunk) = 0;
    virtual void remove(wire::TransferId const& transfer) = 0;
};

}  // namespace xfsbus::peer::net
