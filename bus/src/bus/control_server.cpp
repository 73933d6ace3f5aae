#include "bus/connection_watch.hpp"
#include "bus/control_frames.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace xfsbus::bus {
namespace {

/// Kept for a connection whose queue is full; who does not read even so much is cut.
constexpr std::uint64_t client_backlog_bytes_most = 512 * 1024;
constexpr auto retry_every = std::chrono::milliseconds(10);
/// What is held back while messages are read: so much, and no more.
constexpr std::size_t held_messages_most = 64;
constexpr std::uint64_t held_bytes_most = 32 * 1024;
/// Of what may happen a thousand times a second, one is told of.
constexpr auto told_every = std::chrono::seconds(10);

/// The address of the other end of the connection that a frame came over; empty if unknown.
std::string peer_address(zmq::message_t& frame) {
    try {
        return frame.gets("Peer-Address");
    } catch (zmq::error_t const&) {
        return {};
    }
}

/// `frames`: as a ROUTER gives them, the route first.
wire::Sender sender_of(std::vector<zmq::message_t>& frames) {
    return {frames.front().to_string(), peer_address(frames.back())};
}

/// A question whose answer may be large.
bool asks_for_much(std::span<zmq::message_t const> frames) {
    return says<wire::Find>(frames) || says<wire::ListPeers>(frames) ||
           says<wire::Subscribe>(frames) || says<wire::GetManifests>(frames);
}

}  // namespace

struct ControlServer::Impl {
    Impl(EventLoop& loop, Handler on, std::size_t connections_most)
        : loop_(loop),
          socket_(make_router(loop.context())),
          handler_(std::make_shared<Handler const>(std::move(on))),
          watch_(loop, socket_, control_limits(connections_most), ZMQ_EVENT_ACCEPT_FAILED,
                 ConnectionWatch::Polls::yes,
                 {.on_closed = [this](wire::Route const& route) { on_closed(route); },
                  .on_cut = [this](Connections::Cut const& cut) { on_cut(cut); },
                  .on_event = [this](std::uint16_t, std::uint32_t error) { on_refused(error); }}),
          registration_(loop, loop.add(socket_, ZMQ_POLLIN, [this](short) { read(); })) {}

    ~Impl() {
        if (retry_) {
            loop_.cancel(*retry_);
        }
    }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    Sent send(wire::Route const& route, wire::Frames frames);

    [[nodiscard]] bool tells_end(wire::Route const& route) const { return watch_.knows(route); }

    EventLoop& loop_;
    zmq::socket_t socket_;
    wire::Endpoint endpoint_;

  private:
    /// An answer that goes out with others.
    struct Held {
        wire::Route route;
        wire::Frames frames;
    };

    void read();
    void read_burst(std::weak_ptr<bool> const& alive);
    void handle(std::vector<zmq::message_t>& frames, std::uint64_t bytes);
    void hold(wire::Route const& route, wire::Frames frames);
    void release_held();
    Sent send_in_order(wire::Route const& route, wire::Frames frames);
    std::optional<Sent> send_now(wire::Route const& route, wire::Frames const& frames);
    void retry_soon();
    void retry();
    void on_closed(wire::Route const& route);
    void on_cut(Connections::Cut const& cut);
    void on_refused(std::uint32_t error);
    void tell(std::string const& what);

    std::shared_ptr<Handler const> handler_;
    ConnectionWatch watch_;
    EventLoop::Registration registration_;
    bool reading_ = false;  ///< a burst of messages
    std::vector<Held> held_;
    std::uint64_t held_bytes_ = 0;
    std::unordered_map<wire::Route, Backlog> backlogs_;
    std::optional<Reactor::TimerId> retry_;
    std::optional<wire::Time> told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// ---- what comes in ----

void ControlServer::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the socket, should it destroy it
    // What has ended before these messages came is known before they are answered.
    watch_.read_events();
    if (alive.expired()) {
        return;
    }
    reading_ = true;
    read_burst(alive);
    if (!alive.expired()) {
        reading_ = false;
        release_held();
    }
}

void ControlServer::Impl::read_burst(std::weak_ptr<bool> const& alive) {
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < control_burst; ++i) {
        auto const bytes = receive(socket_, frames);
        if (!bytes) {
            return watch_.drained();
        }
        handle(frames, *bytes);
        if (alive.expired()) {
            return;
        }
    }
}

void ControlServer::Impl::handle(std::vector<zmq::message_t>& frames, std::uint64_t bytes) {
    auto const sender = sender_of(frames);
    std::weak_ptr<bool> const alive = alive_;
    watch_.delivered(sender.route, frames.back(), bytes - wire_bytes(sender.route.size()));
    if (alive.expired()) {
        return;
    }
    auto const message = std::span(std::as_const(frames)).subspan(1);
    if (asks_for_much(message) && watch_.crowded(sender.route)) {
        // Its body is not read: that may cost a thousand times as much as to say no.
        send(sender.route,
             wire::encode(wire::Failure{wire::ErrorCode::busy,
                                        "first read what you were answered before", 0},
                          wire::request_of(as_text(message.front()))));
        return;
    }
    auto decoded = decode_frames(message);
    if (auto const* error = std::get_if<wire::DecodeError>(&decoded)) {
        // No answer is given to a Failure, or two that answer each other's would never stop.
        if (!says<wire::Failure>(message)) {
            send(sender.route,
                 wire::encode(wire::Failure{error->code, error->reason, 0}, error->request));
        }
        if (handler_->on_garbage) {
            handler_->on_garbage(sender, *error);
        }
        return;
    }
    handler_->on_message(sender, std::move(std::get<wire::Envelope>(decoded)));
}

