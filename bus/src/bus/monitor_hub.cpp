#include "bus/monitor_hub.hpp"

#include "bus/sockets.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace xfsbus::bus {
namespace {

/// As many are read in one go.
constexpr int events_at_once = 256;

/// A name that libzmq takes does not begin with a zero.
std::string name_of(MonitorHub::Box box) {
    std::string name(1 + sizeof box, 'm');
    std::memcpy(name.data() + 1, &box, sizeof box);
    return name;
}

std::optional<MonitorHub::Box> box_of(std::string_view name) {
    MonitorHub::Box box{};
    if (name.size() != 1 + sizeof box) {
        return std::nullopt;
    }
    std::memcpy(&box, name.data() + 1, sizeof box);
    return box;
}

}  // namespace

/// A ROUTER says of each message which of its connections it came by, and whoever connects may name
/// the connection.
MonitorHub::MonitorHub(zmq::context_t& context)
    : reader_(context, zmq::socket_type::router), descriptor_(reader_.get(zmq::sockopt::fd)) {
    reader_.set(zmq::sockopt::linger, 0);
    // No bound, since libzmq's I/O thread, which carries all connections, would wait at it.
    reader_.set(zmq::sockopt::rcvhwm, 0);
}

MonitorHub::Box MonitorHub::open(zmq::socket_t& watched, int events, void const* owner) {
    std::lock_guard const lock(mutex_);
    Box const box{++last_};
    auto const address = "inproc://xfsbus-monitor-" + std::to_string(last_);
    uninterrupted([&] {
        if (zmq_socket_monitor(watched.handle(), address.c_str(), events) != 0) {
            throw zmq::error_t();
        }
    });
    touched_ = true;
    reader_.set(zmq::sockopt::connect_routing_id, name_of(box));
    uninterrupted([&] { reader_.connect(address); });
    boxes_.emplace(box, Kept{owner});
    return box;
}

void MonitorHub::close(Box box, zmq::socket_t& watched) {
    std::lock_guard const lock(mutex_);
    zmq_socket_monitor(watched.handle(), nullptr, 0);
    boxes_.erase(box);
    touched_ = true;
}

std::optional<MonitorHub::Event> MonitorHub::next(Box box) {
    std::lock_guard const lock(mutex_);
    auto const found = boxes_.find(box);
    if (found == boxes_.end()) {
        return std::nullopt;
    }
    auto& events = found->second.events;
    for (bool more = true; events.empty() && more;) {
        more = take_in();
    }
    touched_ = touched_ || !news_.empty();
    if (events.empty()) {
        return std::nullopt;
    }
    auto const event = events.front();
    events.pop_front();
    return event;
}

void MonitorHub::look() {
    std::lock_guard const lock(mutex_);
    touched_ = take_in();
}

std::vector<MonitorHub::News> MonitorHub::take_news() {
    std::lock_guard const lock(mutex_);
    return std::exchange(news_, {});
}

std::vector<MonitorHub::Box> MonitorHub::full_boxes(void const* owner) {
    std::vector<Box> full;
    std::lock_guard const lock(mutex_);
    for (auto const& [box, kept] : boxes_) {
        if (kept.owner == owner && !kept.events.empty()) {
            full.push_back(box);
        }
    }
    return full;
}

/// True: there may be more. Each is of three frames: the connection's name; 16 bits that say what
/// with 32 bits of value, without a gap; the address.
bool MonitorHub::take_in() {
    std::vector<zmq::message_t> frames;
    for (int taken = 0; taken < events_at_once; ++taken) {
        if (!receive(reader_, frames)) {
            return false;
        }
        if (frames.size() > 1) {
            put(as_text(frames[0]), frames[1]);
        }
    }
    return true;
}

void MonitorHub::put(std::string_view name, zmq::message_t const& frame) {
    Event event;
    auto const box = box_of(name);
    auto const found = box ? boxes_.find(*box) : boxes_.end();
    if (found == boxes_.end() || frame.size() != sizeof event.what + sizeof event.value) {
        return;  // of a socket that is watched no more
    }
    auto const* const bytes = frame.data<char>();
    std::memcpy(&event.what, bytes, sizeof event.what);
    std::memcpy(&event.value, bytes + sizeof event.what, sizeof event.value);
    auto& kept = found->second;
    if (kept.owner != nullptr && kept.events.empty()) {
        news_.push_back({kept.owner, *box});
    }
    kept.events.push_back(event);
}

}  // namespace xfsbus::bus
