#include "bus/monitor.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/wire/limits.hpp>

#include <map>
#include <mutex>
#include <vector>

namespace xfsbus::bus {
namespace {

constexpr int burst = 64;

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

}  // namespace

// ---- ChunkSink ----

struct ChunkSink::Impl {
    Impl(Reactor::Impl& loop, OnChunk chunk, OnGarbage garbage)
        : loop_(loop),
          socket_(make_pull(loop.context())),
          handler_(std::make_shared<Handler const>(Handler{std::move(chunk), std::move(garbage)})) {
        token_ = loop_.add(socket_, ZMQ_POLLIN, [this](short) { read(); });
    }

    ~Impl() { loop_.remove(token_); }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void read();

    struct Handler {
        OnChunk on_chunk;
        OnGarbage on_garbage;
    };

    Reactor::Impl& loop_;
    zmq::socket_t socket_;
    std::shared_ptr<Handler const> handler_;
    Reactor::Impl::Token token_{};
    wire::Endpoint endpoint_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void ChunkSink::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const handler = handler_;  // must outlive the socket, should it destroy it
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < burst && !alive.expired() && receive(socket_, frames); ++i) {
        auto const header =
            frames.size() == 2 ? wire::decode_chunk_header(as_text(frames[0])) : std::nullopt;
        if (!header) {
            handler->on_garbage();
            continue;
        }
        auto owner = std::make_shared<zmq::message_t>(std::move(frames[1]));
        std::span const bytes(static_cast<std::byte const*>(owner->data()), owner->size());
        handler->on_chunk(*header, Payload{bytes, std::move(owner)});
    }
}

ChunkSink::ChunkSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChunkSink::~ChunkSink() = default;

Result<std::unique_ptr<ChunkSink>> ChunkSink::bind(Reactor& reactor, std::string const& host,
                                                   OnChunk on_chunk, OnGarbage on_garbage) {
    auto impl = std::make_unique<Impl>(reactor.impl(), std::move(on_chunk), std::move(on_garbage));
    auto bound = bind_socket(impl->socket_, {host, 0});
    if (!bound) {
        return bound.error();
    }
    impl->endpoint_ = *bound;
    return std::make_unique<ChunkSink>(std::move(impl));
}

wire::Endpoint const& ChunkSink::endpoint() const {
    return impl_->endpoint_;
}

// ---- ChunkSource ----

struct ChunkSource::Impl {
    Impl(Reactor::Impl& loop, std::function<void()> writable)
        : loop_(loop),
          socket_(make_push(loop.context())),
          monitor_(loop.context(), socket_, ZMQ_EVENT_CONNECTED) {
        // The loop keeps what it calls until it returns: it may destroy this socket.
        token_ = loop_.add(socket_, 0, [this, on_writable = std::move(writable)](short) {
            loop_.set_events(token_, 0);
            on_writable();
        });
    }

    ~Impl() { loop_.remove(token_); }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void tune_new_connections();

    Reactor::Impl& loop_;
    zmq::socket_t socket_;
    Monitor monitor_;
    Reactor::Impl::Token token_{};
};

/// To be called before a chunk is sent, and not by the loop: polling the monitors as well would
/// make each turn twice as long where there are many sinks. What piles up meanwhile is an event for
/// each new connection, and of those there are at most ten a second.
void ChunkSource::Impl::tune_new_connections() {
    while (auto const event = monitor_.next()) {
        bound_unsent(static_cast<int>(event->value));
    }
}

ChunkSource::ChunkSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChunkSource::~ChunkSource() = default;

Result<std::unique_ptr<ChunkSource>> ChunkSource::connect(Reactor& reactor,
                                                          wire::Endpoint const& sink,
                                                          std::function<void()> on_writable) {
    auto impl = std::make_unique<Impl>(reactor.impl(), std::move(on_writable));
    if (auto connected = connect_socket(impl->socket_, sink); !connected) {
        return connected.error();
    }
    return std::make_unique<ChunkSource>(std::move(impl));
}

bool ChunkSource::send(wire::ChunkHeader const& header, Payload const& payload) {
    auto const bytes = wire::encode_chunk_header(header);
    zmq::message_t first(bytes.data(), bytes.size());
    auto second = to_frame(payload);
    impl_->tune_new_connections();
    if (!send_frame(impl_->socket_, first, More::yes)) {
        impl_->loop_.set_events(impl_->token_, ZMQ_POLLOUT);
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
