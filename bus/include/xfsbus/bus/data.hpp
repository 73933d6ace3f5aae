#pragma once

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/bus/security.hpp>
#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

/// The chunk pipeline: a sink binds a PULL, each source connects a PUSH to it. A chunk is two
/// frames, a header and the raw bytes. PUSH is a pipe, not a queue that can be trusted: what was
/// lost is asked for again by the sink. All methods and callbacks: reactor thread.
namespace xfsbus::bus {

/// The bytes of a chunk. Read-only once it is on its way; the memory lives as long as any copy.
struct Payload {
    std::span<std::byte const> bytes;
    std::shared_ptr<void const> owner;
};

class ChunkReceiver {
  public:
    /// Returns whether the chunk was asked for.
    using OnChunk = std::function<bool(wire::ChunkHeader const&, Payload)>;
    /// Something that is no chunk came in; it was dropped.
    using OnGarbage = std::function<void()>;

    /// Binds; port 0 takes a free one. Takes some `connections_most` connections at once.
    static Result<std::unique_ptr<ChunkReceiver>> bind(Reactor& reactor, wire::Endpoint const& at,
                                                       Security const& security, OnChunk on_chunk,
                                                       OnGarbage on_garbage,
                                                       std::size_t connections_most = 1024);
    ~ChunkReceiver();

    [[nodiscard]] wire::Endpoint const& endpoint() const;

    /// No chunk is larger: a connection that sends more as one is cut. At first, and with 0, that
    /// is the largest chunk that there can be.
    void expect(std::uint32_t chunk_bytes);

  private:
    struct Impl;
    explicit ChunkReceiver(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

class ChunkSender {
  public:
    /// Connects to a sink. `on_writable` is called when it is there, and when send() said false and
    /// may now say true.
    static Result<std::unique_ptr<ChunkSender>> connect(Reactor& reactor,
                                                        wire::Endpoint const& sink,
                                                        Security const& security,
                                                        std::function<void()> on_writable);
    ~ChunkSender();

    /// Why there is no connection, in words, as far as it can be told now; the first call begins to
    /// find out.
    std::string trouble();

    /// Hands the chunk to the pipe. False: the pipe is full or not connected; nothing was taken.
    bool send(wire::ChunkHeader const& header, Payload const& payload);

  private:
    struct Impl;
    explicit ChunkSender(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

/// Recycles the memory of chunks: a fresh megabyte from the system costs more than the copy into
/// it. Thread-safe; buffers may outlive the pool.
class BufferPool {
  public:
    explicit BufferPool(std::size_t most_kept_bytes);
    ~BufferPool();

    struct Buffer {
        std::span<std::byte> bytes;
        std::shared_ptr<void> owner;
    };

    Buffer take(std::size_t size);

  private:
    struct Shelf;
    std::shared_ptr<Shelf> shelf_;
};

}  // namespace xfsbus::bus
