#pragma once

#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
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
    std::chrono::seconds age{};  ///< since it was last changed
    bool in_use = false;         ///< a download is going on
};

/// All of them, the oldest first. Errc::disk if the directory cannot be read; `on_unread` is told
/// of those below that cannot, whose leftovers are not found. Any thread.
XFSBUS_API Result<std::vector<Leftover>> find_leftovers(
    std::filesystem::path const& directory,
    std::function<void(Error const&)> const& on_unread = {});

enum class Removal {
    done,    ///< it is gone, by whomever
    in_use,  ///< a download has it; it stays
};

/// Removes one that find_leftovers() has found there, with what belongs to it. Errc::disk if it
/// cannot be removed.
XFSBUS_API Result<Removal> remove_leftover(std::filesystem::path const& directory,
                                           Leftover const& leftover);

}  // namespace xfsbus::peer
