#include "codes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xfsbus::c {
namespace {

constexpr std::string_view cut = "...";
constexpr std::size_t message_most = sizeof(xfsbus_error::message) - 1;

/// How much of a text can be kept when `most` bytes of it can, so that no UTF-8 is cut in two.
std::size_t whole_characters(std::string_view text, std::size_t most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
        --most;
    }
    return most;
}

}  // namespace

xfsbus_code code_of(Errc code) {
    switch (code) {
        case Errc::usage:
            return XFSBUS_ERROR_USAGE;
        case Errc::not_found:
            return XFSBUS_ERROR_NOT_FOUND;
        case Errc::tracker_unreachable:
            return XFSBUS_ERROR_TRACKER_UNREACHABLE;
        case Errc::timeout:
            return XFSBUS_ERROR_TIMEOUT;
        case Errc::network:
            return XFSBUS_ERROR_NETWORK;
        case Errc::interrupted:
            return XFSBUS_ERROR_INTERRUPTED;
        case Errc::integrity:
            return XFSBUS_ERROR_INTEGRITY;
        case Errc::disk:
            return XFSBUS_ERROR_DISK;
        case Errc::not_authorised:
            return XFSBUS_ERROR_NOT_AUTHORISED;
        case Errc::plugin:
            return XFSBUS_ERROR_PLUGIN;
        case Errc::ended:
            return XFSBUS_ERROR_ENDED;
        case Errc::failed:
            break;
    }
    return XFSBUS_ERROR_FAILED;
}

xfsbus_code tell(xfsbus_error* to, xfsbus_code code, std::string_view message) noexcept {
    if (to == nullptr) {
        return code;
    }
    to->code = code;
    auto length = message.size();
    if (length > message_most) {
        length = whole_characters(message, message_most - cut.size());
    }
    auto* const end = std::copy_n(message.data(), length, to->message);
    auto const rest = length < message.size() ? cut : std::string_view();
    *std::ranges::copy(rest, end).out = '\0';
    return code;
}

}  // namespace xfsbus::c

char const* xfsbus_code_name(int32_t code) {
    using xfsbus::Errc;
    for (int known = 0; known <= static_cast<int>(Errc::ended); ++known) {
        if (auto const errc = static_cast<Errc>(known); xfsbus::c::code_of(errc) == code) {
            return xfsbus::name_of(errc).data();
        }
    }
    return code == XFSBUS_OK ? "ok" : "failed";
}

char const* xfsbus_version() {
    return XFSBUS_VERSION;
}
