#include <xfsbus/program/service.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace xfsbus::program {

void notify_service(std::string_view state) {
    char const* const path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
        std::strlen(path) >= sizeof address.sun_path) {
        return;
    }
    std::ranges::copy(std::string_view(path), address.sun_path);
    if (path[0] == '@') {
        address.sun_path[0] = 0;  // a name that no file has
    }
    int const fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    auto const size = offsetof(sockaddr_un, sun_path) + std::strlen(path);
    static_cast<void>(::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<sockaddr const*>(&address),
                               static_cast<socklen_t>(size)));
    ::close(fd);
}

void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    constexpr std::uint64_t us_per_s = 1'000'000;
    constexpr std::uint64_t ns_per_us = 1'000;
    auto const us = static_cast<std::uint64_t>(now.tv_sec) * us_per_s +
                    static_cast<std::uint64_t>(now.tv_nsec) / ns_per_us;
    notify_service("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

}  // namespace xfsbus::program
