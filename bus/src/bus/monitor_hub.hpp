#pragma once

#include <zmq.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace xfsbus::bus {

/// What happens to the connections of many sockets, as libzmq tells it, read by one socket: a
/// socket has a monitor of its own, and a reader for each would take another descriptor. Any
/// thread.
class MonitorHub {
  public:
    struct Event {
        std::uint16_t what = 0;   ///< ZMQ_EVENT_...
        std::uint32_t value = 0;  ///< the connection's descriptor, or what else `what` has
    };

    /// One monitored socket.
    enum class Box : std::uint64_t {};

    /// Of a box that tells.
    struct News {
        void const* owner = nullptr;
        Box box{};
    };

    explicit MonitorHub(zmq::context_t& context);
    MonitorHub(MonitorHub const&) = delete;
    MonitorHub& operator=(MonitorHub const&) = delete;

    /// Hears of these events (ZMQ_EVENT_..., or-ed) of a socket from now on. With an `owner` it
    /// tells of them (take_news). Throws zmq::error_t if the system gives no descriptors.
    Box open(zmq::socket_t& watched, int events, void const* owner);
    /// Before the socket is closed.
    void close(Box box, zmq::socket_t& watched);

    /// The next event of a box; nullopt: there is none now. Those that nobody takes pile up.
    std::optional<Event> next(Box box);

    /// Readable when look() has something to do.
    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// look() has something to do of which the descriptor does not tell.
    [[nodiscard]] bool touched() const { return touched_; }

    /// Takes in what came, some of it.
    void look();
    /// The boxes that have got something since the last call.
    std::vector<News> take_news();
    /// The boxes of this owner that have something.
    std::vector<Box> full_boxes(void const* owner);

  private:
    struct Kept {
        void const* owner = nullptr;
        std::deque<Event> events{};
    };

    bool take_in();
    void put(std::string_view name, zmq::message_t const& frame);

    std::atomic<bool> touched_ = true;
    std::mutex mutex_;
    zmq::socket_t reader_;  // guarded by mutex_, as all that follows
    int const descriptor_;
    std::map<Box, Kept> boxes_{};
    std::vector<News> news_{};
    std::uint64_t last_ = 0;
};

}  // namespace xfsbus::bus
