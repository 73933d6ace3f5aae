#include "check.hpp"

#include <xfsbus/wire/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

// A control message as it comes from the network: the first 16 bytes are the header's frame.

using namespace xfsbus::wire;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    std::size_t const split = std::min(size, control_header_bytes);
    auto const decoded = decode(input.substr(0, split), input.substr(split));
    if (auto const* envelope = std::get_if<Envelope>(&decoded)) {
        auto const frames = encode(envelope->message, envelope->request);
        auto const again = decode(frames.header, frames.body);
        auto const* same = std::get_if<Envelope>(&again);
        must(same != nullptr);
        must(same->message == envelope->message && same->request == envelope->request);
        auto const frames_again = encode(same->message, same->request);
        must(frames_again.header == frames.header && frames_again.body == frames.body);
    } else {
        must(!std::get<DecodeError>(decoded).reason.empty());
    }
    return 0;
}
