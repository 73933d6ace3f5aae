#include "bus/sockets.hpp"
#include "catch.hpp"
#include "control_fixture.hpp"
#include "loop.hpp"
#include "tcp.hpp"
#include "zmtp.hpp"

#include <xfsbus/bus/control.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::bus;
using namespace std::chrono_literals;

namespace {

/// A TCP server that answers the first bytes of its first connection with a text, and hangs up.
class PlainServer {
  public:
    explicit PlainServer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        REQUIRE(listener_ >= 0);
        port_ = bind_loopback(listener_);
        REQUIRE(::listen(listener_, 8) == 0);
        thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
    }

    ~PlainServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    PlainServer(PlainServer const&) = delete;
    PlainServer& operator=(PlainServer const&) = delete;

    [[nodiscard]] wire::Endpoint endpoint() const { return {"127.0.0.1", port_}; }

  private:
    void serve(std::string const& answer) const {
        while (true) {
            int const connection = ::accept(listener_, nullptr, nullptr);
            if (connection < 0) {
                return;
            }
            std::array<char, 64> bytes{};
            static_cast<void>(::recv(connection, bytes.data(), bytes.size(), 0));
            static_cast<void>(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
            ::close(connection);
        }
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// Sends signals to the thread it is made on, one after the other, until destroyed.
class SignalStorm {
  public:
    SignalStorm() {
        struct sigaction nothing {};

        nothing.sa_handler = [](int) { handled_ = true; };
        REQUIRE(::sigaction(SIGUSR1, &nothing, &before_) == 0);
        thread_ = std::thread([this, victim = ::pthread_self()] {
            while (!stop_) {
                // Not the next before this one was handled, or the victim does nothing else.
                if (handled_.exchange(false)) {
                    ::pthread_kill(victim, SIGUSR1);
                }
                std::this_thread::yield();
            }
        });
    }

    ~SignalStorm() {
        stop_ = true;
        thread_.join();
        ::sigaction(SIGUSR1, &before_, nullptr);
    }

    SignalStorm(SignalStorm const&) = delete;
    SignalStorm& operator=(SignalStorm const&) = delete;

  private:
    static inline std::atomic<bool> handled_ = true;

    struct sigaction before_ {};

    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a message sent before the server exists arrives when it does") {
    Loop loop;
    std::optional<ReservedPort> port(std::in_place);
    auto const endpoint = port->endpoint();
    Client client(loop, endpoint);
    REQUIRE(client.socket->send(wire::Ping{}, 5));
    loop.until([&] { return !client.states.empty(); });
    CHECK_FALSE(client.connected());
    port.reset();
    std::uint64_t got = 0;
    auto const server = ControlServer::bind(
        loop.reactor(), endpoint, Security::none(),
        {[&](wire::Sender const&, wire::Envelope&& e) { got = e.request; }, nullptr});
    REQUIRE(server.ok());
    loop.until([&] { return got == 5 && client.connected(); });
}

TEST_CASE("a client is told when the connection is lost and when it is back") {
    Loop loop;
    auto server = std::make_unique<Server>(loop);
    auto const endpoint = server->socket->endpoint();
    Client client(loop, endpoint);
    loop.until([&] { return client.connected(); });
    server.reset();
    loop.until([&] { return !client.connected(); });
    CHECK(client.states.back() == ControlClient::Connection::lost);
    // From then on nobody is there.
    loop.until([&] { return client.states.back() == ControlClient::Connection::refused; });
}

TEST_CASE("what a client sends before it is connected arrives whole and in its order") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    for (std::uint64_t i = 1; i < 2'000; ++i) {
        REQUIRE(client.socket->send(wire::Leave{}, i));
    }
    loop.until([&] { return server.messages.size() == 1'999; });
    for (std::size_t i = 0; i < server.messages.size(); ++i) {
        CHECK(server.messages[i].request == i + 1);
    }
}

TEST_CASE("a server that sends a message without end is cut, and the client learns why") {
    Loop loop;
    TcpServer const listening;
    Client client(loop, listening.endpoint());
    ZmtpStranger const stranger(listening.accept(), "ROUTER");
    auto const frame = ZmtpStranger::frame(std::string(50'000, 'x'), true);
    for (int i = 0; i < 10; ++i) {
        stranger.say(frame);
    }
    loop.until([&] { return !client.garbage.empty(); });
    CHECK(client.garbage[0].find("does not end") != std::string::npos);
    loop.until(
        [&] { return std::ranges::count(client.states, ControlClient::Connection::lost) > 0; });
}

TEST_CASE("a client comes from the address that it is given") {
    Loop loop;
    Server server(loop);
    auto const client =
        ControlClient::connect(loop.reactor(), server.socket->endpoint(), Security::none(),
                               {[](wire::Envelope&&) {}, nullptr, nullptr}, "127.0.0.77");
    REQUIRE(client.ok());
    (*client)->send(wire::Ping{}, 1);
    loop.until([&] { return server.messages.size() == 1; });
    CHECK(server.last_sender.host == "127.0.0.77");
}

TEST_CASE("where the system gives no descriptors a socket is refused, and nothing is left behind") {
    Loop loop;
    Server server(loop);
    loop.until([] { return true; });
    auto const before = open_descriptors();
    for (std::size_t left = 0; left < 24; ++left) {
        {
            test::DescriptorShortage const shortage(left);
            auto const client =
                ControlClient::connect(loop.reactor(), server.socket->endpoint(), Security::none(),
                                       {[](wire::Envelope&&) {}, nullptr, nullptr});
            auto const other = ControlServer::bind(loop.reactor(), anywhere, Security::none(), {});
            CHECK(client.ok() == (left >= 12));
            // The client has taken two, and its connection one or two more.
            CHECK((other.ok() || left < 12 + 4));
            CHECK((!other.ok() || left >= 12 + 2));
            if (!client) {
                CHECK(client.error().code == Errc::network);
                CHECK(client.error().message.find("ulimit -n") != std::string::npos);
            }
        }
        // libzmq closes its sockets on a thread of its own.
        loop.until([&] { return open_descriptors() == before; });
    }
    Client client(loop, server.socket->endpoint());
    client.socket->send(wire::Ping{}, 1);
    loop.until([&] { return client.messages.size() == 1; });
}

TEST_CASE("no socket uses ZMTP heartbeats, whose timer can end the process") {
    zmq::context_t context;
    for (auto const make : {make_router, make_dealer, make_pull, make_push}) {
        CHECK(make(context).get(zmq::sockopt::heartbeat_ivl) == 0);
    }
}

TEST_CASE("a client whose queue is full says so instead of waiting") {
    Loop loop;
    ReservedPort const port;
    Client client(loop, port.endpoint());
    int sent = 0;
    while (client.socket->send(wire::Ping{}, 1)) {
        ++sent;
        REQUIRE(sent < 100'000);
    }
    // A queue, and a MiB of what takes more memory than it has bytes.
    CHECK(sent > 1'000);
    CHECK(sent < 20'000);
}

TEST_CASE("a client learns that the other side speaks another protocol") {
    Loop loop;
    PlainServer server(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    Client client(loop, server.endpoint());
    client.socket->send(wire::Ping{}, 1);
    loop.until([&] { return !client.garbage.empty(); });
    CHECK_FALSE(client.garbage[0].empty());
    CHECK(client.messages.empty());
}

TEST_CASE("a client learns that the other side hangs up without a word") {
    Loop loop;
    PlainServer server("");
    Client client(loop, server.endpoint());
    loop.until([&] { return !client.garbage.empty(); });
}

TEST_CASE("an answer that is no message is reported to the client") {
    Loop loop;
    zmq::context_t context;
    zmq::socket_t router(context, ZMQ_ROUTER);
    router.set(zmq::sockopt::linger, 0);
    router.bind("tcp://127.0.0.1:*");
    Client client(loop, *wire::parse_endpoint(router.get(zmq::sockopt::last_endpoint)));
    client.socket->send(wire::Ping{}, 1);
    zmq::message_t id;
    loop.until([&] { return router.recv(id, zmq::recv_flags::dontwait).has_value(); });
    std::string const text = "hello";
    router.send(id, zmq::send_flags::sndmore);
    router.send(zmq::buffer(text), zmq::send_flags::none);
    loop.until([&] { return !client.garbage.empty(); });
}

TEST_CASE("an address that cannot be one is refused when connecting") {
    Loop loop;
    // A name would be looked up on the thread that carries all connections.
    for (auto const* const host : {"a b", "localhost", "127.1", ""}) {
        auto const connected =
            ControlClient::connect(loop.reactor(), {host, 1}, Security::none(), {});
        REQUIRE_FALSE(connected.ok());
        CHECK(connected.error().code == Errc::network);
    }
}

TEST_CASE("a callback may destroy the socket that called it and go on") {
    Loop loop;
    Server server(loop);
    std::unique_ptr<ControlClient> client;
    std::string log;
    // What the callback holds must outlive the socket: it is still running.
    std::string const word(100, 'w');
    auto connected =
        ControlClient::connect(loop.reactor(), server.socket->endpoint(), Security::none(),
                               {[&client, &log, word](wire::Envelope&&) {
                                    client.reset();
                                    log += word;
                                },
                                nullptr, nullptr});
    REQUIRE(connected.ok());
    client = std::move(*connected);
    client->send(wire::Ping{}, 1);
    client->send(wire::Ping{}, 2);
    loop.until([&] { return server.messages.size() == 2 && !client; });
    CHECK(log == word);
}

TEST_CASE("a callback on the connection's state may destroy its socket") {
    Loop loop;
    Server server(loop);
    std::unique_ptr<ControlClient> client;
    std::string log;
    std::string const word(100, 'w');
    auto connected =
        ControlClient::connect(loop.reactor(), server.socket->endpoint(), Security::none(),
                               {[](wire::Envelope&&) {}, nullptr,
                                [&client, &log, word](auto, auto const&) {
                                    client.reset();
                                    log += word;
                                }});
    REQUIRE(connected.ok());
    client = std::move(*connected);
    loop.until([&] { return !client; });
    CHECK(log == word);
}

TEST_CASE("signals that interrupt the reactor's thread do not disturb the dialogue") {
    Loop loop;
    Server server(loop);
    std::unique_ptr<ControlClient> client;
    std::uint64_t answered = 0;
    auto connected =
        ControlClient::connect(loop.reactor(), server.socket->endpoint(), Security::none(),
                               {[&](wire::Envelope&& envelope) {
                                    answered = envelope.request;
                                    client->send(wire::Ping{}, answered + 1);
                                },
                                nullptr, nullptr});
    REQUIRE(connected.ok());
    client = std::move(*connected);
    SignalStorm const storm;
    client->send(wire::Ping{}, 1);
    loop.until([&] { return answered >= 5'000; });
}
