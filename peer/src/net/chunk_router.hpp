#pragma once

#include "net/chunk_port.hpp"

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

/// The socket that chunks come to. Reactor thread.
class ChunkRouter final : public ChunkPort {
  public:
    /// `on_stray`: a chunk came that nobody waits for.
    ChunkRouter(bus::Reactor& reactor, bus::Security const& security,
                std::function<void()> on_stray);

    Status listen(wire::Endpoint const& endpoint, std::size_t connections_most);

    [[nodiscard]] wire::Endpoint const& endpoint() const { return receiver_->endpoint(); }

    [[nodiscard]] std::uint16_t port() const override { return endpoint().port; }

    void add(wire::TransferId const& transfer, std::uint32_t chunk_bytes,
             OnChunk on_chunk) override;
    void remove(wire::TransferId const& transfer) override;

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
