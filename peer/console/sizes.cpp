#include "sizes.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace xfsbus::console {

std::string show_size(double bytes) {
    constexpr double kibi = 1024;
    static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes >= kibi && unit + 1 < units.size()) {
        bytes /= kibi;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes)
                     : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string show_span(double seconds) {
    constexpr double step = 1000;
    static constexpr std::array units = {"ns", "us", "ms", "s"};
    double span = seconds * step * step * step;
    std::size_t unit = 0;
    while (span >= step && unit + 1 < units.size()) {
        span /= step;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} ns", span) : fmt::format("{:.1f} {}", span, units[unit]);
}

std::string show_time(double seconds) {
    auto const whole = static_cast<std::uint64_t>(std::llround(std::max(seconds, 0.0)));
    auto const hours = whole / 3600;
    auto const minutes = whole / 60 % 60;
    return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60)
                     : fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace xfsbus::console
