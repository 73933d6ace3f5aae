#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace xfsbus::wire {

template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) {
        out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
}

/// Only if the text holds offset + sizeof(T) bytes.
template <std::unsigned_integral T>
T read_big_endian(std::string_view text, std::size_t offset) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>((value << 7U << 1U) | static_cast<unsigned char>(text[offset + i]));
    }
    return value;
}

}  // namespace xfsbus::wire
