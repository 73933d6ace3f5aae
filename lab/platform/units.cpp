// The units of SimGrid's platform files.
#include "platform/units.hpp"

#include "network/rate.hpp"

#include <xfsbus/wire/name.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace xfsbus::lab::platform {
namespace {

/// A number, and what follows it.
struct Measured {
    double number = 0;
    std::string_view unit;
};

std::optional<Measured> measured(std::string_view text) {
    double number = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return Measured{number, std::string_view(rest, static_cast<std::size_t>(end - rest))};
}

/// How many bytes per second the unit is; nullopt: it is none.
std::optional<double> rate_unit(std::string_view unit) {
    if (unit.empty()) {
        return 1;
    }
    double factor = 0;
    if (unit.ends_with("Bps")) {
        factor = 1;
    } else if (unit.ends_with("bps")) {
        factor = 0.125;
    } else {
        return std::nullopt;
    }
    constexpr std::size_t of_suffix = 3;
    unit.remove_suffix(of_suffix);
    constexpr std::array<std::pair<std::string_view, double>, 9> prefixes = {{{"", 1},
                                                                              {"k", 1e3},
                                                                              {"M", 1e6},
                                                                              {"G", 1e9},
                                                                              {"T", 1e12},
                                                                              {"Ki", 0x1p10},
                                                                              {"Mi", 0x1p20},
                                                                              {"Gi", 0x1p30},
                                                                              {"Ti", 0x1p40}}};
    for (auto const& [name, times] : prefixes) {
        if (unit == name) {
            return factor * times;
        }
    }
    return std::nullopt;
}

/// How many nanoseconds it is.
std::optional<double> time_unit(std::string_view unit) {
    constexpr std::array<std::pair<std::string_view, double>, 6> units = {
        {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"ps", 1e-3}}};
    for (auto const& [name, nanoseconds] : units) {
        if (unit == name) {
            return nanoseconds;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<double> parse_bandwidth(std::string_view text) {
    auto const read = measured(text);
    auto const unit = read ? rate_unit(read->unit) : std::nullopt;
    double const rate = unit ? read->number * *unit : 0;
    if (!(rate >= 1 && rate <= network::bytes_per_second_most)) {
        return Error{Errc::usage, "'" + wire::escape(text) +
                                      "' is no bandwidth; write for example 125MBps or 1Gbps, from "
                                      "1Bps to 1TBps"};
    }
    return rate;
}

Result<wire::Duration> parse_latency(std::string_view text) {
    auto const read = measured(text);
    auto const unit = read ? time_unit(read->unit) : std::nullopt;
    double const time = unit ? read->number * *unit : -1;
    constexpr double most = 60e9;
    if (!(time >= 0 && time <= most)) {
        return Error{Errc::usage, "'" + wire::escape(text) +
                                      "' is no latency; write for example 50us or 1.5ms, at most "
                                      "60s"};
    }
    return wire::Duration(std::chrono::nanoseconds(std::llround(time)));
}

}  // namespace xfsbus::lab::platform
