#pragma once

#include "net/chunk_port.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/bus/security.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

namespace xfsbus::peer::net {

/// The socket that chunks come to. One at any free port is opened when it is needed: a peer that
/// fetches nothing has none. Reactor thread.
class ChunkRouter final : public ChunkPort {
  public:
    /// `on_stray`: a chunk came that nobody waits for.
    ChunkRouter(bus::Reactor& reactor, bus::Security const& security,
                std::function<void()> on_stray);

    /// Errc::network if this port cannot be had; 0 is any.
    Status listen(wire::Endpoint const& endpoint, std::size_t connections_most);

    [[nodiscard]] Result<std::uint16_t> port() override;

    void add(wire::TransferId const& transfer, std::uint32_t chunk_bytes,
             OnChunk on_chunk) override;
    void remove(wire::TransferId const& transfer) override;

  private:
    Status open();
    bool on_chunk(wire::ChunkHeader const& header, bus::Payload payload);
    void expect(std::uint32_t chunk_bytes);

    bus::Reactor& reactor_;
    bus::Security security_;
    std::function<void()> on_stray_;
    wire::Endpoint at_;
    std::size_t connections_most_ = 0;
    std::unique_ptr<bus::ChunkReceiver> receiver_;
    std::unordered_map<wire::TransferId, OnChunk> waiting_;
    std::uint32_t expected_bytes_ = wire::limits::chunk_bytes_min;
};

}  // namespace xfsbus::peer::net
