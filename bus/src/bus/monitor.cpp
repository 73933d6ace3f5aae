#include "bus/monitor.hpp"

#include "bus/sockets.hpp"

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

namespace xfsbus::bus {

Monitor::Monitor(zmq::context_t& context, zmq::socket_t& watched, int events)
    : watched_(watched), socket_(context, zmq::socket_type::pair) {
    static std::atomic<std::uint64_t> last{0};
    std::string const address = "inproc://xfsbus-monitor-" + std::to_string(++last);
    uninterrupted([&] {
        if (zmq_socket_monitor(watched_.handle(), address.c_str(), events) != 0) {
            throw zmq::error_t();
        }
    });
    socket_.set(zmq::sockopt::linger, 0);
    // No bound, since libzmq's I/O thread, which carries all connections, would wait at it.
    socket_.set(zmq::sockopt::rcvhwm, 0);
    uninterrupted([&] { socket_.connect(address); });
}

Monitor::~Monitor() {
    zmq_socket_monitor(watched_.handle(), nullptr, 0);
}

std::optional<Monitor::Event> Monitor::next() {
    // Two frames: 16 bits that say what, and 32 bits of value, without a gap; then the address.
    Event event;
    constexpr std::size_t size = sizeof event.what + sizeof event.value;
    std::vector<zmq::message_t> frames;
    while (receive(socket_, frames)) {
        if (!frames.empty() && frames[0].size() == size) {
            auto const* const bytes = frames[0].data<char>();
            std::memcpy(&event.what, bytes, sizeof event.what);
            std::memcpy(&event.value, bytes + sizeof event.what, sizeof event.value);
            return event;
        }
    }
    return std::nullopt;
}

}  // namespace xfsbus::bus
