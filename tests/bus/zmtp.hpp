#pragma once

#include "catch.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus {

/// The end of a ZMTP 3.0 connection that is no libzmq: it says what libzmq would not.
class ZmtpStranger {
  public:
    /// Connects and greets. `type`: the socket type that it claims to be.
    ZmtpStranger(wire::Endpoint const& to, std::string const& type)
        : ZmtpStranger(connect(to), type) {}

    /// Greets on a connection that there is.
    ZmtpStranger(int socket, std::string const& type) : socket_(socket) {
        std::string greeting = "\xFF" + std::string(8, '\0') + "\x7F\x03";
        greeting += '\0';
        greeting += "NULL";
        greeting.resize(64, '\0');
        say(greeting);
        greeting_ = hear(greeting.size());
        std::string ready = "\x05READY\x0BSocket-Type";
        ready += std::string(3, '\0') + static_cast<char>(type.size()) + type;
        say(std::string("\x04") + static_cast<char>(ready.size()) + ready);
        auto const head = hear(2);
        hear(static_cast<unsigned char>(head[1]));
    }

    ~ZmtpStranger() { ::close(socket_); }

    ZmtpStranger(ZmtpStranger const&) = delete;
    ZmtpStranger& operator=(ZmtpStranger const&) = delete;

    /// What the other side says that it protects connections by.
    [[nodiscard]] std::string mechanism() const {
        constexpr std::size_t at = 12;
        return greeting_.substr(at, greeting_.find('\0', at) - at);
    }

    /// As much as the other side takes: false once it has hung up.
    bool say(std::string const& bytes) const {
        std::size_t said = 0;
        while (said < bytes.size()) {
            auto const more =
                ::send(socket_, bytes.data() + said, bytes.size() - said, MSG_NOSIGNAL);
            if (more <= 0) {
                return false;
            }
            said += static_cast<std::size_t>(more);
        }
        return true;
    }

    /// The other side has closed the connection.
    [[nodiscard]] bool hung_up() const {
        char byte = 0;
        auto const heard = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return heard == 0 || (heard < 0 && errno != EAGAIN);
    }

    /// There is something to hear.
    [[nodiscard]] bool has_word() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }

    std::string hear(std::size_t bytes) const {
        std::string heard(bytes, '\0');
        REQUIRE(::recv(socket_, heard.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes));
        return heard;
    }

    static std::string frame(std::string const& bytes, bool more) {
        std::string head;
        if (bytes.size() < 256) {
            head = {static_cast<char>(more ? 1 : 0), static_cast<char>(bytes.size())};
        } else {
            head = {static_cast<char>(more ? 3 : 2)};
            for (int shift = 56; shift >= 0; shift -= 8) {
                head += static_cast<char>(bytes.size() >> static_cast<unsigned>(shift));
            }
        }
        return head + bytes;
    }

  private:
    static int connect(wire::Endpoint const& to) {
        int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        REQUIRE(::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) == 1);
        REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return socket;
    }

    int socket_;
    std::string greeting_;  ///< the other side's
};

}  // namespace xfsbus
