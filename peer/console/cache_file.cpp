#include "cache_file.hpp"

#include <xfsbus/wire/fnv.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

namespace xfsbus::console {

std::filesystem::path cache_file_for(std::filesystem::path const& directory) {
    char const* const xdg = std::getenv("XDG_CACHE_HOME");
    char const* const home = std::getenv("HOME");
    std::filesystem::path base;
    if (xdg != nullptr && *xdg == '/') {
        base = xdg;
    } else if (home != nullptr && *home == '/') {
        base = std::filesystem::path(home) / ".cache";
    } else {
        return {};
    }
    std::error_code error;
    auto const canonical = std::filesystem::canonical(directory, error);
    if (!error) {
        std::filesystem::create_directories(base / "xfs", error);
    }
    if (error) {
        return {};
    }
    auto const hash = wire::fnv1a(canonical.string());
    return base / "xfs" / fmt::format("index-{:016x}.sqlite", hash);
}

}  // namespace xfsbus::console
