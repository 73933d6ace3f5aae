#include "plugin_trial.hpp"

#include <xfsbus/program/apart.hpp>
#include <xfsbus/program/run.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace xfsbus::console {
namespace {

std::string to_text(policies::PluginListing const& plugin) {
    nlohmann::json parameters = nlohmann::json::array();
    for (auto const& each : plugin.parameters) {
        parameters.push_back({each.name, each.value, each.default_value, each.description});
    }
    nlohmann::json const object = {
        {"hash", plugin.hash},       {"kind", plugin.kind},
        {"name", plugin.name},       {"version", plugin.version},
        {"parameters", parameters},  {"description", plugin.description},
        {"problem", plugin.problem},
    };
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

policies::PluginListing from_text(std::filesystem::path const& path, std::string const& text) {
    auto const object = nlohmann::json::parse(text);
    policies::PluginListing plugin;
    plugin.path = path;
    plugin.hash = object.at("hash");
    plugin.kind = object.at("kind");
    plugin.name = object.at("name");
    plugin.version = object.at("version");
    plugin.description = object.at("description");
    plugin.problem = object.at("problem");
    for (auto const& each : object.at("parameters")) {
        plugin.parameters.push_back({each.at(0), each.at(1), each.at(2), each.at(3)});
    }
    return plugin;
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

policies::PluginListing problem(std::filesystem::path const& path, std::string what) {
    policies::PluginListing plugin;
    plugin.path = path;
    plugin.problem = "plug-in '" + path.string() + "': " + std::move(what);
    return plugin;
}

Error cannot_try(std::string const& why) {
    return {Errc::plugin, "cannot try it in a process of its own: " + why};
}

}  // namespace

Result<std::string> try_plugin_apart(std::string const& spec,
                                     std::vector<std::filesystem::path> const& directories,
                                     std::stop_token const& stop) {
    std::vector<std::string> words = {"xfs-peer", "--json"};
    for (auto const& directory : directories) {
        words.insert(words.end(), {"--plugin-dir", directory.string()});
    }
    words.insert(words.end(), {"plugins", "check", "--", spec});
    auto const apart = program::run_apart(std::move(words), stop);
    if (!apart) {
        return apart.error().code == Errc::interrupted ? apart.error()
                                                       : cannot_try(apart.error().message);
    }
    auto const answer = nlohmann::json::parse(apart->line, nullptr, false);
    if (answer.is_object() && answer.value("ok", false)) {
        return answer.value("sha256", "");
    }
    if (answer.is_object()) {
        return Error{Errc::plugin, answer.value("problem", "")};
    }
    bool const told = apart->code == program::exit_code(Errc::plugin);
    return told ? Result(std::string()) : cannot_try(apart->ending);
}

policies::PluginListing try_plugin(std::filesystem::path const& path,
                                   Parameters const& parameters) {
    auto const text =
        program::ask_apart([&] { return to_text(policies::check_plugin(path, parameters)); });
    try {
        return text ? from_text(path, *text) : problem(path, text.error().message);
    } catch (nlohmann::json::exception const&) {
        return problem(path, "it writes where only the program that loads it should");
    }
}

}  // namespace xfsbus::console
