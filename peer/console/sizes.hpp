#pragma once

#include <xfsbus/program/sizes.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace xfsbus::console {

using program::parse_size;

/// "1.5 MiB".
std::string show_size(double bytes);

inline std::string size_of(std::uint64_t bytes) {
    return show_size(static_cast<double>(bytes));
}

/// Of a content's id, in tables.
constexpr std::size_t short_id_digits = 12;

/// A short time: "870 ns", "5.7 us", "12.3 ms", "4.1 s".
std::string show_span(double seconds);

/// "3:07", "1:02:09".
std::string show_time(double seconds);

}  // namespace xfsbus::console
