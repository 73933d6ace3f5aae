#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::policies {

/// A parameter of a plug-in and the value it has.
struct PluginParameter {
    std::string name;
    std::string value;
    std::string default_value;
    std::string description;
};

/// What a plug-in says of itself, where it was found, and its parameters in force.
struct PluginInfo {
    std::filesystem::path path;
    std::string hash;  ///< SHA-256 of the file as it was loaded, in hex, as sha256sum prints it
    std::string kind;
    std::string name;
    std::string version;
    std::string description;
    std::vector<PluginParameter> parameters;
};

}  // namespace xfsbus::policies
