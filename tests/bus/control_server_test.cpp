#include "catch.hpp"
#include "control_fixture.hpp"
#include "loop.hpp"
#include "samples.hpp"
#include "tcp.hpp"
#include "zmtp.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/wire/limits.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::bus;
using namespace std::chrono_literals;

TEST_CASE("a client's request reaches the server and the answer comes back with its number") {
    Loop loop;
    Server server(loop);
    Client client(loop, server.socket->endpoint());
    REQUIRE(client.socket->send(wire::Ping{}, 42));
    loop.until([&] { return !client.messages.empty(); });
    CHECK(client.messages[0].request == 42);
    CHECK(client.messages[0].message == wire::Message(wire::Pong{7}));
    CHECK(server.messages[0].request == 42);
    loop.until([&] { return client.connected(); });
}

TEST_CASE("a server tells who sent a message, or what is none: by which address, and no key") {
    Loop loop;
    Server server(loop);
    Stranger stranger(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 1);
    stranger.send({ping.header, ping.body});
    loop.until([&] { return server.messages.size() == 1; });
    auto const first = std::exchange(server.last_sender, {});
    stranger.send({"garbage"});
    loop.until([&] { return server.garbage.size() == 1; });
    CHECK(server.last_sender.route == first.route);
    for (auto const& sender : {first, server.last_sender}) {
        CHECK(sender.host == "127.0.0.1");
        CHECK(sender.key.empty());
    }
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
        CHECK(server.socket->send(server.last_sender.route, messages[i], 2) ==
              ControlServer::Sent::yes);
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
    auto const route = server.last_sender.route;
    second.socket->send(wire::Ping{}, 2);
    loop.until([&] { return !second.messages.empty(); });
    CHECK(server.last_sender.route != route);
    server.socket->send(route, wire::Left{3}, 9);
    loop.until([&] { return first.messages.size() == 2; });
    CHECK(first.messages[1].message == wire::Message(wire::Left{3}));
    CHECK(second.messages.size() == 1);
}

TEST_CASE("a server says of each connection whose messages it took whether its end will be told") {
    Loop loop;
    Server server(loop);
    std::optional<Client> client(std::in_place, loop, server.socket->endpoint());
    client->socket->send(wire::Ping{}, 1);
    loop.until([&] { return !client->messages.empty(); });
    auto const route = server.last_sender.route;
    CHECK(server.socket->tells_end(route));
    CHECK_FALSE(server.socket->tells_end("nobody"));
    client.reset();
    loop.until([&] { return server.closed == std::vector{route}; });
    CHECK_FALSE(server.socket->tells_end(route));
}

TEST_CASE(
    "that a connection's end will be told is known at its first message, whatever came before") {
    // More than are read of the monitor at once: they come and go while nobody reads.
    constexpr int others = 1000;
    Loop loop;
    std::vector<bool> told;
    std::unique_ptr<ControlServer> sut;
    sut =
        ControlServer::bind(
            loop.reactor(), anywhere, Security::none(),
            {.on_message = [&](wire::Sender const& sender,
                               wire::Envelope&&) { told.push_back(sut->tells_end(sender.route)); },
             .on_garbage = {}})
            .value();
    for (int i = 0; i < others; ++i) {
        ZmtpStranger const stranger(sut->endpoint(), "DEALER");
    }
    ZmtpStranger const speaker(sut->endpoint(), "DEALER");
    auto const frames = wire::encode(wire::Ping{}, 1);
    speaker.say(ZmtpStranger::frame(frames.header, true) + ZmtpStranger::frame(frames.body, false));
    loop.until([&] { return !told.empty(); });
    CHECK(told == std::vector{true});
}

TEST_CASE("who is given the descriptor of one who said nothing is answered") {
    Loop loop;
    Server server(loop);
    auto const frames = wire::encode(wire::Ping{}, 1);
    auto const ping =
        ZmtpStranger::frame(frames.header, true) + ZmtpStranger::frame(frames.body, false);
    auto const before = open_descriptors();
    {
        ZmtpStranger const silent(server.socket->endpoint(), "DEALER");
        loop.until([turns = 0]() mutable { return ++turns > 3; });  // its beginning is known
    }
    auto const deadline = std::chrono::steady_clock::now() + 20s;
    while (open_descriptors() > before) {  // libzmq has told its end by then
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::yield();
    }
    ZmtpStranger const speaker(server.socket->endpoint(), "DEALER");
    REQUIRE(speaker.say(ping));
    loop.until([&] { return speaker.has_word(); });
    CHECK(server.messages.size() == 1);
    CHECK(server.socket->tells_end(server.last_sender.route));
}

