#include "bus/sockets.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>
#include <cerrno>
#include <type_traits>

#include <fcntl.h>
#include <unistd.h>

namespace xfsbus::bus {
namespace {

constexpr std::size_t frames_most = 4;

/// What a sink says to our PUSH: the handshake, and nothing after it.
constexpr std::int64_t push_said_most = 1'024;

constexpr int handshake_ms = 5'000;  // an idle stranger holds a slot no longer than this
constexpr int connect_ms = 5'000;    // the system's own patience is minutes
constexpr int unacknowledged_ms = 15'000;
constexpr int reconnect_ms = 100;
constexpr int reconnect_most_ms = 2'000;

// A connection that is silent is asked by the kernel whether it is still there; one that is not is
// closed within 25 s.
constexpr int keepalive_idle_s = 10;
constexpr int keepalive_interval_s = 5;
constexpr int keepalive_count = 3;

// Messages, of one connection. What comes in beyond waits in TCP, so that the sender is held back;
// what goes out beyond is kept by the sockets of control.hpp, in bounds of their own.
constexpr int control_queue_in = 16;
constexpr int control_queue_out = 64;
constexpr int linger_ms = 500;  // so that the last answers are still sent

// Chunks are large and bounded by credit; libzmq's own bound counts messages and is a backstop.
constexpr int pull_queue = 16;
constexpr int push_queue = 32;  // many of small ones; Uploads bounds the bytes, and decides late

constexpr int accept_backlog = 1'024;

void set_common(zmq::socket_t& socket) {
    namespace opt = zmq::sockopt;
    socket.set(opt::handshake_ivl, handshake_ms);
    socket.set(opt::connect_timeout, connect_ms);
    socket.set(opt::tcp_maxrt, unacknowledged_ms);
    socket.set(opt::tcp_keepalive, 1);
    socket.set(opt::tcp_keepalive_idle, keepalive_idle_s);
    socket.set(opt::tcp_keepalive_intvl, keepalive_interval_s);
    socket.set(opt::tcp_keepalive_cnt, keepalive_count);
    // Never ZMTP's heartbeats. Where a connection breaks while its input queue is full, their timer
    // ends the process with a failed assertion (libzmq 4.3.4); and it does not see the bytes of a
    // large frame that arrives slowly, and cuts it off. Keepalive, Ping and leases do their work.
    socket.set(opt::heartbeat_ivl, 0);
    socket.set(opt::reconnect_ivl, reconnect_ms);
    socket.set(opt::reconnect_ivl_max, reconnect_most_ms);
    socket.set(opt::backlog, accept_backlog);
}

void set_control(zmq::socket_t& socket) {
    namespace opt = zmq::sockopt;
    set_common(socket);
    socket.set(opt::maxmsgsize, static_cast<std::int64_t>(wire::limits::control_body_bytes));
    socket.set(opt::sndhwm, control_queue_out);
    socket.set(opt::rcvhwm, control_queue_in);
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

/// Where what a Security says becomes options of a socket. What libzmq does of itself is `none`:
/// its NULL mechanism.
void secure(zmq::socket_t&, Security const&) {
    static_assert(std::is_empty_v<Security>, "what it carries is to be applied here");
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
    set_lingering(socket, true);
    return socket;
}

/// One that is not connected would keep its descriptors for nothing.
zmq::socket_t make_dealer(zmq::context_t& context) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    set_control(socket);
    set_lingering(socket, false);
    return socket;
}

void set_lingering(zmq::socket_t& socket, bool lingers) {
    socket.set(zmq::sockopt::linger, lingers ? linger_ms : 0);
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
    // Nobody reads what comes in.
    socket.set(zmq::sockopt::rcvhwm, 1);
    socket.set(zmq::sockopt::maxmsgsize, push_said_most);
    socket.set(zmq::sockopt::immediate, true);  // queue nothing for a sink that is not there
    return socket;
}

Result<wire::Endpoint> bind_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint,
                                   Security const& security) {
    if (!endpoint.any_host() && !wire::numeric_host(endpoint.host)) {
        return Error{Errc::network, "cannot listen on " + wire::escape(endpoint.to_string()) +
                                        ": it is no IP address"};
    }
    try {
        allow_ipv6(socket, endpoint);
        secure(socket, security);
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

Status connect_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint,
                      Security const& security, std::string const& from) {
    if (!wire::numeric_host(endpoint.host)) {
        // libzmq would look the name up on the thread that carries all connections.
        return Error{Errc::network, "cannot connect to " + wire::escape(endpoint.to_string()) +
                                        ": it is no IP address"};
    }
    try {
        allow_ipv6(socket, endpoint);
        secure(socket, security);
        auto const to = from.empty()
                            ? endpoint.to_zmq()
                            : wire::Endpoint{from, 0}.to_zmq() + ";" + endpoint.to_string();
        uninterrupted([&] { socket.connect(to); });
        return done();
    } catch (zmq::error_t const& error) {
        return network_error("cannot connect to", endpoint, error);
    }
}

bool descriptors_left() {
    constexpr std::size_t needed = 12;  // by the largest part, and by what other threads do
    std::array<int, needed> copies{};
    std::size_t made = 0;
    while (made < needed && (copies[made] = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0) {
        ++made;
    }
    bool const left = made == needed || errno != EMFILE;
    while (made > 0) {
        ::close(copies[--made]);
    }
    return left;
}

Error no_descriptors(std::string const& why) {
    return {Errc::network, "cannot open a connection: " + why +
                               "; the limit of descriptors (ulimit -n) is " +
                               std::to_string(descriptor_limit())};
}

bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, More more) {
    auto const flags = more == More::yes ? zmq::send_flags::dontwait | zmq::send_flags::sndmore
                                         : zmq::send_flags::dontwait;
    return uninterrupted([&] { return socket.send(frame, flags); }).has_value();
}

std::optional<std::uint64_t> receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
    frames.clear();
    std::uint64_t bytes = 0;
    bool more = true;
    while (more) {
        zmq::message_t frame;
        if (!uninterrupted([&] { return socket.recv(frame, zmq::recv_flags::dontwait); })) {
            return std::nullopt;
        }
        more = frame.more();
        bytes += wire_bytes(frame.size());
        if (frames.size() < frames_most) {
            frames.push_back(std::move(frame));
        }
    }
    return bytes;
}

std::uint64_t wire_bytes(std::size_t frame_bytes) {
    constexpr std::size_t short_frame = 255;
    return frame_bytes + (frame_bytes > short_frame ? 9 : 2);
}

std::string_view as_text(zmq::message_t const& frame) {
    return {static_cast<char const*>(frame.data()), frame.size()};
}

}  // namespace xfsbus::bus
