#pragma once

#include <string>
#include <string_view>

namespace xfsbus::policies {

/// Text from a plug-in as it may stand in a message on one line: control characters become \xNN.
inline std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (auto const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            shown += c;
        } else {
            shown += "\\x";
            shown += digits[byte >> 4U];
            shown += digits[byte & 15U];
        }
    }
    return shown;
}

}  // namespace xfsbus::policies
