#pragma once

#include <cstdint>
#include <optional>

/// What the kernel tells of a TCP connection that libzmq owns. libzmq may close it, and its number
/// may be another's, at any time: a cookie tells one connection from all others.
namespace xfsbus::bus {

/// Names one connection for as long as the system runs; 0: the descriptor is no socket.
std::uint64_t cookie_of(int fd);

struct TcpFigures {
    std::uint64_t read = 0;   ///< bytes that came in and were read by the process
    std::uint64_t acked = 0;  ///< bytes sent that the other end's system has
};

std::optional<TcpFigures> figures_of(int fd);

/// Ends the connection if it is still the one of this cookie: its owner sees it closed.
void cut(int fd, std::uint64_t cookie);

/// Lets the kernel take little more of what is written to this TCP connection than it can put on
/// the wire, so that what goes next is decided late; what is in flight is not limited by it, as it
/// would be by a smaller buffer. For another connection of ours it is only a hint.
void bound_unsent(int fd);

}  // namespace xfsbus::bus