TEST_CASE("an end that was there first is told before the messages that came later") {
    Loop loop;
    Server server(loop);
    std::optional<Client> goes(std::in_place, loop, server.socket->endpoint());
    Client stays(loop, server.socket->endpoint());
    goes->socket->send(wire::Ping{}, 1);
    loop.until([&] { return !goes->messages.empty(); });
    auto const route = server.last_sender.route;
    goes.reset();
    // When sending says so, libzmq has told its monitor as well.
    loop.until([&] {
        return server.socket->send(route, wire::Ping{}) == ControlServer::Sent::gone ||
               !server.closed.empty();
    });
    stays.socket->send(wire::Ping{}, 2);
    loop.until([&] { return !stays.messages.empty(); });
    CHECK(server.closed == std::vector{route});
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
        return server.socket->send(server.last_sender.route, wire::Ping{}) ==
               ControlServer::Sent::gone;
    });
    CHECK(server.socket->send("never seen", wire::Ping{}) == ControlServer::Sent::gone);
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

TEST_CASE("what says that it is a Failure is not answered, however wrong it is") {
    Loop loop;
    Server server(loop);
    Stranger stranger(server.socket->endpoint());
    auto const failure = wire::encode(wire::Failure{wire::ErrorCode::busy, "no", 0}, 11);
    auto later_version = failure.header;
    later_version[4] = '\x02';
    std::string const unknown_code =
        "\x82\xA4"
        "code\x63\xA6"
        "reason\xA0";
    std::vector<std::vector<std::string>> const wrong = {
        {failure.header, unknown_code},
        {failure.header, "\x80"},
        {failure.header, ""},
        {failure.header, "\xC1"},
        {later_version, failure.body},
        {failure.header},
        {failure.header, failure.body, "more"},
    };
    for (auto const& frames : wrong) {
        stranger.send(frames);
    }
    // Answers come in their order: this one's is the first.
    stranger.send({wire::encode(wire::Ping{}, 12).header, "\xC1"});
    std::optional<std::pair<wire::Failure, std::uint64_t>> answer;
    loop.until([&] { return (answer = stranger.failure()).has_value(); });
    CHECK(answer->second == 12);
    CHECK(server.garbage.size() == wrong.size() + 1);
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
    auto const route = server.last_sender.route;

    Stranger stranger(server.socket->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 2);
    stranger.send({ping.header, ping.body});
    loop.until([&] { return server.messages.size() == 2; });
    auto const stranger_route = server.last_sender.route;
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
    Stranger sleeper(server.socket->endpoint(), 1);
    auto const ping = wire::encode(wire::Ping{}, 1);
    sleeper.send({ping.header, ping.body});
    loop.until([&] { return server.messages.size() == 1; });
    auto const sleeper_route = server.last_sender.route;
    Client client(loop, server.socket->endpoint());
    client.socket->send(wire::Ping{}, 2);
    loop.until([&] { return client.messages.size() == 1; });
    auto const route = server.last_sender.route;

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
        REQUIRE(server.socket->send(server.last_sender.route, wire::Pong{}, i) ==
                ControlServer::Sent::yes);
    }
    loop.until([&] { return client.messages.size() == 1'999; });
    for (std::size_t i = 0; i < client.messages.size(); ++i) {
        CHECK(client.messages[i].request == i + 1);
    }
}

TEST_CASE("each of several who ask much at once gets all of its own answers, in its order") {
    Loop loop;
    Server server(loop);
    constexpr std::uint64_t each = 300;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<Client>(loop, server.socket->endpoint()));
    }
    for (std::uint64_t request = 1; request <= each; ++request) {
        for (auto const& client : clients) {
            REQUIRE(client->socket->send(wire::Ping{}, request));
        }
    }
    for (auto const& client : clients) {
        loop.until([&] { return client->messages.size() == each; });
        for (std::size_t i = 0; i < client->messages.size(); ++i) {
            CHECK(client->messages[i].request == i + 1);
        }
    }
}

