#pragma once

#include "platform/platform.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace xfsbus::lab::platform {

/// A platform's file may be so large.
inline constexpr std::size_t file_bytes_most = 4UL * 1024 * 1024;

/// Reads a platform of SimGrid's (XML, version 4 or before); `file` is what complaints call it.
/// Errc::usage, "FILE:LINE: <TAG>: what is wrong", for the first thing that is wrong, and for what
/// would change the network and is not understood.
Result<Platform> parse(std::string_view xml, std::string const& file);

}  // namespace xfsbus::lab::platform
