#include "bus/sockets.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace xfsbus::bus {
namespace {

constexpr std::size_t frames_most = 4;

constexpr int handshake_ms = 5'000;  // an idle stranger holds a slot no longer than this
constexpr int connect_ms = 5'000;    // the system's own patience is minutes
constexpr int unacknowledged_ms = 15'000;
constexpr int reconnect_ms = 100;
constexpr int reconnect_most_ms = 2'000;

// Control messages are small; their queues are bounded in number and, by the size limit, in bytes.
constexpr int control_queue = 1'000;
constexpr int control_linger_ms = 500;  // so that the last answers leave the house
constexpr int control_heartbeat_ms = 5'000;
constexpr int control_heartbeat_timeout_ms = 20'000;

// Chunks are large and bounded by credit; libzmq's own bound counts messages and is a backstop.
constexpr int pull_queue = 16;
constexpr int push_queue = 4;            // small, so that whose chunk goes next is decided late
constexpr int unsent_most = 128 * 1024;  // bytes, in the kernel; for the same reason

constexpr int accept_backlog = 1'024;

void set_common(zmq::socket_t& socket) {
    namespace opt = zmq::sockopt;
    socket.set(opt::handshake_ivl, handshake_ms);
    socket.set(opt::connect_timeout, connect_ms);
    socket.set(opt::tcp_maxrt, unacknowledged_ms);
    socket.set(opt::tcp_keepalive, 1);
    socket.set(opt::tcp_keepalive_idle, 60);
    socket.set(opt::tcp_keepalive_intvl, 10);
    socket.set(opt::tcp_keepalive_cnt, 6);
    socket.set(opt::reconnect_ivl, reconnect_ms);
    socket.set(opt::reconnect_ivl_max, reconnect_most_ms);
    socket.set(opt::backlog, accept_backlog);
}

void set_control(zmq::socket_t& socket) {
    namespace opt = zmq::sockopt;
    set_common(socket);
    socket.set(opt::maxmsgsize, static_cast<std::int64_t>(wire::limits::control_body_bytes));
    socket.set(opt::sndhwm, control_queue);
    socket.set(opt::rcvhwm, control_queue);
    socket.set(opt::linger, control_linger_ms);
    // Half-open connections are found by these; data sockets have none, because libzmq's timer
    // does not see the bytes of a large frame that arrives slowly, and would cut it off.
    socket.set(opt::heartbeat_ivl, control_heartbeat_ms);
    socket.set(opt::heartbeat_timeout, control_heartbeat_timeout_ms);
    socket.set(opt::heartbeat_ttl, control_heartbeat_timeout_ms);
}

void set_data(zmq::socket_t& socket) {
    namespace opt = zmq::sockopt;
    set_common(socket);
    socket.set(opt::maxmsgsize, static_cast<std::int64_t>(wire::limits::chunk_bytes_max));
    socket.set(opt::linger, 0);  // what is lost is asked for again
}

void allow_ipv6(zmq::socket_t& socket, wire::Endpoint const& endpoint) {
    if (endpoint.host.find(':') != std::string::npos) {
        socket.set(zmq::sockopt::ipv6, 1);
    }
}

Error network_error(std::string const& what, wire::Endpoint const& endpoint,
                    zmq::error_t const& error) {
    std::string why = error.what();
    if (error.num() == EADDRINUSE) {
        why = "the address is in use; stop the other program or choose another port";
    } else if (error.num() == ENODEV || error.num() == EADDRNOTAVAIL) {
        why = "this machine has no such address";
    } else if (error.num() == EACCES) {
        why = "not allowed; ports below 1024 need privileges";
    }
    return {Errc::network, what + " " + wire::escape(endpoint.to_string()) + ": " + why};
}

}  // namespace

zmq::socket_t make_router(zmq::context_t& context) {
    zmq::socket_t socket(context, zmq::socket_type::router);
    set_control(socket);
    // Without it a message to a peer that is gone disappears without an error. Always send with
    // dontwait: a blocking send can hang when a peer dies with its queue full.
    socket.set(zmq::sockopt::router_mandatory, true);
    return socket;
}

zmq::socket_t make_dealer(zmq::context_t& context) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    set_control(socket);
    return socket;
}

zmq::socket_t make_pull(zmq::context_t& context) {
    zmq::socket_t socket(context, zmq::socket_type::pull);
    set_data(socket);
    socket.set(zmq::sockopt::rcvhwm, pull_queue);
    return socket;
}

zmq::socket_t make_push(zmq::context_t& context) {
    zmq::socket_t socket(context, zmq::socket_type::push);
    set_data(socket);
    socket.set(zmq::sockopt::sndhwm, push_queue);
    socket.set(zmq::sockopt::immediate, true);  // queue nothing for a sink that is not there
    return socket;
}

Result<wire::Endpoint> bind_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint) {
    try {
        allow_ipv6(socket, endpoint);
        uninterrupted([&] { socket.bind(endpoint.to_zmq()); });
        auto bound = wire::parse_endpoint(socket.get(zmq::sockopt::last_endpoint));
        if (!bound) {
            return Error{Errc::network, "cannot tell where the socket listens"};
        }
        return *bound;
    } catch (zmq::error_t const& error) {
        return network_error("cannot listen on", endpoint, error);
    }
}

Status connect_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint) {
    try {
        allow_ipv6(socket, endpoint);
        uninterrupted([&] { socket.connect(endpoint.to_zmq()); });
        return done();
    } catch (zmq::error_t const& error) {
        return network_error("cannot connect to", endpoint, error);
    }
}

void bound_unsent(int fd) {
    static_cast<void>(
        ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_most, sizeof unsent_most));
}

bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, More more) {
    auto const flags = more == More::yes ? zmq::send_flags::dontwait | zmq::send_flags::sndmore
                                         : zmq::send_flags::dontwait;
    return uninterrupted([&] { return socket.send(frame, flags); }).has_value();
}

bool receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
    frames.clear();
    bool too_many = false;
    bool more = true;
    while (more) {
        zmq::message_t frame;
        if (!uninterrupted([&] { return socket.recv(frame, zmq::recv_flags::dontwait); })) {
            return false;
        }
        more = frame.more();
        too_many = too_many || frames.size() == frames_most;
        if (!too_many) {
            frames.push_back(std::move(frame));
        }
    }
    if (too_many) {
        frames.clear();
    }
    return true;
}

std::string_view as_text(zmq::message_t const& frame) {
    return {static_cast<char const*>(frame.data()), frame.size()};
}

}  // namespace xfsbus::bus
