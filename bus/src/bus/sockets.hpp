#pragma once

#include <xfsbus/bus/security.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/result.hpp>

#include <zmq.hpp>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
/// Whether what waits in the socket is still sent, for a moment, after its end.
void set_lingering(zmq::socket_t& socket, bool lingers);
zmq::socket_t make_pull(zmq::context_t& context);
zmq::socket_t make_push(zmq::context_t& context);

/// Binds; returns where it listens, or Errc::network with what is wrong with the address.
Result<wire::Endpoint> bind_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint,
                                   Security const& security);
/// `from`: the address of this machine that the connection is to come from; empty: any.
Status connect_socket(zmq::socket_t& socket, wire::Endpoint const& endpoint,
                      Security const& security, std::string const& from = {});

/// Whether this process may open some more descriptors. libzmq ends the process where it is left
/// without (in getifaddrs(), when it binds), so it is never begun then.
bool descriptors_left();

Error no_descriptors(std::string const& why);

/// Makes a part that needs descriptors; Errc::network if the system gives none.
template <typename Part, typename... Arguments>
Result<std::unique_ptr<Part>> make_part(Arguments&&... arguments) {
    try {
        if (!descriptors_left()) {
            return no_descriptors("too many are open");
        }
        return std::make_unique<Part>(std::forward<Arguments>(arguments)...);
    } catch (std::exception const& error) {  // of libzmq, or of the system
        return no_descriptors(error.what());
    }
}

enum class More : bool { no, yes };

/// Sends a frame without waiting. False: the queue is full; only a message's first frame can find
/// it so, libzmq takes the rest with it.
bool send_frame(zmq::socket_t& socket, zmq::message_t& frame, More more);

/// The next message: returns the bytes that it took on the wire; nullopt: none is waiting. Of its
/// frames one more is kept than any message of ours has, so that it is seen to be none.
std::optional<std::uint64_t> receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames);

/// The bytes that a frame takes on the wire.
std::uint64_t wire_bytes(std::size_t frame_bytes);

std::string_view as_text(zmq::message_t const& frame);

}  // namespace xfsbus::bus
