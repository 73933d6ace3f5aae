#include "crowd/loop.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

namespace xfsbus::bench {
namespace {

constexpr std::size_t events_most = 256;

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
}

Loop::~Loop() {
    ::close(epoll_);
}

void Loop::add(int fd, std::function<void()> on_readable) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
    handlers_.insert_or_assign(fd, std::move(on_readable));
}

void Loop::remove(int fd) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    handlers_.erase(fd);
}

bool Loop::run_until(std::function<bool()> const& done, Clock::duration most) {
    auto const end = Clock::now() + most;
    std::array<epoll_event, events_most> events{};
    while (!done()) {
        if (Clock::now() >= end) {
            return false;
        }
        each_turn();
        int const count = ::epoll_wait(epoll_, events.data(), events_most, 1);
        for (int i = 0; i < count; ++i) {
            auto const found = handlers_.find(events[static_cast<std::size_t>(i)].data.fd);
            if (found != handlers_.end()) {
                auto const handler = found->second;  // it may remove itself
                handler();
            }
        }
    }
    return true;
}

void Loop::run_for(Clock::duration time) {
    run_until([] { return false; }, time);
}

}  // namespace xfsbus::bench
