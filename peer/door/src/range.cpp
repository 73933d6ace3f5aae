#include "range.hpp"

#include "blanks.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <variant>

namespace xfsbus::door {
namespace {

/// Digits alone; one that is too large is the largest, since no file is larger.
std::optional<std::uint64_t> number(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    auto const result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

/// "-500": the last so many bytes.
std::variant<Whole, Part, Unsatisfiable> last_of(std::string_view text, std::uint64_t size) {
    auto const bytes = number(text);
    if (!bytes) {
        return Whole();
    }
    if (*bytes == 0 || size == 0) {
        return Unsatisfiable();
    }
    return Part{size - std::min(*bytes, size), size};
}

}  // namespace

std::variant<Whole, Part, Unsatisfiable> part_of(std::string_view range, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    if (!range.starts_with(unit)) {
        return Whole();
    }
    auto const one = trimmed(range.substr(unit.size()));
    auto const dash = one.find('-');
    if (dash == std::string_view::npos || one.find(',') != std::string_view::npos) {
        return Whole();
    }
    if (dash == 0) {
        return last_of(one.substr(1), size);
    }
    auto const first = number(one.substr(0, dash));
    auto const rest = one.substr(dash + 1);
    auto const last = rest.empty() ? std::numeric_limits<std::uint64_t>::max() : number(rest);
    if (!first || !last || *last < *first) {
        return Whole();
    }
    if (*first >= size) {
        return Unsatisfiable();
    }
    return Part{*first, std::min(*last, size - 1) + 1};
}

bool names_tag(std::string_view list, std::string_view tag, bool weak) {
    while (!list.empty()) {
        auto const comma = list.find(',');
        auto one = trimmed(list.substr(0, comma));
        if (weak && one.starts_with("W/")) {
            one.remove_prefix(2);
        }
        if (one == tag || one == "*") {
            return true;
        }
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

}  // namespace xfsbus::door
