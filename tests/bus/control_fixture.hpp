#pragma once

#include "catch.hpp"
#include "loop.hpp"

#include <xfsbus/bus/control.hpp>

#include <zmq.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the tests of both ends of a control connection share.
namespace xfsbus::bus {

inline wire::Endpoint const anywhere{"127.0.0.1", 0};

/// A server that notes what it gets and answers every Ping.
struct Server {
    explicit Server(Loop& loop) {
        auto bound = ControlServer::bind(
            loop.reactor(), anywhere, Security::none(),
            {[this](wire::Sender const& sender, wire::Envelope&& envelope) {
                 last_sender = sender;
                 if (std::holds_alternative<wire::Ping>(envelope.message)) {
                     socket->send(sender.route, wire::Pong{7}, envelope.request);
                 }
                 messages.push_back(std::move(envelope));
             },
             [this](wire::Sender const& sender, wire::DecodeError const& error) {
                 last_sender = sender;
                 garbage.push_back(error);
             },
             [this](wire::Route const& route) { closed.push_back(route); },
             [this](std::string const& what) { troubles.push_back(what); }});
        REQUIRE(bound.ok());
        socket = std::move(*bound);
    }

    std::unique_ptr<ControlServer> socket;
    std::vector<wire::Envelope> messages;
    std::vector<wire::DecodeError> garbage;
    std::vector<wire::Route> closed;
    std::vector<std::string> troubles;
    wire::Sender last_sender;
};

struct Client {
    Client(Loop& loop, wire::Endpoint const& endpoint) {
        auto connected = ControlClient::connect(
            loop.reactor(), endpoint, Security::none(),
            {[this](wire::Envelope&& envelope) { messages.push_back(std::move(envelope)); },
             [this](std::string const& why) { garbage.push_back(why); },
             [this](auto now, auto const&) { states.push_back(now); }});
        REQUIRE(connected.ok());
        socket = std::move(*connected);
    }

    [[nodiscard]] bool connected() const {
        return !states.empty() && states.back() == ControlClient::Connection::up;
    }

    std::unique_ptr<ControlClient> socket;
    std::vector<wire::Envelope> messages;
    std::vector<std::string> garbage;
    std::vector<ControlClient::Connection> states;
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

}  // namespace xfsbus::bus
