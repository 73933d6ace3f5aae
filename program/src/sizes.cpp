#include <xfsbus/program/sizes.hpp>
#include <xfsbus/wire/name.hpp>

#include <charconv>
#include <cmath>

namespace xfsbus::program {
namespace {

constexpr std::uint64_t kibi = 1024;

/// What a suffix stands for; 0: there is no such suffix.
std::uint64_t factor_of(std::string_view suffix) {
    if (suffix.ends_with("/s")) {
        suffix.remove_suffix(2);
    }
    if (suffix.ends_with("iB")) {
        suffix.remove_suffix(2);
    } else if (suffix.ends_with("B")) {
        suffix.remove_suffix(1);
    }
    if (suffix.empty()) {
        return 1;
    }
    if (suffix.size() > 1) {
        return 0;
    }
    switch (suffix.front()) {
        case 'k':
        case 'K':
            return kibi;
        case 'M':
            return kibi * kibi;
        case 'G':
            return kibi * kibi * kibi;
        default:
            return 0;
    }
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    double value = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    auto const suffix = std::string_view(rest, static_cast<std::size_t>(end - rest));
    auto const factor = error == std::errc{} ? factor_of(suffix) : 0;
    constexpr double most = 1e15;
    bool const sane = std::isfinite(value) && value >= 0;
    if (factor == 0 || !sane || value * static_cast<double>(factor) > most) {
        return Error{Errc::usage, "'" + wire::escape(text) +
                                      "' is no size; write a number and K, M or G, such as 10M"};
    }
    return static_cast<std::uint64_t>(value * static_cast<double>(factor));
}

}  // namespace xfsbus::program