// ---- what goes out ----

/// While messages are read, what they are answered is held back, and goes out together: libzmq's
/// thread is woken for all of it at once, and writes a connection's answers by one call. That
/// nobody is there any more the watch tells, of each connection that it knows.
ControlServer::Sent ControlServer::Impl::send(wire::Route const& route, wire::Frames frames) {
    if (!reading_ || !watch_.knows(route)) {
        return send_in_order(route, std::move(frames));
    }
    hold(route, std::move(frames));
    return Sent::yes;
}

void ControlServer::Impl::hold(wire::Route const& route, wire::Frames frames) {
    held_bytes_ += wire_bytes(frames);
    held_.push_back({route, std::move(frames)});
    if (held_.size() >= held_messages_most || held_bytes_ >= held_bytes_most) {
        release_held();
    }
}

/// Those of a connection one after the other, so that they can be written together.
void ControlServer::Impl::release_held() {
    std::weak_ptr<bool> const alive = alive_;
    auto held = std::exchange(held_, {});
    held_bytes_ = 0;
    std::ranges::stable_sort(held, {}, &Held::route);
    for (auto& [route, frames] : held) {
        send_in_order(route, std::move(frames));
        if (alive.expired()) {
            return;
        }
    }
}

/// What a connection is sent arrives, in its order, or the connection ends: nobody has to wonder
/// which of the messages was lost.
ControlServer::Sent ControlServer::Impl::send_in_order(wire::Route const& route,
                                                       wire::Frames frames) {
    auto const found = backlogs_.find(route);
    if (found == backlogs_.end()) {
        if (auto const sent = send_now(route, frames)) {
            return *sent;
        }
    }
    auto& backlog = backlogs_[route];
    backlog.add(std::move(frames));
    if (backlog.bytes() > client_backlog_bytes_most) {
        backlogs_.erase(route);
        watch_.give_up(route, Connections::Why::not_reading);
        return Sent::gone;
    }
    retry_soon();
    return Sent::yes;
}

/// nullopt: its queue is full.
std::optional<ControlServer::Sent> ControlServer::Impl::send_now(wire::Route const& route,
                                                                 wire::Frames const& frames) {
    auto id = to_frame(route);
    loop_.touch(registration_.token());
    try {
        if (!send_frame(socket_, id, More::yes)) {
            return std::nullopt;
        }
        send_frames(socket_, frames);
    } catch (zmq::error_t const&) {
        return Sent::gone;  // EHOSTUNREACH; whatever else it is, nothing can be sent there
    }
    watch_.sent(route, wire_bytes(frames));
    return Sent::yes;
}

/// A ROUTER does not tell when there is room again for one connection.
void ControlServer::Impl::retry_soon() {
    if (!retry_) {
        retry_ = loop_.at(loop_.now() + retry_every, [this] {
            retry_.reset();
            retry();
        });
    }
}

void ControlServer::Impl::retry() {
    for (auto& [route, backlog] : backlogs_) {
        backlog.flush([this, &route = route](wire::Frames const& frames) {
            return send_now(route, frames).has_value();
        });
    }
    std::erase_if(backlogs_, [](auto const& entry) { return entry.second.empty(); });
    if (!backlogs_.empty()) {
        retry_soon();
    }
}

// ---- connections ----

void ControlServer::Impl::on_closed(wire::Route const& route) {
    backlogs_.erase(route);
    auto const running = handler_;
    if (!route.empty() && running->on_closed) {
        running->on_closed(route);
    }
}

void ControlServer::Impl::on_cut(Connections::Cut const& cut) {
    tell("the connection from " + wire::escape(cut.host) +
         " was closed: " + Connections::describe(cut.why));
}

void ControlServer::Impl::on_refused(std::uint32_t error) {
    tell("a connection cannot be accepted: " +
         std::generic_category().message(static_cast<int>(error)) +
         " (see `ulimit -n` for the limit of descriptors)");
}

void ControlServer::Impl::tell(std::string const& what) {
    if (handler_->on_trouble && (!told_ || loop_.now() - *told_ >= told_every)) {
        told_ = loop_.now();
        handler_->on_trouble(what);
    }
}

// ---- ControlServer ----

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::bind(Reactor& reactor,
                                                           wire::Endpoint const& endpoint,
                                                           Security const& security,
                                                           Handler handler,
                                                           std::size_t connections_most) {
    auto impl =
        make_part<Impl>(ReactorAccess::loop_of(reactor), std::move(handler), connections_most);
    if (!impl) {
        return impl.error();
    }
    auto& made = **impl;
    auto bound = bind_socket(made.socket_, endpoint, security);
    if (!bound) {
        return bound.error();
    }
    made.endpoint_ = *bound;
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(*impl)));
}

wire::Endpoint const& ControlServer::endpoint() const {
    return impl_->endpoint_;
}

bool ControlServer::tells_end(wire::Route const& route) const {
    return impl_->tells_end(route);
}

ControlServer::Sent ControlServer::send(wire::Route const& route, wire::Message const& message,
                                        std::uint64_t request) {
    return impl_->send(route, wire::encode(message, request));
}

}  // namespace xfsbus::bus
