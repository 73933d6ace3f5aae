#pragma once

#include <string>
#include <vector>

namespace xfsbus::peer {

/// ": a; b; c; and 4 more", for the end of a message; empty if there are none.
std::string tail_of_reasons(std::vector<std::string> const& reasons);

}  // namespace xfsbus::peer
