#pragma once

#include <xfsbus/bus/data.hpp>
#include <xfsbus/bus/security.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

namespace xfsbus::peer::net {

/// The port that chunks come to, and who waits for which. Reactor thread.
class ChunkRouter {
  public:
    /// Returns whether it was asked for.
    using OnChunk = std::function<bool(wire::ChunkHeader const&, bus::Payload)>;

    /// `on_stray`: a chunk came that nobody waits for.
    ChunkRouter(bus::Reactor& reactor, bus::Security const& security,
                std::function<void()> on_stray);

    Status listen(wire::Endpoint const& endpoint, std::size_t connections_most);

    [[nodiscard]] wire::Endpoint const& endpoint() const { return receiver_->endpoint(); }

    /// From now on the chunks of this transfer, of at most so many bytes, are given to `on_chunk`.
    void add(wire::TransferId const& transfer, std::uint32_t chunk_bytes, OnChunk on_chunk);
    void remove(wire::TransferId const& transfer);

  private:
    bool on_chunk(wire::ChunkHeader const& header, bus::Payload payload);
    void expect(std::uint32_t chunk_bytes);

    bus::Reactor& reactor_;
    bus::Security security_;
    std::function<void()> on_stray_;
    std::unique_ptr<bus::ChunkReceiver> receiver_;
    std::unordered_map<wire::TransferId, OnChunk> waiting_;
    std::uint32_t expected_bytes_ = 0;
};

}  // namespace xfsbus::peer::net