TEST_CASE("who asks for more without reading what was answered is told that it is busy") {
    Loop loop;
    std::size_t asked = 0;
    std::unique_ptr<ControlServer> server;
    wire::Manifests const large{{{{}, 190'000, 0, std::string(190'000, 'm')}}};
    auto bound = ControlServer::bind(
        loop.reactor(), anywhere, Security::none(),
        {[&](wire::Sender const& sender, wire::Envelope&& envelope) {
             ++asked;
             CHECK(server->send(sender.route, large, envelope.request) == ControlServer::Sent::yes);
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
    CHECK(answer->second == 1);
}

TEST_CASE("a question of who does not read what was answered is refused before its body is read") {
    Loop loop;
    std::unique_ptr<ControlServer> server;
    wire::Manifests const large{{{{}, 190'000, 0, std::string(190'000, 'm')}}};
    std::size_t garbage = 0;
    bool read_all = false;
    auto bound = ControlServer::bind(loop.reactor(), anywhere, Security::none(),
                                     {[&](wire::Sender const& sender, wire::Envelope&& envelope) {
                                          read_all =
                                              std::holds_alternative<wire::Ping>(envelope.message);
                                          if (!read_all) {
                                              server->send(sender.route, large, envelope.request);
                                          }
                                      },
                                      [&](auto const&, auto const&) { ++garbage; }});
    REQUIRE(bound.ok());
    server = std::move(*bound);
    Stranger stranger(server->endpoint(), 1);
    auto const question = wire::encode(wire::GetManifests{{wire::ContentId{}}}, 1);
    for (int i = 0; i < 200; ++i) {
        stranger.send({question.header, question.body});
    }
    auto const last = wire::encode(wire::GetManifests{}, 2);
    stranger.send({last.header, "no msgpack"});
    auto const ping = wire::encode(wire::Ping{}, 3);
    stranger.send({ping.header, ping.body});
    loop.until([&] { return read_all; });
    CHECK(garbage == 0);
    std::optional<std::pair<wire::Failure, std::uint64_t>> answer;
    loop.until([&] {
        auto next = stranger.failure();
        answer = next ? next : answer;
        return answer && answer->second == 2;
    });
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

TEST_CASE("no more connections are kept than there is room for") {
    Loop loop;
    std::vector<wire::Route> closed;
    std::size_t heard = 0;
    auto const server = ControlServer::bind(
        loop.reactor(), anywhere, Security::none(),
        {.on_message = [&](auto const&, auto&&) { ++heard; },
         .on_garbage = nullptr,
         .on_closed = [&](wire::Route const& route) { closed.push_back(route); }},
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
    loop.until([&] { return server.closed == std::vector{server.last_sender.route}; });
}

TEST_CASE("an address in use or not this machine's is a network error with a reason") {
    Loop loop;
    Server server(loop);
    auto const refused = [&](wire::Endpoint const& endpoint, std::string const& why) {
        auto const bound = ControlServer::bind(loop.reactor(), endpoint, Security::none(), {});
        REQUIRE_FALSE(bound.ok());
        CHECK(bound.error().code == Errc::network);
        CHECK(bound.error().message.find(why) != std::string::npos);
    };
    refused(server.socket->endpoint(), "in use");
    refused({"192.0.2.1", 0}, "no such address");
    refused({"no-such-host.invalid", 0}, "no-such-host.invalid");
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
            loop.reactor(), anywhere, Security::none(),
            {[stop](wire::Sender const&, wire::Envelope&&) { stop(); },
             [stop](wire::Sender const&, wire::DecodeError const&) { stop(); }});
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

TEST_CASE("a server that is destroyed among messages takes along what it was about to answer") {
    Loop loop;
    std::unique_ptr<ControlServer> server;
    int calls = 0;
    auto bound =
        ControlServer::bind(loop.reactor(), anywhere, Security::none(),
                            {[&](wire::Sender const& sender, wire::Envelope&& envelope) {
                                 server->send(sender.route, wire::Pong{1}, envelope.request);
                                 if (++calls == 3) {
                                     server.reset();
                                 }
                             },
                             nullptr});
    REQUIRE(bound.ok());
    server = std::move(*bound);
    Stranger stranger(server->endpoint());
    auto const ping = wire::encode(wire::Ping{}, 1);
    for (int i = 0; i < 10; ++i) {
        stranger.send({ping.header, ping.body});
    }
    loop.until([&] { return !server; });
    CHECK(loop.stays_quiet([&] { return calls > 3; }, 10ms));
}

TEST_CASE("a callback may destroy another socket that has something to read") {
    Loop loop;
    std::vector<std::unique_ptr<ControlServer>> servers(2);
    int calls = 0;
    for (auto& server : servers) {
        auto bound = ControlServer::bind(loop.reactor(), anywhere, Security::none(),
                                         {[&](wire::Sender const&, wire::Envelope&&) {
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
