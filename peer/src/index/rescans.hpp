#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace xfsbus::peer::index {

/// What decides how often a share is scanned though nobody asks for it.
struct RescanReasons {
    std::optional<std::chrono::milliseconds> wanted{};  ///< by the user; 0: never
    bool watched = true;
    bool hears_all = true;                  ///< every change is told of by inotify
    std::chrono::milliseconds walk_time{};  ///< how long the last scan took
};

/// How long after a scan the next one begins; nullopt: never. As the user says; else, where changes
/// are missed, soon, but so that most of the time there is no scan; else rarely, for what nobody
/// foresaw. Who wants no watching is not watched by scans either.
std::optional<std::chrono::milliseconds> rescan_after(RescanReasons const& reasons);

/// Whether others may change files of this file system (statfs(2), f_type) without the kernel here
/// hearing of it: network file systems, shares of virtual machines, and FUSE, which may be
/// anything.
bool is_remote_type(std::uint32_t type);

/// The same of what an open file is on.
bool is_remote(int fd);

}  // namespace xfsbus::peer::index
