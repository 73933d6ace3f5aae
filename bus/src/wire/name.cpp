#include "wire/utf8.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstdint>

namespace xfsbus::wire {
namespace {

bool is_control(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/// Characters that reorder or hide the text around them, and line separators.
bool is_deceptive(std::uint32_t c) {
    return c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

std::optional<std::string> part_problem(std::string_view part) {
    if (part.empty()) {
        return "has an empty part (it must be relative, without '//' or a '/' at either end)";
    }
    if (part == "." || part == "..") {
        return "has a part '" + std::string(part) + "', which could leave the shared directory";
    }
    if (part.size() > limits::name_part_bytes) {
        return "has a part longer than 255 bytes";
    }
    if (part.starts_with(".xfs-")) {
        return "has a part that begins with '.xfs-', which is kept for temporary files";
    }
    return std::nullopt;
}

void append_escaped(std::string& out, std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
}

}  // namespace

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        auto const c = first_code_point(text);
        if (c.length == 0) {
            return false;
        }
        text.remove_prefix(c.length);
    }
    return true;
}

std::optional<std::string> name_problem(std::string_view name) {
    if (name.empty()) {
        return "is empty";
    }
    if (name.size() > limits::name_bytes) {
        return "is longer than 1024 bytes";
    }
    for (std::string_view rest = name; !rest.empty();) {
        auto const c = first_code_point(rest);
        if (c.length == 0) {
            return "is not valid UTF-8";
        }
        if (is_control(c.value)) {
            return "has a control character";
        }
        rest.remove_prefix(c.length);
    }
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin <= name.size(); ++depth) {
        auto const end = std::min(name.find('/', begin), name.size());
        if (auto problem = part_problem(name.substr(begin, end - begin))) {
            return problem;
        }
        begin = end + 1;
    }
    if (depth > limits::name_depth) {
        return "is more than 32 directories deep";
    }
    return std::nullopt;
}

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const c = first_code_point(text);
        std::size_t const length = c.length == 0 ? 1 : c.length;
        std::string_view const bytes = text.substr(0, length);
        if (c.length == 0 || is_control(c.value) || is_deceptive(c.value)) {
            append_escaped(out, bytes);
        } else if (c.value == '\\') {
            out += "\\\\";
        } else {
            out += bytes;
        }
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace xfsbus::wire
