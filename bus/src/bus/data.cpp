#include "bus/connection_watch.hpp"
#include "bus/knock.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"
#include "bus/tcp.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/wire/limits.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace xfsbus::bus {
namespace {

constexpr int chunks_a_turn = 64;

/// libzmq calls this, on a thread of its own choosing, when it is done with the bytes of a chunk.
void release(void*, void* hint) {
    delete static_cast<std::shared_ptr<void const>*>(hint);
}

zmq::message_t to_frame(Payload const& payload) {
    auto hint = std::make_unique<std::shared_ptr<void const>>(payload.owner);
    // libzmq only reads the bytes; its interface is older than const.
    auto* const bytes = const_cast<std::byte*>(payload.bytes.data());
    zmq::message_t frame(bytes, payload.bytes.size(), release, hint.get());
    static_cast<void>(hint.release());
    return frame;
}

/// Beside the chunk itself: header, framing, what was read with it.
constexpr std::uint64_t besides_chunk = 64 * 1024;
/// Of a host's connections that have sent nothing yet that was asked for.
constexpr std::uint64_t unended_chunks_per_host = 3;

Connections::Limits sink_limits(std::size_t connections_most) {
    Connections::Limits limits;
    limits.most = connections_most;
    limits.message_bytes = wire::limits::chunk_bytes_max + besides_chunk;
    // The largest chunk takes so long at some 14 kB/s.
    limits.message_time = std::chrono::minutes(5);
    limits.unended_bytes_per_host = unended_chunks_per_host * limits.message_bytes;
    limits.waiting_bytes = 96 * 1024 * 1024;
    return limits;
}

/// A sink says nothing but the handshake.
Connections::Limits source_limits() {
    Connections::Limits limits;
    limits.message_bytes = 64 * 1024;
    return limits;
}

}  // namespace

// ---- ChunkReceiver ----

struct ChunkReceiver::Impl {
    Impl(EventLoop& loop, OnChunk chunk, OnGarbage garbage, std::size_t connections_most)
        : socket_(make_pull(loop.context())),
          handler_(std::make_shared<Handler const>(Handler{std::move(chunk), std::move(garbage)})),
          watch_(loop, socket_, sink_limits(connections_most), 0, ConnectionWatch::Polls::yes, {}),
          registration_(loop, loop.add(socket_, ZMQ_POLLIN, [this](short) { read(); })) {}

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void read();

    struct Handler {
        OnChunk on_chunk;
        OnGarbage on_garbage;
    };

    zmq::socket_t socket_;
    std::shared_ptr<Handler const> handler_;
    ConnectionWatch watch_;
    EventLoop::Registration registration_;
    wire::Endpoint endpoint_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void ChunkReceiver::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const handler = handler_;  // must outlive the socket, should it destroy it
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < chunks_a_turn && !alive.expired(); ++i) {
        auto const taken = receive(socket_, frames);
        if (!taken) {
            return watch_.drained();
        }
        watch_.delivered(frames.back(), *taken);
        auto const header =
            frames.size() == 2 ? wire::decode_chunk_header(as_text(frames[0])) : std::nullopt;
        if (!header) {
            handler->on_garbage();
            continue;
        }
        auto owner = std::make_shared<zmq::message_t>(std::move(frames[1]));
        std::span const bytes(static_cast<std::byte const*>(owner->data()), owner->size());
        bool const asked_for = handler->on_chunk(*header, Payload{bytes, std::move(owner)});
        if (asked_for && !alive.expired()) {
            watch_.trust(frames[0]);
        }
    }
}

ChunkReceiver::ChunkReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChunkReceiver::~ChunkReceiver() = default;

Result<std::unique_ptr<ChunkReceiver>> ChunkReceiver::bind(Reactor& reactor,
                                                           wire::Endpoint const& at,
                                                           Security const& security,
                                                           OnChunk on_chunk, OnGarbage on_garbage,
                                                           std::size_t connections_most) {
    auto impl = make_part<Impl>(ReactorAccess::loop_of(reactor), std::move(on_chunk),
                                std::move(on_garbage), connections_most);
    if (!impl) {
        return impl.error();
    }
    auto bound = bind_socket((*impl)->socket_, at, security);
    if (!bound) {
        return bound.error();
    }
    (*impl)->endpoint_ = *bound;
    return std::unique_ptr<ChunkReceiver>(new ChunkReceiver(std::move(*impl)));
}

wire::Endpoint const& ChunkReceiver::endpoint() const {
    return impl_->endpoint_;
}

