#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// Which plug-in a user wants, and with which parameters; nothing is looked up or checked yet.
struct PluginSpec {
    std::string file;
    std::vector<std::pair<std::string, std::string>> parameters;
};

/// Reads FILE[:NAME=VALUE[,NAME=VALUE]...], for example "libloadlatency.so:load_weight=20".
/// The parameters begin at the first ':' that a NAME and '=' follow, where a NAME is made of
/// [A-Za-z0-9_-]; so a directory of FILE may contain ':', the last part of FILE may not.
/// A VALUE may contain ':', '/' and '=', but not ','.
/// Throws PluginRefused if the text does not have this form.
[[nodiscard]] PluginSpec parse_plugin_spec(std::string_view text);

}  // namespace xfsbus::policies
