#include "bus/monitor.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/control.hpp>

#include <cerrno>

namespace xfsbus::bus {
namespace {

// The most messages taken from one socket in one turn, so that a flood on one does not keep the
// others waiting.
constexpr int burst = 256;

constexpr int watched_events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

zmq::message_t to_frame(std::string const& text) {
    return {text.data(), text.size()};
}

/// The address of the other end of the connection that a frame came over; empty if unknown.
std::string host_of(zmq::message_t& frame) {
    try {
        return frame.gets("Peer-Address");
    } catch (zmq::error_t const&) {
        return {};
    }
}

}  // namespace

// ---- ControlServer ----

struct ControlServer::Impl {
    Impl(Reactor::Impl& loop, Handler on)
        : loop_(loop),
          socket_(make_router(loop.context())),
          handler_(std::make_shared<Handler const>(std::move(on))) {}

    ~Impl() { loop_.remove(token_); }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void start() {
        token_ = loop_.add(socket_, ZMQ_POLLIN, [this](short) { read(); });
    }

    Sent send(Route const& route, wire::Message const& message, std::uint64_t request);

    Reactor::Impl& loop_;
    zmq::socket_t socket_;
    std::shared_ptr<Handler const> handler_;
    Reactor::Impl::Token token_{};
    wire::Endpoint endpoint_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  private:
    void read();
    void handle(std::vector<zmq::message_t>& frames);
};

void ControlServer::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the socket, should it destroy it
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < burst && !alive.expired() && receive(socket_, frames); ++i) {
        handle(frames);
    }
}

void ControlServer::Impl::handle(std::vector<zmq::message_t>& frames) {
    if (frames.empty()) {
        return;  // more frames than any message has; nobody to answer
    }
    Route const route{frames[0].to_string()};
    bool const shaped = frames.size() == 3;
    auto decoded = shaped ? wire::decode(as_text(frames[1]), as_text(frames[2]))
                          : wire::DecodeError{wire::ErrorCode::bad_message,
                                              "a message has two frames, header and body", 0};
    auto const host = host_of(frames.back());
    if (auto* envelope = std::get_if<wire::Envelope>(&decoded)) {
        handler_->on_message(route, host, std::move(*envelope));
        return;
    }
    auto const& error = std::get<wire::DecodeError>(decoded);
    send(route, wire::Failure{error.code, error.reason, 0}, error.request);
    if (handler_->on_garbage) {
        handler_->on_garbage(route, host, error);
    }
}

ControlServer::Sent ControlServer::Impl::send(Route const& route, wire::Message const& message,
                                              std::uint64_t request) {
    auto const frames = wire::encode(message, request);
    auto id = to_frame(route.id);
    auto header = to_frame(frames.header);
    auto body = to_frame(frames.body);
    loop_.touch(token_);
    try {
        if (!send_frame(socket_, id, More::yes)) {
            return Sent::full;
        }
        send_frame(socket_, header, More::yes);
        send_frame(socket_, body, More::no);
        return Sent::yes;
    } catch (zmq::error_t const& error) {
        if (error.num() == EHOSTUNREACH) {
            return Sent::gone;
        }
        throw;
    }
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::bind(Reactor& reactor,
                                                           wire::Endpoint const& endpoint,
                                                           Handler handler) {
    auto impl = std::make_unique<Impl>(reactor.impl(), std::move(handler));
    auto bound = bind_socket(impl->socket_, endpoint);
    impl->start();
    if (!bound) {
        return bound.error();
    }
    impl->endpoint_ = *bound;
    return std::make_unique<ControlServer>(std::move(impl));
}

wire::Endpoint const& ControlServer::endpoint() const {
    return impl_->endpoint_;
}

ControlServer::Sent ControlServer::send(Route const& route, wire::Message const& message,
                                        std::uint64_t request) {
    return impl_->send(route, message, request);
}

// ---- ControlClient ----

struct ControlClient::Impl {
    Impl(Reactor::Impl& loop, Handler on);
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    bool send(wire::Message const& message, std::uint64_t request);

    Reactor::Impl& loop_;
    zmq::socket_t socket_;
    Monitor monitor_;
    std::shared_ptr<Handler const> handler_;
    Reactor::Impl::Token token_{};
    Reactor::Impl::Token monitor_token_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  private:
    void read();
    void read_events();
    void handle_event(std::uint16_t event);
    void tell_connected(bool connected);

    bool handshaking_ = false;
};

ControlClient::Impl::Impl(Reactor::Impl& loop, Handler on)
    : loop_(loop),
      socket_(make_dealer(loop.context())),
      monitor_(loop.context(), socket_, watched_events),
      handler_(std::make_shared<Handler const>(std::move(on))) {
    token_ = loop_.add(socket_, ZMQ_POLLIN, [this](short) { read(); });
    monitor_token_ = loop_.add(monitor_.socket(), ZMQ_POLLIN, [this](short) { read_events(); });
}

ControlClient::Impl::~Impl() {
    loop_.remove(token_);
    loop_.remove(monitor_token_);
}

void ControlClient::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the socket, should it destroy it
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < burst && !alive.expired() && receive(socket_, frames); ++i) {
        auto decoded = frames.size() == 2
                           ? wire::decode(as_text(frames[0]), as_text(frames[1]))
                           : wire::DecodeError{wire::ErrorCode::bad_message,
                                               "a message has two frames, header and body", 0};
        if (auto* envelope = std::get_if<wire::Envelope>(&decoded)) {
            handler_->on_message(std::move(*envelope));
        } else if (handler_->on_garbage) {
            handler_->on_garbage(std::get<wire::DecodeError>(decoded).reason);
        }
    }
}

void ControlClient::Impl::read_events() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the socket, should it destroy it
    for (int i = 0; i < burst && !alive.expired(); ++i) {
        auto const event = monitor_.next();
        if (!event) {
            return;
        }
        handle_event(event->what);
    }
}

void ControlClient::Impl::handle_event(std::uint16_t event) {
    switch (event) {
        case ZMQ_EVENT_CONNECTED:
            handshaking_ = true;
            break;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            handshaking_ = false;
            tell_connected(true);
            break;
        default: {
            bool const mute = std::exchange(handshaking_, false);
            if (mute && handler_->on_garbage) {
                handler_->on_garbage("it accepts connections but does not speak ZeroMQ");
                return;
            }
            tell_connected(false);
        }
    }
}

void ControlClient::Impl::tell_connected(bool connected) {
    if (handler_->on_connected) {
        handler_->on_connected(connected);
    }
}

bool ControlClient::Impl::send(wire::Message const& message, std::uint64_t request) {
    auto const frames = wire::encode(message, request);
    auto header = to_frame(frames.header);
    auto body = to_frame(frames.body);
    loop_.touch(token_);
    if (!send_frame(socket_, header, More::yes)) {
        return false;
    }
    send_frame(socket_, body, More::no);
    return true;
}

ControlClient::ControlClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlClient::~ControlClient() = default;

Result<std::unique_ptr<ControlClient>> ControlClient::connect(Reactor& reactor,
                                                              wire::Endpoint const& endpoint,
                                                              Handler handler) {
    auto impl = std::make_unique<Impl>(reactor.impl(), std::move(handler));
    if (auto connected = connect_socket(impl->socket_, endpoint); !connected) {
        return connected.error();
    }
    return std::make_unique<ControlClient>(std::move(impl));
}

bool ControlClient::send(wire::Message const& message, std::uint64_t request) {
    return impl_->send(message, request);
}

}  // namespace xfsbus::bus
