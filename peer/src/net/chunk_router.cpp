#include "net/chunk_router.hpp"

#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::peer::net {

ChunkRouter::ChunkRouter(bus::Reactor& reactor, bus::Security const& security,
                         std::function<void()> on_stray)
    : reactor_(reactor), security_(security), on_stray_(std::move(on_stray)) {}

Status ChunkRouter::listen(wire::Endpoint const& endpoint, std::size_t connections_most) {
    at_ = endpoint;
    connections_most_ = connections_most;
    return endpoint.port == 0 ? done() : open();
}

Result<std::uint16_t> ChunkRouter::port() {
    if (auto const opened = receiver_ ? done() : open(); !opened) {
        return opened.error();
    }
    return receiver_->endpoint().port;
}

Status ChunkRouter::open() {
    auto receiver = bus::ChunkReceiver::bind(
        reactor_, at_, security_,
        [this](auto const& header, bus::Payload payload) {
            return on_chunk(header, std::move(payload));
        },
        on_stray_, connections_most_);
    if (!receiver) {
        return receiver.error();
    }
    receiver_ = std::move(*receiver);
    receiver_->expect(expected_bytes_);
    return done();
}

void ChunkRouter::add(wire::TransferId const& transfer, std::uint32_t chunk_bytes,
                      OnChunk on_chunk) {
    waiting_.insert_or_assign(transfer, std::move(on_chunk));
    expect(chunk_bytes);
}

void ChunkRouter::remove(wire::TransferId const& transfer) {
    waiting_.erase(transfer);
    expect(0);
}

/// Nobody may send more in one piece than a chunk that some file waits for.
void ChunkRouter::expect(std::uint32_t chunk_bytes) {
    auto const before = expected_bytes_;
    auto const most = waiting_.empty() ? 0 : std::max(before, chunk_bytes);
    expected_bytes_ = std::max<std::uint32_t>(most, wire::limits::chunk_bytes_min);
    if (receiver_ && expected_bytes_ != before) {
        receiver_->expect(expected_bytes_);
    }
}

bool ChunkRouter::on_chunk(wire::ChunkHeader const& header, bus::Payload payload) {
    auto const found = waiting_.find(header.transfer);
    if (found == waiting_.end()) {
        on_stray_();
        return false;
    }
    auto const on_chunk = found->second;  // what it does may remove it
    return on_chunk(header, std::move(payload));
}

}  // namespace xfsbus::peer::net
