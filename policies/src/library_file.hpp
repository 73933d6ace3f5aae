#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace xfsbus::policies {

/// The longest plug-in that is loaded: it is read into memory whole.
inline constexpr std::size_t max_library_bytes = std::size_t{256} * 1024 * 1024;

/// The bytes of a plug-in's file: read once, and checked. They are what is loaded, whatever becomes
/// of the file.
struct LibraryFile {
    std::filesystem::path path;
    std::string bytes;
    std::string hash;  ///< SHA-256 of the bytes, in hex
};

/// Throws PluginRefused if it is no regular file, if anybody may write to it, if it cannot be read,
/// or if it is no shared library, or only a part of one, at which the system's loader would crash.
[[nodiscard]] LibraryFile read_library(std::filesystem::path const& path);

}  // namespace xfsbus::policies
