#include "bus/tcp.hpp"

#include <xfsbus/bus/control.hpp>

#include <linux/sockios.h>
#include <linux/tcp.h>  // netinet/tcp.h, which cannot stand beside it, ends before the byte counts

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::bus {
namespace {

constexpr int unsent_most_bytes = 128 * 1024;

}  // namespace

std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

namespace {

std::string host_of(sockaddr_storage const& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    void const* const host =
        address.ss_family == AF_INET6
            ? static_cast<void const*>(&reinterpret_cast<sockaddr_in6 const*>(&address)->sin6_addr)
            : &reinterpret_cast<sockaddr_in const*>(&address)->sin_addr;
    return ::inet_ntop(address.ss_family, host, text.data(), text.size()) != nullptr ? text.data()
                                                                                     : "";
}

}  // namespace

std::string host_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    bool const known = ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    return known ? host_of(address) : std::string();
}

std::string address_towards(std::string const& host) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), "9", &hints, &found) != 0) {
        return {};
    }
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const target(found, ::freeaddrinfo);
    int const fd = ::socket(target->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    bool const known = fd >= 0 && ::connect(fd, target->ai_addr, target->ai_addrlen) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (fd >= 0) {
        ::close(fd);
    }
    return known ? host_of(address) : std::string();
}

std::optional<TcpFigures> figures_of(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    int unread = 0;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ||
        ::ioctl(fd, SIOCINQ, &unread) != 0) {
        return std::nullopt;
    }
    auto const waiting = static_cast<std::uint64_t>(unread);
    // The two are not asked for in one moment.
    auto const read =
        info.tcpi_bytes_received - std::min<std::uint64_t>(info.tcpi_bytes_received, waiting);
    return TcpFigures{read, info.tcpi_bytes_acked};
}

void cut(int fd, std::uint64_t cookie) {
    // The copy stays with the connection that it was made of, whatever becomes of the number.
    int const copy = ::dup(fd);
    if (copy < 0) {
        return;
    }
    if (cookie != 0 && cookie_of(copy) == cookie) {
        ::shutdown(copy, SHUT_RDWR);
    }
    ::close(copy);
}

void bound_unsent(int fd) {
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_most_bytes,
                                   sizeof unsent_most_bytes));
}

}  // namespace xfsbus::bus
