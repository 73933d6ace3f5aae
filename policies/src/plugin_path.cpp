#include "installed_places.hpp"
#include "trust.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/names.hpp>

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

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
        if (!part.empty() && !part.starts_with('/')) {
            throw PluginRefused(part, "XFS_PLUGIN_PATH names it, and it is not absolute",
                                "write directories that begin with '/', divided by ':'");
        }
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

void PluginPath::distrust(fs::path const& directory) {
    strangers_.push_back(fs::absolute(directory));
}

fs::path PluginPath::find(std::string const& file) const {
    std::string tried;
    if (file.find('/') != std::string::npos) {
        auto path = fs::absolute(file);
        if (is_file(path)) {
            return path;
        }
        tried = ", tried " + path.string();
    } else if (auto const found = search(file, {}, tried)) {
        return *found;
    }
    throw PluginRefused(file, "not found" + tried,
                        "install it, or say where it is: as a path with '/', with --plugin-dir, "
                        "or in XFS_PLUGIN_PATH");
}

fs::path PluginPath::find_for_stranger(std::string const& name) const {
    if (!is_policy_name(name)) {
        throw PluginRefused("(named by a stranger)",
                            "a plug-in's name is 1 to 32 of [a-z0-9-], this one is not",
                            "distrust who names it");
    }
    std::string tried;
    if (auto const found = search(name, strangers_, tried)) {
        return *found;
    }
    throw PluginRefused(name, "not found" + tried,
                        "install it, or say where it is, with --plugin-dir or in XFS_PLUGIN_PATH");
}

/// `tried` says where it is not; what lies below one of `except` is as good as not there.
std::optional<fs::path> PluginPath::search(std::string const& name,
                                           std::vector<fs::path> const& except,
                                           std::string& tried) const {
    for (auto const& directory : directories_) {
        for (auto const& file_name : name.empty() ? std::vector<std::string>() : decorated(name)) {
            auto const candidate = directory / file_name;
            bool const there = is_file(candidate);
            if (there && !lies_below(candidate, except)) {
                if (auto const problem = why_distrusted(candidate)) {
                    throw distrusted(candidate, *problem);
                }
                return candidate;
            }
            tried += (tried.empty() ? ", tried " : ", ") + candidate.string() +
                     (there ? " (where files of others are put)" : "");
        }
    }
    return std::nullopt;
}

}  // namespace xfsbus::policies
