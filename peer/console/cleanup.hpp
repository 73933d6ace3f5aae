#pragma once

#include <chrono>
#include <filesystem>
#include <ostream>

namespace xfsbus::console {

/// What `xfs-peer cleanup` is to do.
struct Cleanup {
    std::filesystem::path directory{};
    std::chrono::milliseconds older{};  ///< only those that are at least so old
    bool remove = false;
    bool json = false;
    bool terminal = false;  ///< `out` is one: a header, and sizes and ages for people
};

/// Lists what downloads that did not end have left below the directory or, if that is wanted,
/// removes it and says what was removed. What could not be is told on `err`. Returns the exit code.
int clean_up(Cleanup const& cleanup, std::ostream& out, std::ostream& err);

}  // namespace xfsbus::console
