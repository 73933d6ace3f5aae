#pragma once

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/bus/security.hpp>
#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// The sockets that carry control messages. All methods and callbacks: reactor thread. A callback
/// may destroy any socket, also the one that called it.
namespace xfsbus::bus {

/// A bound ROUTER: the tracker's, and each peer's for its sinks.
class ControlServer {
  public:
    struct Handler {
        std::function<void(wire::Sender const&, wire::Envelope&&)> on_message;
        /// Frames that were no message; answered with a Failure already, unless they were one.
        std::function<void(wire::Sender const&, wire::DecodeError const&)> on_garbage;
        /// A connection that messages came by is gone; some of them may still follow. Whoever
        /// sends too much, or does not read what it is sent, is cut.
        std::function<void(wire::Route const&)> on_closed = {};
        /// For a log: connections were cut, or cannot be accepted. Not more than one in 10 s.
        std::function<void(std::string const&)> on_trouble = {};
    };

    /// Binds; takes some `connections_most` connections at once. Fails with Errc::network if the
    /// address is in use or not this machine's, or the system gives no descriptors.
    static Result<std::unique_ptr<ControlServer>> bind(Reactor& reactor,
                                                       wire::Endpoint const& endpoint,
                                                       Security const& security, Handler handler,
                                                       std::size_t connections_most = 4096);
    ~ControlServer();

    /// Where it listens, with the port it got if 0 was asked for.
    [[nodiscard]] wire::Endpoint const& endpoint() const;

    enum class Sent {
        yes,   ///< it arrives, after what was sent before, unless the connection ends
        gone,  ///< that connection is closed
    };
    Sent send(wire::Route const& route, wire::Message const& message, std::uint64_t request = 0);

    /// Whether on_closed() will be called when this connection ends, and what comes in after that
    /// will be told of later. It is not known of one whose first message was taken when it, or
    /// another that had its descriptor before, had ended already.
    [[nodiscard]] bool tells_end(wire::Route const& route) const;

  private:
    struct Impl;
    explicit ControlServer(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

/// A connected DEALER: a peer's to the tracker, and to each source.
class ControlClient {
  public:
    enum class Connection {
        up,
        lost,     ///< it was up; there may be no room for it. It is tried again
        refused,  ///< nobody listens there, or nothing comes back. It is tried again
    };

    struct Handler {
        std::function<void(wire::Envelope&&)> on_message;
        /// The other side speaks something else: what is wrong with it, in words.
        std::function<void(std::string const&)> on_garbage;
        /// May repeat itself. `why` it is not up, in words.
        std::function<void(Connection, std::string const& why)> on_connection = {};
    };

    /// Starts to connect; goes on trying, with growing pauses, until destroyed. `from`: the address
    /// of this machine that the connection is to come from; empty: any. Errc::network if the host
    /// is no IP address, or the system gives no descriptors.
    static Result<std::unique_ptr<ControlClient>> connect(Reactor& reactor,
                                                          wire::Endpoint const& endpoint,
                                                          Security const& security, Handler handler,
                                                          std::string const& from = {});
    ~ControlClient();

    /// Queues the message, also while not connected yet. False: the other side does not read, and
    /// a MiB waits for it; dropped.
    bool send(wire::Message const& message, std::uint64_t request = 0);

  private:
    struct Impl;
    explicit ControlClient(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

/// Why there is no connection, as long as nothing comes back.
inline constexpr char const* nothing_answers =
    "nothing answers there: a wrong address, or a firewall";

/// The address of this machine that a connection to that host would come from; empty if it cannot
/// be told. Sends nothing.
std::string address_towards(std::string const& host);

/// The address of the other end of a TCP connection; empty if it is not known.
std::string host_of(int fd);

}  // namespace xfsbus::bus
