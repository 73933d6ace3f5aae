#include "reception.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/wire/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace xfsbus::door {
namespace {

constexpr int wait_most_ms = 1000;
constexpr auto short_pause = std::chrono::milliseconds(100);

/// On the way within this machine nothing is lost or late. A system whose rule for busy networks
/// (`net.ipv4.tcp_congestion_control`) is bbr would yet send a little at a time, by timers, which
/// takes twice the CPU; every system has reno, which does not. Where it may not be set it stays.
void hurry_within_this_machine(int socket) {
    if (wire::loopback_host(bus::host_of(socket))) {
        constexpr std::string_view plain = "reno";
        ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, plain.data(), plain.size());
    }
}

}  // namespace

Reception::Reception(int listening, int wake, Limits const& limits, OnRequest on_request)
    : listening_(listening), wake_(wake), limits_(limits), on_request_(std::move(on_request)) {}

void Reception::wait() {
    auto const before = std::chrono::steady_clock::now();
    std::vector<pollfd> all{{wake_, POLLIN, 0},
                            {before < pause_until_ ? -1 : listening_, POLLIN, 0}};
    for (auto const& client : waiting_) {
        all.push_back({client.socket.get(), POLLIN, 0});
    }
    int const most = before < pause_until_ ? static_cast<int>(short_pause.count()) : wait_most_ms;
    ::poll(all.data(), all.size(), most);
    auto at = all.begin() + 2;
    for (auto& client : waiting_) {
        if ((at++)->revents != 0) {
            hear(client);
        }
    }
    auto const now = std::chrono::steady_clock::now();
    refuse_late(now);
    waiting_.remove_if([](Waiting const& client) { return client.over; });
    if (all[1].revents != 0) {
        take_new(now);
    }
}

void Reception::take_new(Time now) {
    while (true) {
        files::Fd socket(::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket) {
            bool const none_left = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
            pause_until_ = none_left ? now + short_pause : pause_until_;
            return;
        }
        int const yes = 1;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        hurry_within_this_machine(socket.get());
        if (waiting_.size() >= limits_.waiting) {
            waiting_.pop_front();
        }
        waiting_.push_back({std::move(socket), {}, now + limits_.head});
    }
}

void Reception::hear(Waiting& client) {
    std::array<char, head_bytes_most> some{};
    auto const n = ::recv(client.socket.get(), some.data(), some.size(), MSG_DONTWAIT);
    if (n <= 0) {
        client.over = n == 0 || (errno != EAGAIN && errno != EINTR);
        return;
    }
    client.head.append(some.data(), static_cast<std::size_t>(n));
    auto const whole = end_of_head(client.head);
    if (whole && *whole <= head_bytes_most) {
        end(client, parse_request(std::string_view(client.head).substr(0, *whole)));
    } else if (whole || client.head.size() > head_bytes_most) {
        end(client, Refusal{431, "the head of the request is too long"});
    }
}

void Reception::refuse_late(Time now) {
    for (auto& client : waiting_) {
        if (!client.over && now >= client.until) {
            end(client, Refusal{408, "the request did not come"});
        }
    }
}

void Reception::end(Waiting& client, std::variant<Request, Refusal> const& what) {
    client.over = true;
    on_request_(std::move(client.socket), what);
}

}  // namespace xfsbus::door
