#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/names.hpp>

#include <algorithm>
#include <cstddef>

namespace xfsbus::policies {
namespace {

constexpr std::string_view advice =
    "write FILE or FILE:NAME=VALUE,NAME=VALUE, e.g. libloadlatency.so:load_weight=20";

/// Whether text begins with NAME=.
bool begins_with_parameter(std::string_view text) {
    auto const* const end = std::find_if_not(text.begin(), text.end(), is_parameter_character);
    return end != text.begin() && end != text.end() && *end == '=';
}

/// Where the ':' before the parameters is, or npos.
std::size_t find_parameters(std::string_view text) {
    auto at = text.find(':');
    while (at != std::string_view::npos && !begins_with_parameter(text.substr(at + 1))) {
        at = text.find(':', at + 1);
    }
    return at;
}

std::pair<std::string, std::string> parse_parameter(std::string_view file, std::string_view text) {
    if (!begins_with_parameter(text)) {
        throw PluginRefused(file, "'" + std::string(text) + "' is not NAME=VALUE", advice);
    }
    auto const equals = text.find('=');
    return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace

PluginSpec parse_plugin_spec(std::string_view text) {
    auto at = find_parameters(text);
    if (at == std::string_view::npos) {
        // Not taken for a file's name: somebody meant to give a parameter and mistyped it.
        auto const slash = text.rfind('/');
        at = text.find(':', slash == std::string_view::npos ? 0 : slash);
    }
    PluginSpec spec{std::string(text.substr(0, at)), {}};
    if (spec.file.empty()) {
        throw PluginRefused(text, "no file is named", advice);
    }
    while (at != std::string_view::npos) {
        text.remove_prefix(at + 1);
        at = text.find(',');
        spec.parameters.push_back(parse_parameter(spec.file, text.substr(0, at)));
    }
    return spec;
}

}  // namespace xfsbus::policies
