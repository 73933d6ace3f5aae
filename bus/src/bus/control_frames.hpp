#pragma once

#include "bus/connections.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/limits.hpp>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <variant>

/// How a control message becomes frames.
namespace xfsbus::bus {

/// The most messages taken from one socket in one turn, so that a flood on one does not keep the
/// others waiting.
inline constexpr int control_burst = 256;

/// Of a socket that carries control messages.
inline Connections::Limits control_limits(std::size_t connections_most) {
    constexpr std::uint64_t besides = 16 * 1024;  // header, framing, what was read with it
    Connections::Limits limits;
    limits.most = connections_most;
    limits.message_bytes = wire::limits::control_body_bytes + besides;
    return limits;
}

inline zmq::message_t to_frame(std::string const& text) {
    return {text.data(), text.size()};
}

/// `frames`: those of a message, without a route.
inline std::variant<wire::Envelope, wire::DecodeError> decode_frames(
    std::span<zmq::message_t const> frames) {
    if (frames.size() != 2) {
        return wire::DecodeError{wire::ErrorCode::bad_message,
                                 "a message has two frames, header and body", 0};
    }
    return wire::decode(as_text(frames[0]), as_text(frames[1]));
}

/// Whether the header of a message (`frames`: without a route) says that it is an M, whatever its
/// version and its body are: known before anything is read of a body that may be large.
template <typename M>
bool says(std::span<zmq::message_t const> frames) {
    constexpr std::size_t magic_bytes = 4;
    constexpr std::size_t type_at = 5;
    static std::string const sample = wire::encode(M{}).header;
    if (frames.empty() || frames[0].size() != sample.size()) {
        return false;
    }
    auto const header = as_text(frames[0]);
    return sample.starts_with(header.substr(0, magic_bytes)) && header[type_at] == sample[type_at];
}

/// Header and body; the message has begun if a route went before. False: the queue is full, which
/// only a message's first frame can find.
inline bool send_frames(zmq::socket_t& socket, wire::Frames const& frames) {
    auto header = to_frame(frames.header);
    auto body = to_frame(frames.body);
    if (!send_frame(socket, header, More::yes)) {
        return false;
    }
    send_frame(socket, body, More::no);
    return true;
}

inline std::uint64_t wire_bytes(wire::Frames const& frames) {
    return wire_bytes(frames.header.size()) + wire_bytes(frames.body.size());
}

/// What could not be sent at once, in its order.
class Backlog {
  public:
    [[nodiscard]] bool empty() const { return waiting_.empty(); }

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

    void add(wire::Frames frames) {
        bytes_ += cost(frames);
        waiting_.push_back(std::move(frames));
    }

    /// Sends what can be sent; `send` says whether it took the message.
    template <typename Send>
    void flush(Send const& send) {
        while (!waiting_.empty() && send(waiting_.front())) {
            bytes_ -= cost(waiting_.front());
            waiting_.pop_front();
        }
    }

  private:
    /// Small messages take more memory than they have bytes.
    static std::uint64_t cost(wire::Frames const& frames) {
        constexpr std::uint64_t of_each = 128;
        return of_each + wire_bytes(frames);
    }

    std::deque<wire::Frames> waiting_;
    std::uint64_t bytes_ = 0;
};

}  // namespace xfsbus::bus
