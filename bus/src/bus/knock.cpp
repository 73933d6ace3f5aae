#include "bus/knock.hpp"

#include <xfsbus/bus/control.hpp>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::bus {
namespace {

using Address = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

/// None if the host is no numeric address.
Address numeric(std::string const& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        found = nullptr;
    }
    return {found, ::freeaddrinfo};
}

std::string in_words(int error) {
    switch (error) {
        case 0:
            return "a connection is taken, and is closed before it is of use";
        case EINPROGRESS:
        case ETIMEDOUT:
            return nothing_answers;
        case ECONNREFUSED:
            return "nothing listens there";
        case ENETUNREACH:
        case EHOSTUNREACH:
            return "there is no route to it";
        case EACCES:
        case EPERM:
            return "this machine's own firewall forbids it";
        default:
            return std::generic_category().message(error);
    }
}

}  // namespace

Knock::Knock(wire::Endpoint const& to, std::string const& from) {
    start(to, from);
}

Knock::~Knock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void Knock::start(wire::Endpoint const& to, std::string const& from) {
    auto const target = numeric(to.host, to.port);
    error_ = EADDRNOTAVAIL;
    if (!target) {
        return;
    }
    fd_ = ::socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    auto const near = from.empty() ? Address(nullptr, ::freeaddrinfo) : numeric(from, 0);
    bool const ready = fd_ >= 0 && (!near || ::bind(fd_, near->ai_addr, near->ai_addrlen) == 0);
    error_ = ready && ::connect(fd_, target->ai_addr, target->ai_addrlen) == 0 ? 0 : errno;
}

bool Knock::over() {
    if (error_ != EINPROGRESS) {
        return true;
    }
    pollfd poll{fd_, POLLOUT, 0};
    socklen_t size = sizeof error_;
    return ::poll(&poll, 1, 0) == 1 && ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &size) == 0;
}

std::string Knock::why() {
    static_cast<void>(over());
    return in_words(error_);
}

}  // namespace xfsbus::bus
