#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace xfsbus::lab::platform {

/// The numbers of "0-3,7,9-11", in that order. Errc::usage, with a sentence, if it is no such list
/// or longer than there may be hosts.
Result<std::vector<std::uint32_t>> parse_radical(std::string_view text);

}  // namespace xfsbus::lab::platform
