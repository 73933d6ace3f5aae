#include <xfsbus/program/durations.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace xfsbus::program {

namespace {

constexpr double most_ms = 366.0 * 24 * 3600 * 1000;

/// Milliseconds in one of this unit.
std::optional<double> unit_ms(std::string_view unit) {
    static constexpr std::array<std::pair<std::string_view, double>, 6> units = {
        {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
    for (auto const& [name, ms] : units) {
        if (name == unit) {
            return ms;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    double number = 0;
    auto const [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    auto const read = static_cast<std::size_t>(end - text.data());
    auto const unit = problem == std::errc() ? unit_ms(text.substr(read)) : std::nullopt;
    double const ms = unit ? number * *unit : -1;
    // Also false for "nan" and "inf", which from_chars reads.
    if (!(ms >= 0 && ms <= most_ms)) {
        return Error{Errc::usage, "'" + std::string(text) +
                                      "' is no duration of at most a year: write for example "
                                      "500ms, 3s, 1m or 7d"};
    }
    return std::chrono::milliseconds(std::llround(ms));
}

}  // namespace xfsbus::program
