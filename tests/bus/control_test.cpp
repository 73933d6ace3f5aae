#include "bus/sockets.hpp"
#include "catch.hpp"
#include "loop.hpp"
#include "samples.hpp"
#include "tcp.hpp"
#include "zmtp.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/wire/limits.hpp>

#include <zmq.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::bus;
using namespace std::chrono_literals;

namespace {

wire::Endpoint const anywhere{"127.0.0.1", 0};

/// A server that notes what it gets and answers every Ping.
struct Server {
    explicit Server(Loop& loop) {
        auto bound = ControlServer::bind(
            loop.reactor(), anywhere,
            {[this](Route const& route, std::string const& host, wire::Envelope&& envelope) {
                 last_route = route;
                 last_host = host;
                 if (std::holds_alternative<wire::Ping>(envelope.message)) {
                     socket->send(route, wire::Pong{7}, envelope.request);
                 }
                 messages.push_back(std::move(envelope));
             },
             [this](Route const&, std::string const&, wire::DecodeError const& error) {
                 garbage.push_back(error);
             },
             [this](Route const& route) { closed.push_back(route); },
             [this](std::string const& what) { troubles.push_back(what); }});
        REQUIRE(bound.ok());
        socket = std::move(*bound);
    }

    std::unique_ptr<ControlServer> socket;
    std::vector<wire::Envelope> messages;
    std::vector<wire::DecodeError> garbage;
    std::vector<Route> closed;
    std::vector<std::string> troubles;
    Route last_route;
    std::string last_host;
};

struct Client {
    Client(Loop& loop, wire::Endpoint const& endpoint) {
        auto connected = ControlClient::connect(
            loop.reactor(), endpoint,
            {[this](wire::Envelope&& envelope) { messages.push_back(std::move(envelope)); },
             [this](std::string const& why) { garbage.push_back(why); },
             [this](bool now) { states.push_back(now); }});
        REQUIRE(connected.ok());
        socket = std::move(*connected);
    }

    [[nodiscard]] bool connected() const { return !states.empty() && states.back(); }

    std::unique_ptr<ControlClient> socket;
    std::vector<wire::Envelope> messages;
    std::vector<std::string> garbage;
    std::vector<bool> states;
};

/// A stranger with a DEALER of his own, who sends whatever he likes.
class Stranger {
  public:
    /// `unread_most`: so many messages are taken in before they are read; 0: any number.
    explicit Stranger(wire::Endpoint const& endpoint, int unread_most = 0)
        : socket_(context_, ZMQ_DEALER) {
        socket_.set(zmq::sockopt::linger, 0);
        socket_.set(zmq::sockopt::rcvhwm, unread_most);
        socket_.connect(endpoint.to_zmq());
    }

    void send(std::vector<std::string> const& frames) {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            auto const more =
                i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            REQUIRE(socket_.send(zmq::buffer(frames[i]), more));
        }
    }

    /// The next Failure that has come; other messages are passed over.
    std::optional<std::pair<wire::Failure, std::uint64_t>> failure() {
        zmq::message_t header;
        zmq::message_t body;
        while (socket_.recv(header, zmq::recv_flags::dontwait) &&
               socket_.recv(body, zmq::recv_flags::dontwait)) {
            auto decoded = wire::decode(header.to_string_view(), body.to_string_view());
            auto const* envelope = std::get_if<wire::Envelope>(&decoded);
            REQUIRE(envelope != nullptr);
            if (auto const* failure = std::get_if<wire::Failure>(&envelope->message)) {
                return std::pair{*failure, envelope->request};
            }
        }
        return std::nullopt;
    }

  private:
    zmq::context_t context_;
    zmq::socket_t socket_;
};

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

TEST_CASE("a client's request reaches the server and the answer comes back with its number") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    REQUIRE(client.socket->send(wire::Ping{}, 42));
    loop.until([&] { return !client.messages.empty(); });
    CHECK(client.messages[0].request == 42);
    CHECK(client.messages[0].message == wire::Message(wire::Pong{7}));
    CHECK(server.messages[0].request == 42);
    CHECK(server.last_host == "127.0.0.1");
    loop.until([&] { return client.connected(); });
}

