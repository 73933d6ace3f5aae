#include "bus/connection_watch.hpp"
#include "bus/control_frames.hpp"
#include "bus/knock.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/wire/limits.hpp>

namespace xfsbus::bus {
namespace {

constexpr std::uint64_t server_backlog_bytes_most = 1024 * 1024;

constexpr auto retry_first = std::chrono::milliseconds(100);
/// So long it may take to learn why a connection failed; libzmq knows it already.
constexpr auto knock_most = std::chrono::milliseconds(500);
constexpr auto knock_step = std::chrono::milliseconds(5);

constexpr auto retry_last = std::chrono::milliseconds(2'000);

constexpr int other_events = ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                             ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                             ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

}  // namespace

struct ControlClient::Impl {
    Impl(EventLoop& loop, Security const& security, Handler on)
        : loop_(loop),
          socket_(make_dealer(loop.context())),
          security_(security),
          handler_(std::make_shared<Handler const>(std::move(on))),
          watch_(loop, socket_, control_limits(Connections::Limits{}.most), other_events,
                 ConnectionWatch::Polls::yes,
                 {.on_opened = [this](int) { handshaking_ = true; },
                  .on_closed = [this](std::string const&) { on_lost(); },
                  .on_cut = [this](Connections::Cut const& cut) { on_cut(cut); },
                  .on_event = [this](std::uint16_t event, std::uint32_t) { on_event(event); }}),
          registration_(loop, loop.add(socket_, ZMQ_POLLIN, [this](short events) {
              events& ZMQ_POLLOUT ? flush() : void();
              events& ZMQ_POLLIN ? read() : void();
          })) {}

    ~Impl() {
        for (auto const& timer : {retry_, knock_timer_}) {
            if (timer) {
                loop_.cancel(*timer);
            }
        }
    }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    Status connect(wire::Endpoint const& to, std::string const& from);
    bool send(wire::Frames frames);

  private:
    void read();
    void flush();
    void on_event(std::uint16_t event);
    void on_lost();
    void on_cut(Connections::Cut const& cut);
    void on_refused();
    void ask_why(wire::Time until);
    void tell(Connection state, std::string const& why);
    void retry_soon();

    EventLoop& loop_;
    zmq::socket_t socket_;
    Security security_;
    wire::Endpoint to_;
    std::string from_;
    std::optional<Reactor::TimerId> retry_;
    wire::Duration pause_ = retry_first;
    std::optional<Knock> knock_;
    std::optional<Reactor::TimerId> knock_timer_;
    std::shared_ptr<Handler const> handler_;
    ConnectionWatch watch_;
    EventLoop::Registration registration_;
    Backlog backlog_;
    bool handshaking_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void ControlClient::Impl::read() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the socket, should it destroy it
    std::vector<zmq::message_t> frames;
    for (int i = 0; i < control_burst && !alive.expired(); ++i) {
        auto const bytes = receive(socket_, frames);
        if (!bytes) {
            return watch_.drained();
        }
        watch_.delivered(frames.back(), *bytes);
        auto decoded = decode_frames(frames);
        if (auto* envelope = std::get_if<wire::Envelope>(&decoded)) {
            running->on_message(std::move(*envelope));
        } else if (running->on_garbage) {
            running->on_garbage(std::get<wire::DecodeError>(decoded).reason);
        }
    }
}

// ---- the connection ----

/// libzmq connects again by itself; not where the connection has an address to come from: it would
/// look for that on its own thread, and end the process if there are no descriptors at that moment.
Status ControlClient::Impl::connect(wire::Endpoint const& to, std::string const& from) {
    to_ = to;
    from_ = from;
    if (!from.empty()) {
        socket_.set(zmq::sockopt::reconnect_ivl, -1);
    }
    return connect_socket(socket_, to, security_, from);
}

void ControlClient::Impl::retry_soon() {
    if (from_.empty() || retry_) {
        return;
    }
    retry_ = loop_.at(loop_.now() + pause_, [this] {
        retry_.reset();
        if (!descriptors_left() || !connect_socket(socket_, to_, security_, from_)) {
            retry_soon();
        }
    });
    pause_ = std::min<wire::Duration>(2 * pause_, retry_last);
}

void ControlClient::Impl::on_event(std::uint16_t event) {
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        handshaking_ = false;
        pause_ = retry_first;
        set_lingering(socket_, true);
        tell(Connection::up, {});
    } else if (event == ZMQ_EVENT_CLOSED && !handshaking_) {
        retry_soon();
        on_refused();
    } else {
        on_lost();
    }
}

void ControlClient::Impl::on_lost() {
    retry_soon();
    set_lingering(socket_, false);
    auto const running = handler_;  // must outlive the socket, should it destroy it
    bool const mute = std::exchange(handshaking_, false);
    if (mute && running->on_garbage) {
        running->on_garbage(
            "it closes a new connection at once: it does not speak ZeroMQ, or has no room");
    } else {
        tell(Connection::lost, "it closed the connection");
    }
}

void ControlClient::Impl::on_refused() {
    if (!knock_) {
        knock_.emplace(to_, from_);
        ask_why(loop_.now() + knock_most);
    }
}

void ControlClient::Impl::ask_why(wire::Time until) {
    if (!knock_->over() && loop_.now() < until) {
        knock_timer_ = loop_.at(loop_.now() + knock_step, [this, until] {
            knock_timer_.reset();
            ask_why(until);
        });
        return;
    }
    auto const why = knock_->why();
    knock_.reset();
    tell(Connection::refused, why);
}

/// libzmq will tell that the connection is lost.
void ControlClient::Impl::on_cut(Connections::Cut const& cut) {
    auto const running = handler_;
    if (running->on_garbage) {
        running->on_garbage(Connections::describe(cut.why));
    }
}

void ControlClient::Impl::tell(Connection state, std::string const& why) {
    auto const running = handler_;
    if (running->on_connection) {
        running->on_connection(state, why);
    }
}

// ---- what goes out ----

bool ControlClient::Impl::send(wire::Frames frames) {
    loop_.touch(registration_.token());
    if (backlog_.empty() && send_frames(socket_, frames)) {
        return true;
    }
    if (backlog_.bytes() + wire_bytes(frames) > server_backlog_bytes_most) {
        return false;
    }
    backlog_.add(std::move(frames));
    loop_.set_events(registration_.token(), ZMQ_POLLIN | ZMQ_POLLOUT);
    return true;
}

void ControlClient::Impl::flush() {
    backlog_.flush([this](wire::Frames const& frames) { return send_frames(socket_, frames); });
    if (backlog_.empty()) {
        loop_.set_events(registration_.token(), ZMQ_POLLIN);
    }
}

// ---- ControlClient ----

ControlClient::ControlClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlClient::~ControlClient() = default;

Result<std::unique_ptr<ControlClient>> ControlClient::connect(Reactor& reactor,
                                                              wire::Endpoint const& endpoint,
                                                              Security const& security,
                                                              Handler handler,
                                                              std::string const& from) {
    auto impl = make_part<Impl>(ReactorAccess::loop_of(reactor), security, std::move(handler));
    if (!impl) {
        return impl.error();
    }
    if (auto connected = (*impl)->connect(endpoint, from); !connected) {
        return connected.error();
    }
    return std::unique_ptr<ControlClient>(new ControlClient(std::move(*impl)));
}

bool ControlClient::send(wire::Message const& message, std::uint64_t request) {
    return impl_->send(wire::encode(message, request));
}

}  // namespace xfsbus::bus
