#pragma once

#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// What a download that did not end has left below a directory.
struct Leftover {
    std::string path;         ///< below the directory
    std::string name;         ///< of the file that it was to become, below the directory; may be
                              ///< empty: nobody wrote it down
    std::uint64_t bytes = 0;  ///< that it takes on disk
    std::uint32_t chunks_here = 0;  ///< 0 of 0: nobody wrote it down
    std::uint32_t chunks = 0;
    std::chrono::seconds age{};  ///< since it was last written to
    bool in_use = false;         ///< a download is going on
};

/// All of them, the oldest first. Errc::disk if the directory cannot be read. Any thread.
Result<std::vector<Leftover>> find_leftovers(std::filesystem::path const& directory);

/// Removes one with what belongs to it, unless a download has taken it up: then, or if it cannot
/// be removed, Errc::disk.
Status remove_leftover(std::filesystem::path const& directory, Leftover const& leftover);

}  // namespace xfsbus::peer
