#include "experiment/letters.hpp"

#include <algorithm>
#include <string>

namespace xfsbus::lab::experiment {
namespace {

constexpr std::size_t three = 3;

bool is_ascii(char c) {
    constexpr unsigned char most = 0x7f;
    return static_cast<unsigned char>(c) <= most;
}

/// Where a text in quotes of one line ends; npos: it does not.
std::size_t end_of_line_text(std::string_view toml, std::size_t at, char quote) {
    for (++at; at < toml.size() && toml[at] != '\n'; ++at) {
        if (quote == '"' && toml[at] == '\\') {
            ++at;
        } else if (toml[at] == quote) {
            return at + 1;
        }
    }
    return std::string_view::npos;
}

/// The same of one in three quotes. Two more may stand before those that end it.
std::size_t end_of_long_text(std::string_view toml, std::size_t at, char quote) {
    std::string const quotes(three, quote);
    for (at += three; at < toml.size(); ++at) {
        if (quote == '"' && toml[at] == '\\') {
            ++at;
        } else if (toml.substr(at, three) == quotes) {
            auto const most = std::min(at + three + 2, toml.size());
            for (at += three; at < most && toml[at] == quote; ++at) {
            }
            return at;
        }
    }
    return std::string_view::npos;
}

/// Whether the quote there may begin a text: one within a word is wrong, and toml++ goes on with
/// the word.
bool begins_text(std::string_view toml, std::size_t at) {
    constexpr std::string_view before = " \t\r\n=[{,.";
    return at == 0 || before.find(toml[at - 1]) != std::string_view::npos ||
           !is_ascii(toml[at - 1]);
}

std::size_t end_of_text(std::string_view toml, std::size_t at) {
    char const quote = toml[at];
    return toml.substr(at, three) == std::string(three, quote) ? end_of_long_text(toml, at, quote)
                                                               : end_of_line_text(toml, at, quote);
}

}  // namespace

std::optional<std::size_t> line_of_strange_letter(std::string_view toml) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::size_t at = toml.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < toml.size()) {
        char const c = toml[at];
        if (!is_ascii(c)) {
            return 1 + static_cast<std::size_t>(std::ranges::count(toml.substr(0, at), '\n'));
        }
        if ((c == '"' || c == '\'') && begins_text(toml, at)) {
            at = end_of_text(toml, at);
        } else {
            at = c == '#' ? toml.find('\n', at) : at + 1;
        }
    }
    return std::nullopt;
}

}  // namespace xfsbus::lab::experiment
