#pragma once

#include "run/processes.hpp"

#include <string>

namespace xfsbus::lab::run {

/// "12 of 40 runs, 1 failed, 2 under way, 1:05 left": how long the rest takes if it is like what is
/// done; without that as long as nothing is.
std::string line_of(Progress const& progress);

}  // namespace xfsbus::lab::run
