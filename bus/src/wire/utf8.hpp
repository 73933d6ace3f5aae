#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xfsbus::wire {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t length = 0;  ///< 0: not valid UTF-8
};

/// The code point at the start of a text that is not empty. The table is Unicode's 3-7,
/// "Well-Formed UTF-8 Byte Sequences".
inline CodePoint first_code_point(std::string_view text) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char const lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    std::size_t const length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
        return {};
    }
    std::uint32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return {};
        }
        value = (value << 6U) | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || surrogate || value > 0x10FFFF) {
        return {};
    }
    return {value, length};
}

}  // namespace xfsbus::wire
