#include "bus/tcp.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>  // netinet/tcp.h, which cannot stand beside it, ends before the byte counts

#include <array>
#include <cstddef>

#include <arpa/inet.h>
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

std::string host_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return {};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    void const* const host =
        address.ss_family == AF_INET6
            ? static_cast<void const*>(&reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr)
            : &reinterpret_cast<sockaddr_in*>(&address)->sin_addr;
    return ::inet_ntop(address.ss_family, host, text.data(), text.size()) != nullptr ? text.data()
                                                                                     : "";
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
