#pragma once

#include <xfsbus/files/fd.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace xfsbus::test {

/// What a server has said, whole or cut off.
struct HttpReply {
    int status = 0;
    std::string head;
    std::string body;
    bool cut = false;  ///< there is less than Content-Length, or the connection was broken off

    /// The value of a header, spelt as the server spells it; empty: it is not there.
    [[nodiscard]] std::string header(std::string const& name) const {
        auto const at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) {
            return {};
        }
        auto const begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

/// A client that says what a test wants said, byte by byte. Throws when something takes too long.
class HttpClient {
  public:
    static constexpr auto patience = std::chrono::seconds(20);

    HttpClient(std::string const& host, std::uint16_t port)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
        if (::connect(socket_.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) !=
            0) {
            throw std::runtime_error("nobody listens at " + std::to_string(port));
        }
    }

    /// A whole request; `headers`: lines, each with its end.
    void ask(std::string const& target, std::string const& headers = {},
             std::string const& method = "GET") const {
        say(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    }

    void say(std::string_view text) const {
        static_cast<void>(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL));
    }

    /// What has come, at least one byte; empty: nothing more will.
    std::string hear(std::size_t most = 256 * 1024) {
        pollfd readable{socket_.get(), POLLIN, 0};
        if (::poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) <=
            0) {
            throw std::runtime_error("the server says nothing");
        }
        std::string some(most, '\0');
        auto const n = ::recv(socket_.get(), some.data(), some.size(), 0);
        broken_ = n < 0;
        some.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return some;
    }

    /// All that comes until the server closes.
    HttpReply reply() {
        std::string all;
        for (auto some = hear(); !some.empty(); some = hear()) {
            all += some;
        }
        HttpReply reply;
        auto const end = all.find("\r\n\r\n");
        if (end == std::string::npos) {
            reply.cut = true;
            return reply;
        }
        reply.head = all.substr(0, end + 2);
        reply.body = all.substr(end + 4);
        reply.status = std::atoi(reply.head.c_str() + std::string_view("HTTP/1.1 ").size());
        auto const length = reply.header("Content-Length");
        reply.cut = broken_ || (!length.empty() && !reply.body.empty() &&
                                reply.body.size() != std::stoull(length));
        return reply;
    }

    /// Takes so little at once from now on that a server soon waits for it.
    void be_slow() const {
        int const bytes = 4096;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

  private:
    files::Fd socket_;
    bool broken_ = false;
};

inline HttpReply http(std::string const& host, std::uint16_t port, std::string const& target,
                      std::string const& headers = {}, std::string const& method = "GET") {
    HttpClient client(host, port);
    client.ask(target, headers, method);
    return client.reply();
}

}  // namespace xfsbus::test
