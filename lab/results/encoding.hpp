#pragma once

#include "results/run.hpp"

#include <xfsbus/wire/result.hpp>

#include <string>
#include <string_view>

namespace xfsbus::lab::results {

/// A run, or why there is none, as it goes from one process to another.
std::string encode(std::variant<Run, std::string> const& what);

/// Errc::failed if the text was not made by encode(): the process that wrote it may have lost its
/// mind.
Result<std::variant<Run, std::string>> decode(std::string_view text);

}  // namespace xfsbus::lab::results
