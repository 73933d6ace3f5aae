#include "waker.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

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

void Waker::wake() {
    ended_ = true;
    nudge();
}

void Waker::nudge() const {
    std::uint64_t const one = 1;
    static_cast<void>(::write(fd_, &one, sizeof one));
}

void Waker::meanwhile(int fd, std::function<void()> on_readable) {
    other_ = fd;
    on_other_ = std::move(on_readable);
}

Waker::Woken Waker::wait_for_input() const {
    while (true) {
        pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {fd_, POLLIN, 0}, {other_, POLLIN, 0}};
        if (::poll(fds, 3, -1) < 0 && errno == EINTR) {
            continue;
        }
        if (ended_) {
            return Woken::ended;
        }
        if (fds[1].revents != 0) {
            std::uint64_t count = 0;
            static_cast<void>(::read(fd_, &count, sizeof count));
            return Woken::nudged;
        }
        if (fds[2].revents != 0) {
            on_other_();
        }
        if (fds[0].revents != 0) {
            return Woken::input;
        }
    }
}

}  // namespace xfsbus::console
