#pragma once

#include <zmq.hpp>

#include <cstdint>
#include <optional>

namespace xfsbus::bus {

/// What happens to the connections of a socket, as libzmq tells it. Thread: that of the socket,
/// which must outlive it.
class Monitor {
  public:
    struct Event {
        std::uint16_t what = 0;   ///< ZMQ_EVENT_...
        std::uint32_t value = 0;  ///< the connection's file descriptor, or what else `what` has
    };

    /// Tells of these events (ZMQ_EVENT_..., or-ed) from now on.
    Monitor(zmq::context_t& context, zmq::socket_t& watched, int events);
    ~Monitor();
    Monitor(Monitor const&) = delete;
    Monitor& operator=(Monitor const&) = delete;

    /// Readable while there are events.
    [[nodiscard]] zmq::socket_ref socket() { return socket_; }

    /// The next event; nullopt: there is none now. Those that nobody reads pile up.
    std::optional<Event> next();

  private:
    zmq::socket_t& watched_;
    zmq::socket_t socket_;
};

}  // namespace xfsbus::bus
