#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string_view>

namespace xfsbus::program {

/// "512", "10K", "1.5M", "2G": bytes, with 1024 for K; an optional "B", "iB" or "/s" may follow.
/// Errc::usage, with a sentence, for everything else.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace xfsbus::program
