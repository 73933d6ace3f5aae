#include "plugin_contract.hpp"

#include <xfsbus/policies/host/contract.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/program/apart.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace xfsbus::console {
namespace {

using Json = nlohmann::ordered_json;

Json told(std::string const& path, std::string const& problem) {
    return {{"event", "contract"}, {"path", path}, {"ok", problem.empty()}, {"problem", problem}};
}

/// What the child says: the event of --json, from which the text is made as well.
Json tried(policies::PluginSpec const& spec, policies::PluginPath const& path,
           std::string const& file) {
    try {
        auto const trial = policies::try_contract(spec, path);
        auto event = told(file, trial.kept() ? "" : "it does not keep the contract of its kind");
        event["kind"] = trial.plugin.kind;
        event["name"] = trial.plugin.name;
        event["version"] = trial.plugin.version;
        event["decisions"] = trial.decisions;
        event["nanoseconds"] = trial.spent.count();
        event["rules"] = Json::array();
        for (auto const& rule : trial.rules) {
            event["rules"].push_back({{"rule", rule.sentence}, {"problem", rule.problem}});
        }
        return event;
    } catch (policies::PluginRefused const& refused) {
        return told(file, refused.what());
    }
}

void print_text(Json const& event) {
    std::cout << wire::escape(event.at("path").get<std::string>()) << "\n";
    if (!event.contains("rules")) {
        std::cout << "  " << wire::escape(event.at("problem").get<std::string>()) << std::endl;
        return;
    }
    std::cout << fmt::format("  {} '{}' {}\n", event.at("kind").get<std::string>(),
                             event.at("name").get<std::string>(),
                             wire::escape(event.at("version").get<std::string>()));
    for (auto const& rule : event.at("rules")) {
        auto const problem = rule.at("problem").get<std::string>();
        std::cout << (problem.empty() ? "  kept    " : "  BROKEN  ")
                  << rule.at("rule").get<std::string>()
                  << (problem.empty() ? "" : ": " + wire::escape(problem)) << "\n";
    }
    auto const decisions = event.at("decisions").get<std::uint64_t>();
    auto const spent = event.at("nanoseconds").get<double>();
    std::cout << fmt::format(
                     "  {} decisions, {:.2f} us each", decisions,
                     spent / 1000 / static_cast<double>(std::max<std::uint64_t>(decisions, 1)))
              << std::endl;
}

}  // namespace

int report_contract(policies::PluginSpec const& spec, policies::PluginPath const& path, bool json) {
    auto const file = path.find(spec.file).string();
    auto const line = program::ask_apart([&] {
        return tried(spec, path, file).dump(-1, ' ', false, Json::error_handler_t::replace);
    });
    auto event = line ? Json::parse(*line, nullptr, false) : told(file, line.error().message);
    if (event.is_discarded()) {
        event = told(file, "it writes where only the program that loads it should");
    }
    if (json) {
        std::cout << event.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    } else {
        print_text(event);
    }
    return event.at("ok").get<bool>() ? 0 : program::exit_code(Errc::plugin);
}

}  // namespace xfsbus::console
