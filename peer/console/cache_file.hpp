#pragma once

#include <filesystem>

namespace xfsbus::console {

/// Where the index of a directory is remembered: one file for each directory, named after it. Makes
/// the directory that it is in. Empty: there is no place for it.
std::filesystem::path cache_file_for(std::filesystem::path const& directory);

}  // namespace xfsbus::console
