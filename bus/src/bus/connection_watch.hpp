#pragma once

#include "bus/connections.hpp"
#include "bus/reactor_impl.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace xfsbus::bus {

/// Keeps the accounts of a socket's connections (Connections) by what libzmq and the kernel tell,
/// and ends those that are to be cut. Thread: that of the socket, which must outlive it.
class ConnectionWatch {
  public:
    struct Handler {
        /// A connection is there: accepted, or made.
        std::function<void(int fd)> on_opened = {};
        /// One is gone; empty `route`: no message came by it. Messages of it may still follow.
        std::function<void(wire::Route const& route)> on_closed = {};
        std::function<void(Connections::Cut const&)> on_cut = {};
        /// What else the monitor tells, by its ZMQ_EVENT_ number.
        std::function<void(std::uint16_t event, std::uint32_t value)> on_event = {};
    };

    enum class Polls : bool { no, yes };

    /// `events`: those wanted besides. `polls`: whether the loop tells at once what happens, or
    /// only when it looks, and read_events() when it is called; the latter is for sockets that are
    /// never read. Throws zmq::error_t or std::system_error if the system gives no descriptors.
    /// What a callback does may destroy the watch.
    ConnectionWatch(EventLoop& loop, zmq::socket_t& socket, Connections::Limits limits, int events,
                    Polls polls, Handler handler);
    ~ConnectionWatch();
    ConnectionWatch(ConnectionWatch const&) = delete;
    ConnectionWatch& operator=(ConnectionWatch const&) = delete;

    /// A message came in: by this route, if the socket has routes. Then this may be the end of the
    /// watch, too.
    void delivered(zmq::message_t const& frame, std::uint64_t bytes);
    void delivered(wire::Route const& route, zmq::message_t const& frame, std::uint64_t bytes);

    /// The connection that this frame came by has sent what was asked of it.
    void trust(zmq::message_t const& frame);

    void expect(std::uint64_t message_bytes, std::uint64_t unended_bytes_per_host) {
        connections_.expect(message_bytes, unended_bytes_per_host);
    }

    /// No message is waiting.
    void drained() { drained_ = true; }

    /// The route is that of a connection whose end will be told.
    [[nodiscard]] bool knows(wire::Route const& route) const {
        return connections_.fd_of(route).has_value();
    }

    void sent(wire::Route const& route, std::uint64_t bytes);
    /// It has been sent far more than it has received, as of now.
    [[nodiscard]] bool crowded(wire::Route const& route);
    void give_up(wire::Route const& route, Connections::Why why);

    /// Looks at all connections; the loop calls this now and then, and soon again if it returns
    /// true.
    bool look();

    [[nodiscard]] std::size_t size() const { return connections_.size(); }

    /// Takes in what the monitor has to tell. True: there may be more.
    bool read_events();

  private:
    void handle(MonitorHub::Event const& event);
    /// The descriptor of the route's connection, if its beginning was told.
    std::optional<int> join(wire::Route const& route, zmq::message_t const& frame);
    void sample(int fd);
    void carry_out();
    void count_turn();

    EventLoop& loop_;
    zmq::socket_t& socket_;
    MonitorHub::Box monitor_;
    Connections connections_;
    std::shared_ptr<Handler const> handler_;
    std::size_t taken_ = 0;  ///< messages, since all had their turn
    bool drained_ = true;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace xfsbus::bus
