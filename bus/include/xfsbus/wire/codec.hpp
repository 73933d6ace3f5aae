#pragma once

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace xfsbus::wire {

/// The two frames of a control message: a header of 16 bytes and one msgpack map.
struct Frames {
    std::string header;
    std::string body;
};

/// A decoded message with the number that pairs requests and answers (0: not a request).
struct Envelope {
    std::uint64_t request = 0;
    Message message;
};

inline constexpr std::size_t control_header_bytes = 16;

/// The frames of a message. An answer carries its request's number.
Frames encode(Message const& message, std::uint64_t request = 0);

/// What can be answered to frames that are no message: the reason, and the request's number as far
/// as it could be read.
struct DecodeError {
    ErrorCode code = ErrorCode::bad_message;
    std::string reason;
    std::uint64_t request = 0;
};

/// The request's number in a header from the network; 0 if it is too short to have one.
std::uint64_t request_of(std::string_view header);

/// Reads frames from the network, whatever they hold. Never throws, never allocates more than a
/// small multiple of the frames' size.
std::variant<Envelope, DecodeError> decode(std::string_view header, std::string_view body);

}  // namespace xfsbus::wire
