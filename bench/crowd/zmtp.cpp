#include "crowd/zmtp.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::bench {
namespace {

constexpr std::size_t greeting_bytes = 64;
constexpr std::uint8_t flag_more = 1;
constexpr std::uint8_t flag_long = 2;
constexpr std::uint8_t flag_command = 4;
constexpr std::size_t short_most = 255;
constexpr std::size_t length_bytes = 8;

std::string greeting() {
    std::string text(greeting_bytes, '\0');
    text[0] = '\xff';
    text[9] = '\x7f';
    text[10] = 3;  // ZMTP 3.0
    text.replace(12, 4, "NULL");
    return text;
}

std::string ready() {
    using namespace std::string_view_literals;
    return std::string(
        "\x05READY\x0bSocket-Type\0\0\0\x06"
        "DEALER\x08Identity\0\0\0\0"sv);
}

[[noreturn]] void fail(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in address_of(std::string const& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

int connected_to(wire::Endpoint const& endpoint, std::string const& from) {
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail("socket");
    }
    auto const ours = address_of(from, 0);
    auto const theirs = address_of(endpoint.host, endpoint.port);
    if (::bind(fd, reinterpret_cast<sockaddr const*>(&ours), sizeof ours) != 0 ||
        ::connect(fd, reinterpret_cast<sockaddr const*>(&theirs), sizeof theirs) != 0) {
        int const why = errno;
        ::close(fd);
        errno = why;
        fail("connect");
    }
    int const one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void append_frame(std::string& out, std::string const& bytes, std::uint8_t flags) {
    bool const is_long = bytes.size() > short_most;
    out += static_cast<char>(flags | (is_long ? flag_long : 0));
    for (std::size_t i = is_long ? length_bytes : 1; i > 0; --i) {
        out += static_cast<char>(bytes.size() >> (8 * (i - 1)) & short_most);
    }
    out += bytes;
}

std::size_t length_at(std::string_view bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        length = length << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return length;
}

}  // namespace

Zmtp::Zmtp(wire::Endpoint const& tracker, std::string const& from)
    : fd_(connected_to(tracker, from)) {
    out_ = greeting();
    append_frame(out_, ready(), flag_command);
    flush();
}

Zmtp::~Zmtp() {
    ::close(fd_);
}

void Zmtp::send(wire::Message const& message, std::uint64_t request) {
    auto const frames = wire::encode(message, request);
    auto& out = ready_ ? out_ : held_;
    append_frame(out, frames.header, flag_more);
    append_frame(out, frames.body, 0);
}

void Zmtp::flush() {
    while (!out_.empty()) {
        auto const count = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (count < 0) {
            fail("send");
        }
        out_.erase(0, static_cast<std::size_t>(count));
    }
    // Ten thousand of them would keep what the longest list took.
    out_.shrink_to_fit();
}

bool Zmtp::read(OnMessage const& on_message) {
    std::array<char, 64 * 1024> buffer;
    while (true) {
        auto const count = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            bool const nothing = count < 0 && errno == EAGAIN;
            return nothing;
        }
        in_.append(buffer.data(), static_cast<std::size_t>(count));
        if (!greeted_ && in_.size() >= greeting_bytes) {
            greeted_ = true;
            used_ = greeting_bytes;
        }
        while (greeted_ && take_frame(on_message)) {
        }
        in_.erase(0, std::exchange(used_, 0));
        if (static_cast<std::size_t>(count) < buffer.size()) {
            return true;
        }
    }
}

bool Zmtp::take_frame(OnMessage const& on_message) {
    std::string_view const rest = std::string_view(in_).substr(used_);
    if (rest.size() < 2) {
        return false;
    }
    auto const flags = static_cast<std::uint8_t>(rest[0]);
    std::size_t const begin = (flags & flag_long) != 0 ? 1 + length_bytes : 2;
    if (rest.size() < begin) {
        return false;
    }
    std::size_t const length =
        begin == 2 ? static_cast<unsigned char>(rest[1]) : length_at(rest.substr(1));
    if (rest.size() - begin < length) {
        return false;
    }
    auto const bytes = rest.substr(begin, length);
    used_ += begin + length;
    if ((flags & flag_command) != 0) {
        ready_ = true;
        out_ += std::exchange(held_, {});
        flush();
        return true;
    }
    if ((flags & flag_more) != 0) {
        header_ = bytes;
        return true;
    }
    auto decoded = wire::decode(header_, bytes);
    if (auto* envelope = std::get_if<wire::Envelope>(&decoded)) {
        on_message(std::move(*envelope));
    }
    return true;
}

}  // namespace xfsbus::bench