TEST_CASE("every type of message travels both ways") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    auto const messages = wire::samples::one_of_each();
    for (auto const& message : messages) {
        REQUIRE(client.socket->send(message, 1));
    }
    loop.until([&] { return server.messages.size() == messages.size(); });
    loop.until([&] { return !client.messages.empty(); });  // the Pong
    for (std::size_t i = 0; i < messages.size(); ++i) {
        CHECK(server.messages[i].message == messages[i]);
        CHECK(server.socket->send(server.last_route, messages[i], 2) == ControlServer::Sent::yes);
    }
    loop.until([&] { return client.messages.size() == messages.size() + 1; });
    for (std::size_t i = 0; i < messages.size(); ++i) {
        CHECK(client.messages[i + 1].message == messages[i]);
    }
}

TEST_CASE("two clients have two routes") {
    Loop loop;
    Server server(loop);
    Client first(loop, server.socket->endpoint());
    Client second(loop, server.socket->endpoint());
    first.socket->send(wire::Ping{}, 1);
    loop.until([&] { return !first.messages.empty(); });
    auto const route = server.last_route;
    second.socket->send(wire::Ping{}, 2);
    loop.until([&] { return !second.messages.empty(); });
    CHECK(server.last_route != route);
    server.socket->send(route, wire::Left{3}, 9);
    loop.until([&] { return first.messages.size() == 2; });
    CHECK(first.messages[1].message == wire::Message(wire::Left{3}));
    CHECK(second.messages.size() == 1);
}

TEST_CASE("a message to a client that was destroyed is reported as gone") {
    Loop loop;
    Server server(loop);
    {
        Client client(loop, server.socket->endpoint());
        client.socket->send(wire::Ping{}, 1);
        loop.until([&] { return !client.messages.empty(); });
    }
    loop.until([&] {
        return server.socket->send(server.last_route, wire::Ping{}) == ControlServer::Sent::gone;
    });
    CHECK(server.socket->send(Route{"never seen"}, wire::Ping{}) == ControlServer::Sent::gone);
}

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
        loop.reactor(), endpoint,
        {[&](Route const&, std::string const&, wire::Envelope&& e) { got = e.request; }, nullptr});
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
}

TEST_CASE("frames that are no message are answered with a Failure that says why") {
    Loop loop;
    Server server(loop);
    Stranger stranger(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 11);
    auto unknown = ping.header;
    unknown[5] = '\x7E';
    auto later_version = ping.header;
    later_version[4] = '\x02';

    struct Case {
        std::vector<std::string> frames;
        wire::ErrorCode code;
        std::uint64_t request;
    };

    std::vector<Case> const cases = {
        {{"hello", "world"}, wire::ErrorCode::bad_message, 0},
        {{"hello"}, wire::ErrorCode::bad_message, 0},
        {{""}, wire::ErrorCode::bad_message, 0},
        {{ping.header, ping.body, "more"}, wire::ErrorCode::bad_message, 0},
        {{"", ping.header, ping.body}, wire::ErrorCode::bad_message, 0},
        {{ping.header, "\xC1"}, wire::ErrorCode::bad_message, 11},
        {{unknown, ping.body}, wire::ErrorCode::unsupported, 11},
        {{later_version, ping.body}, wire::ErrorCode::unsupported, 11},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        stranger.send(cases[i].frames);
        std::optional<std::pair<wire::Failure, std::uint64_t>> answer;
        loop.until([&] { return (answer = stranger.failure()).has_value(); });
        CHECK(answer->first.code == cases[i].code);
        CHECK_FALSE(answer->first.reason.empty());
        CHECK(answer->second == cases[i].request);
        CHECK(server.garbage.size() == i + 1);
    }
    CHECK(server.messages.empty());
}

