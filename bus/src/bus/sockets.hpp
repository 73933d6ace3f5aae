#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/result.hpp>

#include <zmq.hpp>

#include <cerrno>
#include <vector>

/// Every socket option of the project, and the calls that every socket needs, in one place.
namespace xfsbus::bus {

/// Makes the call, again as long as a signal interrupts it: libzmq lets a signal interrupt any
/// call, even one that does not wait, before it has done anything.
template <typename Call>
auto uninterrupted(Call const& call) {
    while (true) {
        try {
            return call();
        } catch (zmq::error_t const& error) {
            if (error.num() != EINTR) {
                throw;
            }
        }
    }
}

zmq::socket_t make_router(zmq::context_t& context);
zmq::socket_t make_dealer(zmq::context_t& context);
zmq::socket_t make_pull(zmq::context_t& context);
zmq::socket_t make_push(zmq::context_t& context);

/// Binds; returns where it listens, or Errc::network with what is wrong with the address.
Result<wire::Endpoint> bind_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint);
Status connect_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint);

/// Lets the kernel take little more of what is written to this TCP connection than it can put on
/// the wire, so that what goes next is decided late; what is in flight is not limited by it, as it
/// would be by a smaller buffer. By the time of the call the connection may be gone and its number
/// another's: what is no TCP socket refuses, and for another one of ours it is only a hint.
void bound_unsent(int fd);

enum class More : bool { no, yes };

/// Sends a frame without waiting. False: the queue is full; only a message's first frame can find
/// it so, libzmq takes the rest with it.
bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, More more);

/// The next message, all its frames; false: none is waiting. Frames beyond the most that any
/// message of ours has are dropped, and the message with them (it comes back empty).
bool receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames);

std::string_view as_text(zmq::message_t const& frame);

}  // namespace xfsbus::bus
