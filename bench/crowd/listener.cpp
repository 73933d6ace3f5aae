#include "crowd/listener.hpp"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::bench {

Listener::Listener(Loop& loop)
    : loop_(loop), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (fd_ < 0 || ::bind(fd_, any, size) != 0 || ::listen(fd_, SOMAXCONN) != 0 ||
        ::getsockname(fd_, any, &size) != 0) {
        int const why = errno;
        ::close(fd_);
        throw std::system_error(why, std::generic_category(), "listen");
    }
    port_ = ntohs(address.sin_port);
    loop_.add(fd_, [this] {
        for (int one = 0; (one = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            ::close(one);
        }
    });
}

Listener::~Listener() {
    loop_.remove(fd_);
    ::close(fd_);
}

}  // namespace xfsbus::bench
