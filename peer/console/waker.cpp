#include "waker.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace xfsbus::console {

Waker::Waker() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot create an eventfd");
    }
}

Waker::~Waker() {
    ::close(fd_);
}

void Waker::wake() const {
    std::uint64_t const one = 1;
    static_cast<void>(::write(fd_, &one, sizeof one));
}

bool Waker::wait_for_input() const {
    pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {fd_, POLLIN, 0}};
    while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
    }
    return fds[1].revents == 0;
}

}  // namespace xfsbus::console
