#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace xfsbus::swarm {

/// ": a; b; c; and 4 more", for the end of a message, with at most `most` of them; empty if there
/// are none.
std::string tail_of_reasons(std::vector<std::string> const& reasons, std::size_t most = 3);

}  // namespace xfsbus::swarm
