#pragma once

#include <filesystem>
#include <vector>

namespace xfsbus::policies {

/// The directories that plug-ins are installed in: relative to a program in bin/; relative to the
/// shared library that contains this code, if any (a program that embeds us is not next to our
/// plug-ins); and where they were configured to be. All are absolute. They follow from what the
/// kernel says alone: how the program was called, and from where, has no part in them.
[[nodiscard]] std::vector<std::filesystem::path> installed_places();

}  // namespace xfsbus::policies