TEST_CASE("a message of many frames is dropped whole and the next one is read") {
    Loop loop;
    Server server(loop);
    Stranger stranger(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 12);
    stranger.send(std::vector<std::string>(500, ping.header));
    stranger.send({ping.header, ping.body});
    loop.until([&] { return !server.messages.empty(); });
    CHECK(server.messages[0].request == 12);
}

TEST_CASE("a frame that is too large disconnects its sender and nobody else") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    client.socket->send(wire::Ping{}, 1);
    loop.until([&] { return client.messages.size() == 1; });
    auto const route = server.last_route;

    Stranger stranger(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 2);
    stranger.send({ping.header, ping.body});
    loop.until([&] { return server.messages.size() == 2; });
    auto const stranger_route = server.last_route;
    stranger.send({ping.header, std::string(wire::limits::control_body_bytes + 1, 'x')});
    loop.until([&] {
        return server.socket->send(stranger_route, wire::Ping{}) == ControlServer::Sent::gone;
    });
    CHECK(server.garbage.empty());

    CHECK(server.socket->send(route, wire::Pong{1}, 3) == ControlServer::Sent::yes);
    loop.until([&] { return client.messages.size() == 2; });
}

TEST_CASE("a client that does not read loses its connection, and nobody else does") {
    Loop loop;
    Server server(loop);
    Stranger sleeper(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 1);
    sleeper.send({ping.header, ping.body});
    loop.until([&] { return server.messages.size() == 1; });
    auto const sleeper_route = server.last_route;
    Client client(loop, server.socket->endpoint());
    client.socket->send(wire::Ping{}, 2);
    loop.until([&] { return client.messages.size() == 1; });
    auto const route = server.last_route;

    wire::Manifests const large{{{{}, 1, 0, std::string(20'000, 'm')}}};
    int sent = 0;
    while (server.socket->send(sleeper_route, large) == ControlServer::Sent::yes) {
        REQUIRE(++sent < 100'000);
    }
    // What the systems' buffers hold, and two queues' worth.
    CHECK(sent < 1'000);
    loop.until([&] { return server.closed == std::vector{sleeper_route}; });
    CHECK(server.troubles.size() == 1);
    CHECK(server.socket->send(route, wire::Pong{1}, 3) == ControlServer::Sent::yes);
    loop.until([&] { return client.messages.size() == 2; });
}

TEST_CASE("what a slow client is sent arrives whole and in its order") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    client.socket->send(wire::Ping{}, 1);
    loop.until([&] { return client.messages.size() == 1; });
    // Far more than the queues hold; nobody reads before all is sent.
    for (std::uint64_t i = 2; i < 2'000; ++i) {
        REQUIRE(server.socket->send(server.last_route, wire::Pong{}, i) ==
                ControlServer::Sent::yes);
    }
    loop.until([&] { return client.messages.size() == 1'999; });
    for (std::size_t i = 0; i < client.messages.size(); ++i) {
        CHECK(client.messages[i].request == i + 1);
    }
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

TEST_CASE("who asks for more without reading what was answered is told that it is busy") {
    Loop loop;
    std::size_t asked = 0;
    std::unique_ptr<ControlServer> server;
    wire::Manifests const large{{{{}, 190'000, 0, std::string(190'000, 'm')}}};
    auto bound = ControlServer::bind(
        loop.reactor(), anywhere,
        {[&](Route const& route, std::string const&, wire::Envelope&& envelope) {
             ++asked;
             CHECK(server->send(route, large, envelope.request) == ControlServer::Sent::yes);
         },
         nullptr});
    REQUIRE(bound.ok());
    server = std::move(*bound);
    Stranger stranger(server->endpoint(), 1);
    auto const question = wire::encode(wire::GetManifests{{wire::ContentId{}}}, 1);
    for (int i = 0; i < 200; ++i) {
        stranger.send({question.header, question.body});
    }
    // The rest gets a Failure, which is small.
    loop.until([&] { return asked > 5; });
    CHECK(loop.stays_quiet([&] { return asked > 100; }, 100ms));
    std::optional<std::pair<wire::Failure, std::uint64_t>> answer;
    loop.until([&] { return (answer = stranger.failure()).has_value(); });
    CHECK(answer->first.code == wire::ErrorCode::busy);
}

TEST_CASE("a connection that sends a message without end is cut") {
    Loop loop;
    Server server(loop);
    ZmtpStranger const stranger(server.socket->endpoint(), "DEALER");
    auto const ping = wire::encode(wire::Ping{}, 1);
    stranger.say(ZmtpStranger::frame(ping.header, true) + ZmtpStranger::frame(ping.body, false));
    loop.until([&] { return server.messages.size() == 1; });
    // Either is more than a message can have; the empty frames take 64 bytes of memory each.
    auto const large = ZmtpStranger::frame(std::string(50'000, 'x'), true);
    auto const empty = ZmtpStranger::frame("", true);
    bool const small = GENERATE(false, true);
    for (int i = 0; i < (small ? 200'000 : 10); ++i) {
        if (!stranger.say(small ? empty : large)) {
            break;
        }
    }
    loop.until([&] { return server.closed.size() == 1; });
    CHECK(server.messages.size() == 1);
    REQUIRE(server.troubles.size() == 1);
    CHECK(server.troubles[0].find("127.0.0.1") != std::string::npos);
    CHECK(server.troubles[0].find("does not end") != std::string::npos);
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
    loop.until([&] { return std::ranges::count(client.states, false) > 0; });
}

TEST_CASE("no more connections are kept than there is room for") {
    Loop loop;
    std::vector<Route> closed;
    std::size_t heard = 0;
    auto const server =
        ControlServer::bind(loop.reactor(), anywhere,
                            {.on_message = [&](auto const&, auto const&, auto&&) { ++heard; },
                             .on_garbage = nullptr,
                             .on_closed = [&](Route const& route) { closed.push_back(route); }},
                            3);
    REQUIRE(server.ok());
    Client honest(loop, (*server)->endpoint());
    honest.socket->send(wire::Ping{}, 1);
    loop.until([&] { return heard == 1; });
    std::vector<Stranger> strangers;
    for (int i = 0; i < 10; ++i) {
        strangers.emplace_back((*server)->endpoint());
    }
    auto const port = (*server)->endpoint().port;
    // The strangers come again and again; those that say nothing go first.
    CHECK(loop.stays_quiet([&] { return !closed.empty(); }, 500ms));
    CHECK(accepted_at(port).size() < 6);
    honest.socket->send(wire::Ping{}, 2);
    loop.until([&] { return heard == 2; });
}

TEST_CASE("a server learns that a connection is gone without sending anything") {
    Loop loop;
    Server server(loop);
    {
        Client client(loop, server.socket->endpoint());
        client.socket->send(wire::Ping{}, 1);
        loop.until([&] { return client.messages.size() == 1; });
    }
    loop.until([&] { return server.closed == std::vector{server.last_route}; });
}

TEST_CASE("a client comes from the address that it is given") {
    Loop loop;
    Server server(loop);
    auto const client =
        ControlClient::connect(loop.reactor(), server.socket->endpoint(),
                               {[](wire::Envelope&&) {}, nullptr, nullptr}, "127.0.0.77");
    REQUIRE(client.ok());
    (*client)->send(wire::Ping{}, 1);
    loop.until([&] { return server.messages.size() == 1; });
    CHECK(server.last_host == "127.0.0.77");
}

TEST_CASE("where the system gives no descriptors a socket is refused, and nothing is left behind") {
    Loop loop;
    Server server(loop);
    loop.until([] { return true; });
    auto const before = open_descriptors();
    for (std::size_t left = 0; left < 24; ++left) {
        {
            test::DescriptorShortage const shortage(left);
            auto const client = ControlClient::connect(loop.reactor(), server.socket->endpoint(),
                                                       {[](wire::Envelope&&) {}, nullptr, nullptr});
            auto const other = ControlServer::bind(loop.reactor(), anywhere, {});
            CHECK(client.ok() == (left >= 12));
            // The client has taken three, and its connection one or two more.
            CHECK((other.ok() || left < 12 + 5));
            CHECK((!other.ok() || left >= 12 + 3));
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

TEST_CASE("an address in use or not this machine's is a network error with a reason") {
    Loop loop;
    Server server(loop);
    auto const refused = [&](wire::Endpoint const& endpoint, std::string const& why) {
        auto const bound = ControlServer::bind(loop.reactor(), endpoint, {});
        REQUIRE_FALSE(bound.ok());
        CHECK(bound.error().code == Errc::network);
        CHECK(bound.error().message.find(why) != std::string::npos);
    };
    refused(server.socket->endpoint(), "in use");
    refused({"192.0.2.1", 0}, "no such address");
    refused({"no-such-host.invalid", 0}, "no-such-host.invalid");
}

TEST_CASE("an address that cannot be one is refused when connecting") {
    Loop loop;
    // A name would be looked up on the thread that carries all connections.
    for (auto const* const host : {"a b", "localhost", "127.1", ""}) {
        auto const connected = ControlClient::connect(loop.reactor(), {host, 1}, {});
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
    auto connected = ControlClient::connect(loop.reactor(), server.socket->endpoint(),
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
    auto connected = ControlClient::connect(loop.reactor(), server.socket->endpoint(),
                                            {[](wire::Envelope&&) {}, nullptr,
                                             [&client, &log, word](bool) {
                                                 client.reset();
                                                 log += word;
                                             }});
    REQUIRE(connected.ok());
    client = std::move(*connected);
    loop.until([&] { return !client; });
    CHECK(log == word);
}

TEST_CASE("a server may be destroyed by its own callback") {
    Loop loop;
    std::unique_ptr<ControlServer> server;
    std::string log;
    std::string const word(100, 'w');
    auto const stop = [&server, &log, word] {
        server.reset();
        log += word;
    };
    for (bool const garbage : {false, true}) {
        log.clear();
        auto bound = ControlServer::bind(
            loop.reactor(), anywhere,
            {[stop](Route const&, std::string const&, wire::Envelope&&) { stop(); },
             [stop](Route const&, std::string const&, wire::DecodeError const&) { stop(); }});
        REQUIRE(bound.ok());
        server = std::move(*bound);
        Stranger stranger(server->endpoint());
        auto const ping = wire::encode(wire::Ping{}, 1);
        stranger.send({ping.header, garbage ? "garbage" : ping.body});
        stranger.send({ping.header, ping.body});
        loop.until([&] { return !server; });
        CHECK(log == word);
    }
}

TEST_CASE("a callback may destroy another socket that has something to read") {
    Loop loop;
    std::vector<std::unique_ptr<ControlServer>> servers(2);
    int calls = 0;
    for (auto& server : servers) {
        auto bound = ControlServer::bind(loop.reactor(), anywhere,
                                         {[&](Route const&, std::string const&, wire::Envelope&&) {
                                              ++calls;
                                              servers.clear();
                                          },
                                          nullptr});
        REQUIRE(bound.ok());
        server = std::move(*bound);
    }
    Stranger first(servers[0]->endpoint());
    Stranger second(servers[1]->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 1);
    first.send({ping.header, ping.body});
    second.send({ping.header, ping.body});
    loop.until([&] { return servers.empty(); });
    CHECK(loop.stays_quiet([&] { return calls > 1; }, 10ms));
}

TEST_CASE("signals that interrupt the reactor's thread do not disturb the dialogue") {
    Loop loop;
    Server server(loop);
    std::unique_ptr<ControlClient> client;
    std::uint64_t answered = 0;
    auto connected = ControlClient::connect(loop.reactor(), server.socket->endpoint(),
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
