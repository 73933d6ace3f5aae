#pragma once

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Messages to test with: of every type, with nothing left at its default.
namespace xfsbus::wire::samples {

/// An identifier of bytes that count up from `first`.
template <typename Id>
Id id(std::uint8_t first) {
    Id made;
    for (std::size_t i = 0; i < Id::size; ++i) {
        made.bytes[i] = static_cast<std::uint8_t>(first + i);
    }
    return made;
}

/// One message of every type, every field set, in the order of the variant.
std::vector<Message> one_of_each();

/// One of each with every number at its highest value, every list and every text at its limit, as
/// far as they fit into one body.
std::vector<Message> largest_of_each();

/// One of each with numbers at zero and lists and texts empty.
std::vector<Message> smallest_of_each();

}  // namespace xfsbus::wire::samples
