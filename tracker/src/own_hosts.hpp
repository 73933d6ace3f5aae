#pragma once

#include <string>
#include <vector>

namespace xfsbus::tracker {

/// The addresses of this machine's interfaces, as of now; empty if the system does not tell.
std::vector<std::string> own_hosts();

}  // namespace xfsbus::tracker
