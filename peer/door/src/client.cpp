#include "client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace xfsbus::door {
namespace {

/// How often a wait looks whether it is to end.
constexpr int look_every_ms = 100;

/// What it still sends is taken and dropped: if any were left, closing would break the connection
/// off, and what it was told with it.
void close_gently(int socket) {
    ::shutdown(socket, SHUT_WR);
    std::array<char, 4096> dropped{};
    for (int i = 0; i < 16 && ::recv(socket, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0;
         ++i) {
    }
}

}  // namespace

Client::Client(files::Fd socket, Patience patience, std::stop_token stop)
    : socket_(std::move(socket)), patience_(patience), stop_(std::move(stop)) {}

bool Client::send(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
        auto const n =
            ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        bool const may_go_on = n > 0 || errno == EINTR || errno == EAGAIN;
        auto const sent = static_cast<std::size_t>(n > 0 ? n : 0);
        if (!may_go_on || !took(sent)) {
            return false;
        }
        bytes = bytes.subspan(sent);
    }
    return true;
}

bool Client::took(std::size_t bytes) {
    taken_ += bytes;
    return bytes > 0 || wait_for_room();
}

bool Client::send(std::string_view text) {
    return send(std::as_bytes(std::span(text)));
}

bool Client::wait_for_room() {
    if (taken_ >= patience_.least_bytes) {
        taken_ = 0;
        waited_ = {};
    }
    while (!stop_.stop_requested() && waited_ < patience_.slow) {
        auto const since = std::chrono::steady_clock::now();
        pollfd room{socket_.get(), POLLOUT, 0};
        int const ready = ::poll(&room, 1, look_every_ms);
        waited_ += std::chrono::steady_clock::now() - since;
        if (ready > 0) {
            return (room.revents & (POLLERR | POLLHUP)) == 0;
        }
    }
    return false;
}

bool Client::is_gone() const {
    pollfd socket{socket_.get(), POLLRDHUP, 0};
    return ::poll(&socket, 1, 0) > 0;
}

void Client::cut() {
    linger const none{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    socket_ = files::Fd();
}

void Client::finish() {
    close_gently(socket_.get());
    socket_ = files::Fd();
}

void send_and_close(files::Fd socket, std::string_view text) {
    static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    close_gently(socket.get());
}

}  // namespace xfsbus::door
