#pragma once

#include <xfsbus/policies/rarest.hpp>

namespace xfsbus::swarm::test {

/// The built-in chunk order, as a download asks it. `head`: so many chunks are asked for first, in
/// the order of the file.
using Ranks = policies::RankerOf<policies::Rarest>;

}  // namespace xfsbus::swarm::test
