#pragma once

#include "settings.hpp"

namespace xfsbus::console {

/// `xfs-peer plugins` and `xfs-peer plugins check FILE`; returns the exit code.
int report_plugins(Settings const& settings);

}  // namespace xfsbus::console
