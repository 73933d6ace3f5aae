#pragma once

#include "settings.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::console {

/// `xfs-peer plugins` and `xfs-peer plugins check FILE`; returns the exit code.
int report_plugins(Settings const& settings);

/// True if FILE[:key=value,...] names a chunk-order plug-in. Loads it.
bool is_chunk_order(std::string const& spec, std::vector<std::filesystem::path> const& directories);

}  // namespace xfsbus::console
