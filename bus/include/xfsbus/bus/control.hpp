#pragma once

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// The sockets that carry control messages. All methods and callbacks: reactor thread. A callback
/// may destroy any socket, also the one that called it.
namespace xfsbus::bus {

/// Whom a message to a ControlServer came from: valid as long as that connection lives.
struct Route {
    std::string id;

    friend auto operator<=>(Route const&, Route const&) = default;
};

/// A bound ROUTER: the tracker's, and each peer's for its sinks.
class ControlServer {
  public:
    struct Handler {
        /// `host` is the address of the sender's end of the connection.
        std::function<void(Route const&, std::string const& host, wire::Envelope&&)> on_message;
        /// Frames that were no message; they have been answered with a Failure already.
        std::function<void(Route const&, std::string const& host, wire::DecodeError const&)>
            on_garbage;
    };

    /// Binds. Fails with Errc::network if the address is in use or not this machine's.
    static Result<std::unique_ptr<ControlServer>> bind(Reactor& reactor,
                                                       wire::Endpoint const& endpoint,
                                                       Handler handler);
    ~ControlServer();

    /// Where it listens, with the port it got if 0 was asked for.
    [[nodiscard]] wire::Endpoint const& endpoint() const;

    enum class Sent {
        yes,
        gone,  ///< that connection is closed
        full,  ///< its queue is full: it does not read; the message was dropped
    };
    Sent send(Route const& route, wire::Message const& message, std::uint64_t request = 0);

    struct Impl;
    explicit ControlServer(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

/// A connected DEALER: a peer's to the tracker, and to each source.
class ControlClient {
  public:
    struct Handler {
        std::function<void(wire::Envelope&&)> on_message;
        /// The other side speaks something else: what is wrong with it, in words.
        std::function<void(std::string const&)> on_garbage;
        /// The connection is there (true), or was lost or refused (false). May repeat itself.
        std::function<void(bool)> on_connected;
    };

    /// Starts to connect; goes on trying, with growing pauses, until destroyed. Fails only for an
    /// address that cannot be one.
    static Result<std::unique_ptr<ControlClient>> connect(Reactor& reactor,
                                                          wire::Endpoint const& endpoint,
                                                          Handler handler);
    ~ControlClient();

    /// Queues the message, also while not connected yet. False: the queue is full; dropped.
    bool send(wire::Message const& message, std::uint64_t request = 0);

    struct Impl;
    explicit ControlClient(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::bus
