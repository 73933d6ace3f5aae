#include "table.hpp"

#include "terminal_text.hpp"

#include <algorithm>

namespace xfsbus::console {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::size_t> widths_of(Rows const& rows) {
    std::vector<std::size_t> widths;
    for (auto const& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], columns_of(row[i]));
        }
    }
    return widths;
}

}  // namespace

std::string aligned(Rows const& rows, std::string_view indent) {
    auto const widths = widths_of(rows);
    std::string text;
    for (auto const& row : rows) {
        text += indent;
        for (std::size_t i = 0; i < row.size(); ++i) {
            bool const last = i + 1 == row.size();
            text += last ? row[i] : pad_right(row[i], widths[i] + gap);
        }
        text += '\n';
    }
    return text;
}

std::string divided(Rows const& rows) {
    std::string text;
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += i == 0 ? row[i] : " " + row[i];
        }
        text += '\n';
    }
    return text;
}

}  // namespace xfsbus::console
