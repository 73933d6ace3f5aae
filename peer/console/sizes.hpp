#pragma once

#include <xfsbus/program/sizes.hpp>

#include <string>

namespace xfsbus::console {

using program::parse_size;

/// "1.5 MiB".
std::string show_size(double bytes);

/// "3:07", "1:02:09".
std::string show_time(double seconds);

}  // namespace xfsbus::console