void ChunkReceiver::expect(std::uint32_t chunk_bytes) {
    auto const most = chunk_bytes == 0 ? wire::limits::chunk_bytes_max : chunk_bytes;
    auto const bytes = most + besides_chunk;
    impl_->watch_.expect(bytes, unended_chunks_per_host * bytes);
}

// ---- ChunkSender ----

struct ChunkSender::Impl {
    Impl(EventLoop& loop, std::function<void()> writable)
        : loop_(loop),
          socket_(make_push(loop.context())),
          watch_(loop, socket_, source_limits(), 0, ConnectionWatch::Polls::no,
                 {.on_opened = bound_unsent}),
          // The loop keeps what it calls until it returns: it may destroy this socket.
          registration_(loop, loop.add(socket_, ZMQ_POLLOUT,
                                       [this, on_writable = std::move(writable)](short) {
                                           loop_.set_events(registration_.token(), 0);
                                           on_writable();
                                       })) {}

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    EventLoop& loop_;
    zmq::socket_t socket_;
    ConnectionWatch watch_;
    EventLoop::Registration registration_;
    wire::Endpoint sink_;
    std::optional<Knock> knock_;
    wire::Time asked_{};  ///< for new connections
};

ChunkSender::ChunkSender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChunkSender::~ChunkSender() = default;

Result<std::unique_ptr<ChunkSender>> ChunkSender::connect(Reactor& reactor,
                                                          wire::Endpoint const& sink,
                                                          Security const& security,
                                                          std::function<void()> on_writable) {
    auto impl = make_part<Impl>(ReactorAccess::loop_of(reactor), std::move(on_writable));
    if (!impl) {
        return impl.error();
    }
    (*impl)->sink_ = sink;
    if (auto connected = connect_socket((*impl)->socket_, sink, security); !connected) {
        return connected.error();
    }
    return std::unique_ptr<ChunkSender>(new ChunkSender(std::move(*impl)));
}

std::string ChunkSender::trouble() {
    if (!impl_->knock_) {
        impl_->knock_.emplace(impl_->sink_);
    }
    return impl_->knock_->why();
}

bool ChunkSender::send(wire::ChunkHeader const& header, Payload const& payload) {
    auto const bytes = wire::encode_chunk_header(header);
    zmq::message_t first(bytes.data(), bytes.size());
    auto second = to_frame(payload);
    // A new connection is to be tuned before anything is sent over it. Asking costs calls of the
    // system, so it is done once a turn, not for each of many small chunks.
    if (auto const now = impl_->loop_.now(); std::exchange(impl_->asked_, now) != now) {
        impl_->watch_.read_events();
    }
    if (!send_frame(impl_->socket_, first, More::yes)) {
        impl_->loop_.set_events(impl_->registration_.token(), ZMQ_POLLOUT);
        return false;
    }
    send_frame(impl_->socket_, second, More::no);
    return true;
}

// ---- BufferPool ----

struct BufferPool::Shelf {
    explicit Shelf(std::size_t most) : most_bytes(most) {}

    std::mutex mutex;
    std::size_t const most_bytes;
    std::size_t bytes = 0;                                             // guarded by mutex
    std::multimap<std::size_t, std::unique_ptr<std::byte[]>> buffers;  // by capacity; by mutex

    std::pair<std::size_t, std::unique_ptr<std::byte[]>> take(std::size_t size) {
        std::lock_guard const lock(mutex);
        auto const found = buffers.lower_bound(size);
        // A much larger buffer is left to those who need it.
        if (found == buffers.end() || found->first > size * 2) {
            return {size, nullptr};
        }
        auto node = buffers.extract(found);
        bytes -= node.key();
        return {node.key(), std::move(node.mapped())};
    }

    void give_back(std::size_t capacity, std::unique_ptr<std::byte[]> buffer) {
        std::lock_guard const lock(mutex);
        if (bytes + capacity <= most_bytes) {
            bytes += capacity;
            buffers.emplace(capacity, std::move(buffer));
        }
    }
};

BufferPool::BufferPool(std::size_t most_kept_bytes)
    : shelf_(std::make_shared<Shelf>(most_kept_bytes)) {}

BufferPool::~BufferPool() = default;

BufferPool::Buffer BufferPool::take(std::size_t size) {
    auto [capacity, memory] = shelf_->take(size);
    if (!memory) {
        memory.reset(new std::byte[capacity]);  // not zeroed: it is about to be overwritten
    }
    std::byte* const bytes = memory.release();
    std::shared_ptr<void> owner(bytes, [shelf = shelf_, capacity = capacity](void* buffer) {
        shelf->give_back(capacity, std::unique_ptr<std::byte[]>(static_cast<std::byte*>(buffer)));
    });
    return {{bytes, size}, std::move(owner)};
}

}  // namespace xfsbus::bus
