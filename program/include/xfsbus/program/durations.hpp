#pragma once

#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <string_view>

namespace xfsbus::program {

/// Reads a duration as people type it: "500ms", "3s", "1.5m", "2h", "7d"; a number alone is
/// seconds. Errc::usage, with a sentence, for everything else, for negative ones and those over a
/// year.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace xfsbus::program
