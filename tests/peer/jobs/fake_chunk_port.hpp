#pragma once

#include "net/chunk_port.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace xfsbus::peer::jobs::test {

/// Hands chunks to whoever waits for them.
class FakeChunkPort final : public net::ChunkPort {
  public:
    [[nodiscard]] Result<std::uint16_t> port() override { return std::uint16_t{9}; }

    void add(wire::TransferId const& transfer, std::uint32_t /*chunk_bytes*/,
             OnChunk on_chunk) override {
        waiting_.insert_or_assign(transfer, std::move(on_chunk));
    }

    void remove(wire::TransferId const& transfer) override { waiting_.erase(transfer); }

    /// Transfers whose chunks somebody waits for.
    [[nodiscard]] std::size_t open() const { return waiting_.size(); }

    void deliver(wire::ChunkHeader const& header, std::string bytes) {
        auto const found = waiting_.find(header.transfer);
        if (found == waiting_.end()) {
            return;
        }
        auto const on_chunk = found->second;
        auto const owner = std::make_shared<std::string const>(std::move(bytes));
        on_chunk(header, {std::as_bytes(std::span(*owner)), owner});
    }

  private:
    std::map<wire::TransferId, OnChunk> waiting_;
};

}  // namespace xfsbus::peer::jobs::test
