#include "plugin_report.hpp"

#include "plugin_contract.hpp"
#include "plugin_project.hpp"
#include "plugin_trial.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_listing.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace xfsbus::console {
namespace {

void print_json(policies::PluginListing const& plugin) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
    for (auto const& parameter : plugin.parameters) {
        parameters[parameter.name] = parameter.default_value;
    }
    nlohmann::ordered_json const object = {{"event", "plugin"},
                                           {"path", plugin.path.string()},
                                           {"sha256", plugin.hash},
                                           {"kind", plugin.kind},
                                           {"name", plugin.name},
                                           {"version", plugin.version},
                                           {"description", plugin.description},
                                           {"parameters", parameters},
                                           {"ok", plugin.problem.empty()},
                                           {"problem", plugin.problem}};
    std::cout << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

void print_text(policies::PluginListing const& plugin) {
    auto const path = wire::escape(plugin.path.string());
    if (!plugin.problem.empty()) {
        std::cout << path << "\n  would be refused: " << wire::escape(plugin.problem) << std::endl;
        return;
    }
    std::cout << fmt::format("{}\n  {} '{}' {}: {}\n", path, plugin.kind, plugin.name,
                             wire::escape(plugin.version), wire::escape(plugin.description));
    for (auto const& parameter : plugin.parameters) {
        std::cout << fmt::format("  {}={}  {}\n", wire::escape(parameter.name),
                                 wire::escape(parameter.default_value),
                                 wire::escape(parameter.description));
    }
    std::cout << std::flush;
}

void print(policies::PluginListing const& plugin, bool json) {
    json ? print_json(plugin) : print_text(plugin);
}

int list(Settings const& settings, policies::PluginPath const& path) {
    auto const plugins = policies::find_plugins(path);
    for (auto const& plugin : plugins) {
        print(plugin.problem.empty() ? try_plugin(plugin.path) : plugin, settings.json);
        if (!std::cout) {
            break;
        }
    }
    if (!plugins.empty()) {
        return 0;
    }
    std::cerr << "xfs-peer: no plug-ins in any of:\n";
    for (auto const& directory : path.directories()) {
        std::cerr << "  " << wire::escape(directory.string()) << "\n";
    }
    return program::exit_code(Errc::not_found);
}

}  // namespace

int report_plugins(Settings const& settings) {
    try {
        auto const path = policies::PluginPath::standard(settings.peer.plugin_directories);
        if (settings.plugins == Settings::Plugins::list) {
            return list(settings, path);
        }
        if (settings.plugins == Settings::Plugins::make) {
            return report_project(settings.plugin_project, settings.json);
        }
        auto const spec = policies::parse_plugin_spec(settings.plugin_file);
        if (settings.plugins == Settings::Plugins::test) {
            return report_contract(spec, path, settings.json);
        }
        auto const plugin = try_plugin(path.find(spec.file), spec.parameters);
        print(plugin, settings.json);
        return plugin.problem.empty() ? 0 : program::exit_code(Errc::plugin);
    } catch (policies::PluginRefused const& refused) {
        return program::complain("xfs-peer", {Errc::plugin, refused.what()});
    }
}

}  // namespace xfsbus::console
