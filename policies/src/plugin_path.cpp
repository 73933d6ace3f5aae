#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>

#include <boost/dll/runtime_symbol_info.hpp>

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

/// Relative to a program in bin/; relative to the shared library that contains this code, if any
/// (a program that embeds us is not next to our plug-ins); and where they were configured to be.
std::vector<fs::path> installed_places() {
    fs::path const below = fs::path("xfsbus") / "plugins";
    std::vector<fs::path> places;
    std::error_code error;
    auto const program = boost::dll::program_location(error);
    if (!error) {
        places.push_back(program.parent_path().parent_path() / XFSBUS_LIBDIR / below);
    }
    auto const module = boost::dll::this_line_location(error);
    if (!error && fs::weakly_canonical(module, error) != program) {
        places.push_back(fs::absolute(module, error).parent_path() / below);
    }
    places.push_back(fs::path(XFSBUS_FULL_LIBDIR) / below);
    return places;
}

/// The names of a file that a name without directory may mean.
std::vector<std::string> decorated(std::string const& name) {
    if (name.ends_with(".so")) {
        return {name};
    }
    if (name.starts_with("lib")) {
        return {name + ".so", "lib" + name + ".so"};
    }
    return {"lib" + name + ".so"};
}

bool is_file(fs::path const& path) {
    std::error_code error;
    return fs::exists(path, error) && !fs::is_directory(path, error);
}

}  // namespace

PluginPath::PluginPath(std::vector<fs::path> const& directories) {
    for (auto const& directory : directories) {
        append(directory);
    }
}

PluginPath::PluginPath(std::vector<fs::path> const& given, std::string_view environment)
    : PluginPath(given) {
    while (!environment.empty()) {
        auto const part = environment.substr(0, environment.find(':'));
        append(part);
        environment.remove_prefix(std::min(part.size() + 1, environment.size()));
    }
    for (auto const& place : installed_places()) {
        append(place);
    }
}

PluginPath PluginPath::standard(std::vector<fs::path> const& given) {
    char const* const environment = std::getenv("XFS_PLUGIN_PATH");
    return PluginPath(given, environment != nullptr ? environment : "");
}

void PluginPath::append(fs::path const& directory) {
    if (directory.empty()) {
        return;
    }
    auto const normal = fs::absolute(directory).lexically_normal();
    if (std::find(directories_.begin(), directories_.end(), normal) == directories_.end()) {
        directories_.push_back(normal);
    }
}

fs::path PluginPath::find(std::string const& file) const {
    std::vector<fs::path> candidates;
    if (file.find('/') != std::string::npos) {
        candidates.push_back(fs::absolute(file));
    } else if (!file.empty()) {
        for (auto const& directory : directories_) {
            for (auto const& name : decorated(file)) {
                candidates.push_back(directory / name);
            }
        }
    }
    std::string tried;
    for (auto const& candidate : candidates) {
        if (is_file(candidate)) {
            return candidate;
        }
        tried += (tried.empty() ? ", tried " : ", ") + candidate.string();
    }
    throw PluginRefused(file, "not found" + tried,
                        "install it, or say where it is: as a path with '/', with --plugin-dir, "
                        "or in XFS_PLUGIN_PATH");
}

}  // namespace xfsbus::policies
