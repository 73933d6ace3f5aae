#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace xfsbus::console {

/// "512", "10K", "1.5M", "2G": bytes, with 1024 for K; an optional "B", "iB" or "/s" may follow.
Result<std::uint64_t> parse_size(std::string_view text);

/// "1.5 MiB".
std::string show_size(double bytes);

/// "3:07", "1:02:09".
std::string show_time(double seconds);

}  // namespace xfsbus::console
