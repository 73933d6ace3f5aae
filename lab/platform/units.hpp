#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <string_view>

namespace xfsbus::lab::platform {

/// Bytes per second of "125MBps", "1Gbps" (bits), "10MiBps", or of a number alone. Errc::usage,
/// with a sentence, for all else and for what no link has.
Result<double> parse_bandwidth(std::string_view text);

/// "50us", "1.5ms", or seconds as a number alone. Errc::usage, with a sentence, for all else and
/// for more than a minute.
Result<wire::Duration> parse_latency(std::string_view text);

}  // namespace xfsbus::lab::platform
