#include "bus/connection_watch.hpp"

#include "bus/tcp.hpp"

#include <xfsbus/bus/control.hpp>

namespace xfsbus::bus {
namespace {

constexpr int always = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED;
constexpr int events_a_turn = 256;

int descriptor_of(zmq::message_t const& frame) {
    return zmq_msg_get(frame.handle(), ZMQ_SRCFD);
}

}  // namespace

ConnectionWatch::ConnectionWatch(EventLoop& loop, zmq::socket_t& socket, Connections::Limits limits,
                                 int events, Polls polls, Handler handler)
    : loop_(loop),
      socket_(socket),
      monitor_(loop.monitor(
          socket, always | events,
          polls == Polls::yes ? [this] { return read_events(); } : EventLoop::OnMonitored())),
      connections_(limits),
      handler_(std::make_shared<Handler const>(std::move(handler))) {
    loop.look_at(*this);
}

ConnectionWatch::~ConnectionWatch() {
    loop_.forget(*this);
    loop_.end_monitor(monitor_, socket_);
}

// ---- what the monitor tells ----

bool ConnectionWatch::read_events() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;  // must outlive the watch, should it destroy it
    int taken = 0;
    for (; taken < events_a_turn; ++taken) {
        auto const event = loop_.next_of(monitor_);
        if (!event) {
            break;
        }
        handle(*event);
        if (alive.expired()) {
            return false;
        }
    }
    carry_out();
    return taken == events_a_turn;
}

void ConnectionWatch::handle(MonitorHub::Event const& event) {
    auto const fd = static_cast<int>(event.value);
    switch (event.what) {
        case ZMQ_EVENT_ACCEPTED:
        case ZMQ_EVENT_CONNECTED: {
            auto const before = connections_.opened(fd, cookie_of(fd), host_of(fd), loop_.now());
            if (handler_->on_opened) {
                handler_->on_opened(fd);
            }
            if (!before.empty() && handler_->on_closed) {
                handler_->on_closed(before);
            }
            break;
        }
        case ZMQ_EVENT_DISCONNECTED: {
            auto const route = connections_.closed(fd);
            if (handler_->on_closed) {
                handler_->on_closed(route);
            }
            break;
        }
        default:
            if (handler_->on_event) {
                handler_->on_event(event.what, event.value);
            }
    }
}

// ---- what the socket tells ----

void ConnectionWatch::delivered(zmq::message_t const& frame, std::uint64_t bytes) {
    connections_.delivered(descriptor_of(frame), bytes, loop_.now());
    count_turn();
}

void ConnectionWatch::delivered(wire::Route const& route, zmq::message_t const& frame,
                                std::uint64_t bytes) {
    std::weak_ptr<bool> const alive = alive_;
    auto fd = connections_.fd_of(route);
    if (!fd) {
        // Its beginning was told before it, and so was the end of who had its descriptor.
        while (read_events()) {
        }
        if (alive.expired()) {
            return;
        }
        fd = join(route, frame);
    }
    if (fd) {
        connections_.delivered(*fd, bytes, loop_.now());
    }
    count_turn();
}

std::optional<int> ConnectionWatch::join(wire::Route const& route, zmq::message_t const& frame) {
    connections_.joined(descriptor_of(frame), route);
    return connections_.fd_of(route);
}

void ConnectionWatch::trust(zmq::message_t const& frame) {
    connections_.trust(descriptor_of(frame));
}

/// libzmq takes a message of each connection in turn.
void ConnectionWatch::count_turn() {
    drained_ = false;
    if (++taken_ >= connections_.size()) {
        taken_ = 0;
        connections_.had_their_turn();
    }
}

void ConnectionWatch::sent(wire::Route const& route, std::uint64_t bytes) {
    if (auto const fd = connections_.fd_of(route)) {
        connections_.sent(*fd, bytes);
    }
}

bool ConnectionWatch::crowded(wire::Route const& route) {
    auto const fd = connections_.fd_of(route);
    if (!fd || !connections_.crowded(*fd)) {
        return false;
    }
    sample(*fd);  // much may have been received since the last look
    return connections_.crowded(*fd);
}

void ConnectionWatch::give_up(wire::Route const& route, Connections::Why why) {
    if (auto const fd = connections_.fd_of(route)) {
        connections_.give_up(*fd, why);
        carry_out();
    }
}

// ---- looks ----

bool ConnectionWatch::look() {
    std::weak_ptr<bool> const alive = alive_;
    read_events();
    if (alive.expired()) {
        return false;
    }
    for (int const fd : connections_.descriptors()) {
        sample(fd);
    }
    if (drained_) {
        connections_.had_their_turn();
    }
    connections_.judge(loop_.now());
    bool const suspects = connections_.suspects();
    carry_out();
    return suspects;
}

void ConnectionWatch::sample(int fd) {
    if (auto const figures = figures_of(fd)) {
        connections_.sampled(fd, figures->read, figures->acked);
    }
}

void ConnectionWatch::carry_out() {
    std::weak_ptr<bool> const alive = alive_;
    auto const running = handler_;
    for (auto const& cut : connections_.take_cuts()) {
        bus::cut(cut.fd, cut.cookie);
        if (running->on_cut) {
            running->on_cut(cut);
        }
        if (alive.expired()) {
            return;
        }
    }
}

}  // namespace xfsbus::bus
