#pragma once

#include "settings.hpp"

namespace xfsbus::console {

/// `xfs-peer plugins` and what it can be followed by; returns the exit code.
int report_plugins(Settings const& settings);

}  // namespace xfsbus::console
