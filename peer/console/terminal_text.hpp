#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xfsbus::console {

struct TerminalSize {
    std::size_t columns = 80;
    std::size_t rows = 24;

    /// A line that fills the last column would make some terminals begin another.
    [[nodiscard]] std::size_t usable_columns() const { return columns > 0 ? columns - 1 : 0; }
};

/// Of the terminal that stderr is; 80 by 24 if it does not say.
TerminalSize terminal_size();

/// How many columns a terminal needs for a text that has passed wire::escape: two for a wide
/// character, none for one that is drawn over the one before.
std::size_t columns_of(std::string_view text);

/// As much of the text's beginning as fits; ends with "..." if something is missing.
std::string keep_begin(std::string_view text, std::size_t columns);
/// As much of the text's end as fits; begins with "..." if something is missing.
std::string keep_end(std::string_view text, std::size_t columns);

/// With blanks after it, or before it, so that it is so many columns wide.
std::string pad_right(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);

}  // namespace xfsbus::console
