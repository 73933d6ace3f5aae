#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <string_view>

namespace xfsbus::lab::experiment {

/// Bytes per second of "100Mbit/s" (a thousand thousand bits, as of networks) or "12MB/s" (as sizes
/// everywhere in xfs: 1024 for K). Errc::usage, with a sentence, for all else and for what is out
/// of limits.
Result<std::uint64_t> parse_rate(std::string_view text);

/// "50us" and what program::parse_duration reads. Errc::usage, with a sentence.
Result<wire::Duration> parse_time(std::string_view text);

}  // namespace xfsbus::lab::experiment
