#include "installed_places.hpp"

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

/// Empty, if it is no absolute path of a file that is still there.
fs::path usable(std::string const& path) {
    constexpr std::string_view unlinked = " (deleted)";
    return path.starts_with('/') && !path.ends_with(unlinked) ? fs::path(path) : fs::path();
}

fs::path program_file() {
    std::error_code error;
    return usable(fs::read_symlink("/proc/self/exe", error).string());
}

/// The file that this code was mapped from. dladdr would name it as it was called, which may be
/// relative.
fs::path file_of_this_code() {
    auto const address = reinterpret_cast<std::uintptr_t>(&file_of_this_code);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = '\0';
        words >> std::hex >> begin >> dash >> end;
        if (words && begin <= address && address < end) {
            auto const path = line.find('/');
            return path == std::string::npos ? fs::path() : usable(line.substr(path));
        }
    }
    return {};
}

}  // namespace

std::vector<fs::path> installed_places() {
    fs::path const below = fs::path("xfsbus") / "plugins";
    std::vector<fs::path> places;
    auto const program = program_file();
    if (!program.empty()) {
        places.push_back(program.parent_path().parent_path() / XFSBUS_LIBDIR / below);
    }
    auto const module = file_of_this_code();
    if (!module.empty() && module != program) {
        places.push_back(module.parent_path() / below);
    }
    // Relative only if the build was configured with a relative prefix.
    if (fs::path const configured(XFSBUS_FULL_LIBDIR); configured.is_absolute()) {
        places.push_back(configured / below);
    }
    return places;
}

}  // namespace xfsbus::policies
