#include "terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

namespace xfsbus::console {
namespace {

constexpr std::string_view dots = "...";

struct Range {
    char32_t first;
    char32_t last;
};

/// Combining marks and variation selectors of the scripts that are met with.
constexpr std::array no_columns = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x064B, 0x065F},
    Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF}, Range{0x3099, 0x309A}, Range{0xFE00, 0xFE0F},
    Range{0xFE20, 0xFE2F}};

/// Unicode's East Asian Width W and F, in coarse ranges: to take a character for wider than it is
/// costs a blank, to take it for narrower a broken line.
constexpr std::array two_columns = {
    Range{0x1100, 0x115F}, Range{0x2E80, 0x3098},   Range{0x309B, 0xA4CF},  Range{0xA960, 0xA97F},
    Range{0xAC00, 0xD7A3}, Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},  Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6}, Range{0x1F000, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

bool is_in(auto const& ranges, char32_t c) {
    return std::ranges::any_of(
        ranges, [c](Range const& range) { return range.first <= c && c <= range.last; });
}

struct Character {
    std::string_view bytes;
    std::size_t columns = 0;
};

/// Of valid UTF-8.
std::vector<Character> characters_of(std::string_view text) {
    std::vector<Character> all;
    for (std::size_t at = 0; at < text.size();) {
        auto const lead = static_cast<unsigned char>(text[at]);
        std::size_t const length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        auto const bytes = text.substr(at, length);
        char32_t value = length == 1 ? lead : lead & (0x7FU >> length);
        for (char const c : bytes.substr(1)) {
            value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
        }
        all.push_back({bytes, is_in(no_columns, value) ? 0U : is_in(two_columns, value) ? 2U : 1U});
        at += bytes.size();
    }
    return all;
}

/// What fits of these, taken one after the other.
template <typename Iterator>
Iterator fitting(Iterator begin, Iterator end, std::size_t columns) {
    return std::find_if(begin, end, [left = columns](Character const& c) mutable {
        bool const fits = c.columns <= left;
        left -= fits ? c.columns : 0;
        return !fits;
    });
}

std::string join(auto begin, auto end) {
    std::string text;
    std::for_each(begin, end, [&](Character const& c) { text += c.bytes; });
    return text;
}

}  // namespace

TerminalSize terminal_size() {
    winsize size{};
    bool const known =
        ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    return known ? TerminalSize{size.ws_col, size.ws_row} : TerminalSize{};
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (auto const& character : characters_of(text)) {
        columns += character.columns;
    }
    return columns;
}

std::string keep_begin(std::string_view text, std::size_t columns) {
    if (columns_of(text) <= columns) {
        return std::string(text);
    }
    if (columns <= dots.size()) {
        return std::string(columns, '.');
    }
    auto const all = characters_of(text);
    return join(all.begin(), fitting(all.begin(), all.end(), columns - dots.size())) +
           std::string(dots);
}

std::string keep_end(std::string_view text, std::size_t columns) {
    if (columns_of(text) <= columns) {
        return std::string(text);
    }
    if (columns <= dots.size()) {
        return std::string(columns, '.');
    }
    auto const all = characters_of(text);
    auto const begin = fitting(all.rbegin(), all.rend(), columns - dots.size()).base();
    return std::string(dots) + join(begin, all.end());
}

std::string pad_right(std::string_view text, std::size_t columns) {
    return std::string(text) + std::string(columns - std::min(columns, columns_of(text)), ' ');
}

std::string pad_left(std::string_view text, std::size_t columns) {
    return std::string(columns - std::min(columns, columns_of(text)), ' ') + std::string(text);
}

}  // namespace xfsbus::console
