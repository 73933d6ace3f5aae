#pragma once

#include "index/publications.hpp"

#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/wire/result.hpp>

namespace xfsbus::peer::runtime {

/// What a program publishes, as the peer reads it: whatever the program's own code does, the peer
/// takes no harm. `log`: is told why a BlockSource cannot be read. Errc::usage if there is nothing,
/// or too much. The thread of the program that publishes.
Result<index::Publications::Bytes> bytes_of(PublishRequest const& request, OnLog const& log);

}  // namespace xfsbus::peer::runtime
