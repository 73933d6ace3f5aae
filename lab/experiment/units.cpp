#include "experiment/units.hpp"

#include "experiment/experiment.hpp"

#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/sizes.hpp>
#include <xfsbus/wire/name.hpp>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace xfsbus::lab::experiment {
namespace {

Error no_rate(std::string_view text) {
    return {Errc::usage, "'" + wire::escape(text) +
                             "' is no rate; write for example \"100Mbit/s\" or \"12MB/s\", from 1K "
                             "to 1 TB a second"};
}

/// The number before a suffix, if there is nothing else.
std::optional<double> number_before(std::string_view text, std::string_view suffix) {
    if (!text.ends_with(suffix)) {
        return std::nullopt;
    }
    text.remove_suffix(suffix.size());
    double value = 0;
    auto const [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

/// Of bits; 0: these are none.
double bytes_of_bits(std::string_view text) {
    constexpr double bits = 8;
    for (auto const& [suffix, factor] :
         {std::pair("kbit/s", 1e3), std::pair("Mbit/s", 1e6), std::pair("Gbit/s", 1e9)}) {
        if (auto const number = number_before(text, suffix)) {
            return *number * factor / bits;
        }
    }
    return 0;
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
    double bytes = bytes_of_bits(text);
    if (bytes == 0 && text.ends_with("/s")) {
        auto const size = program::parse_size(text);
        bytes = size ? static_cast<double>(*size) : 0;
    }
    constexpr auto least = static_cast<double>(limits::rate_least);
    constexpr auto most = static_cast<double>(limits::rate_most);
    if (!(bytes >= least && bytes <= most)) {
        return no_rate(text);
    }
    return static_cast<std::uint64_t>(bytes);
}

Result<wire::Duration> parse_time(std::string_view text) {
    constexpr double most_us = 1e9;
    if (auto const us = number_before(text, "us"); us && *us <= most_us) {
        return wire::Duration(std::chrono::nanoseconds(std::llround(*us * 1e3)));
    }
    auto const time = program::parse_duration(text);
    return time ? Result<wire::Duration>(wire::Duration(*time)) : time.error();
}

}  // namespace xfsbus::lab::experiment
