#pragma once

#include "catch.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus {

/// Binds to 127.0.0.1; the port it got.
inline std::uint16_t bind_loopback(int socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket, generic, sizeof address) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket, generic, &size) == 0);
    return ntohs(address.sin_port);
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

}  // namespace xfsbus
