#pragma once

#include "catch.hpp"
#include "descriptor_shortage.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus {

/// The port of this end; 0: this is no socket.
inline std::uint16_t local_port(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    bool const known = ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    return known ? ntohs(address.sin_port) : 0;
}

/// Binds to 127.0.0.1; the port it got.
inline std::uint16_t bind_loopback(int socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return local_port(socket);
}

/// A port of this machine at which nobody listens, and that nobody else is given.
class ReservedPort {
  public:
    ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        REQUIRE(socket_ >= 0);
        endpoint_ = {"127.0.0.1", bind_loopback(socket_)};
    }

    ~ReservedPort() { ::close(socket_); }

    ReservedPort(ReservedPort const&) = delete;
    ReservedPort& operator=(ReservedPort const&) = delete;

    [[nodiscard]] wire::Endpoint const& endpoint() const { return endpoint_; }

  private:
    int socket_;
    wire::Endpoint endpoint_;
};

/// Listens, and leaves the rest to others.
class TcpServer {
  public:
    TcpServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        REQUIRE(socket_ >= 0);
        endpoint_ = {"127.0.0.1", bind_loopback(socket_)};
        REQUIRE(::listen(socket_, 10) == 0);
    }

    ~TcpServer() { ::close(socket_); }

    TcpServer(TcpServer const&) = delete;
    TcpServer& operator=(TcpServer const&) = delete;

    [[nodiscard]] wire::Endpoint const& endpoint() const { return endpoint_; }

    /// The next connection; its owner closes it.
    [[nodiscard]] int accept() const { return ::accept(socket_, nullptr, nullptr); }

  private:
    int socket_;
    wire::Endpoint endpoint_;
};

/// This process' connections that were accepted at this port.
inline std::vector<int> accepted_at(std::uint16_t port) {
    std::vector<int> found;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        int const fd = std::atoi(entry.path().filename().c_str());
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (local_port(fd) == port &&
            ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
            found.push_back(fd);
        }
    }
    return found;
}

/// This process' sockets that are connected to this port of 127.0.0.1.
inline std::vector<int> connections_to(std::uint16_t port) {
    std::vector<int> found;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        int const fd = std::atoi(entry.path().filename().c_str());
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
            peer.sin_family == AF_INET && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
            ntohs(peer.sin_port) == port) {
            found.push_back(fd);
        }
    }
    return found;
}

/// How many bytes the kernel takes for this TCP connection beyond what is on the wire; negative:
/// it is no TCP connection.
inline int unsent_bound(int fd) {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    return ::getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, &size) == 0 ? bytes : -1;
}

}  // namespace xfsbus
