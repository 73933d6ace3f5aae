#include "handout_plugin.hpp"

#include <xfsbus/policies/host/contract.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/program/apart.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace xfsbus::tracker {

namespace {

/// More than other policies have of a second: a tracker does little else than to choose sources.
constexpr auto budget_a_second = std::chrono::milliseconds(250);

LogEvent policy_said(std::string_view plugin, std::string_view line) {
    return {LogLevel::info,
            "policy-says",
            std::string(plugin) + ": " + std::string(line),
            {{"plugin", std::string(plugin)}, {"line", std::string(line)}}};
}

LogEvent policy_failed(std::string_view why) {
    return {LogLevel::warning, "policy-fault", std::string(why), {{"why", std::string(why)}}};
}

LogEvent handout_loaded(policies::PluginInfo const& plugin) {
    auto const version = wire::escape(plugin.version);
    auto const path = wire::escape(plugin.path.string());
    return {LogLevel::info,
            "handout-loaded",
            plugin.name + " " + version + " chooses the sources that are named, from " + path,
            {{"plugin", plugin.name}, {"version", version}, {"path", path}}};
}

/// What a plug-in logs goes to `log` as long as that is there: the thread of one that hangs
/// outlives the program's objects.
std::shared_ptr<policies::PolicyHost> make_host(std::weak_ptr<OnLog const> log) {
    policies::PolicyHost::Options options;
    options.log = [log = std::move(log)](std::string_view plugin, std::string_view line) {
        if (auto const to = log.lock()) {
            (*to)(policy_said(plugin, line));
        }
    };
    return std::make_shared<policies::PolicyHost>(std::move(options));
}

policies::GuardOptions guarded(std::shared_ptr<OnLog const> log, bool strict) {
    policies::GuardOptions options;
    options.strict = strict;
    options.budget_a_second = budget_a_second;
    options.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    options.report = [log = std::move(log)](std::string_view why) { (*log)(policy_failed(why)); };
    return options;
}

}  // namespace

HandoutPlugin::HandoutPlugin(std::vector<std::filesystem::path> directories, bool strict, OnLog log)
    : directories_(std::move(directories)),
      strict_(strict),
      log_(std::make_shared<OnLog const>(std::move(log))),
      host_(make_host(log_)) {}

Result<LoadedHandout> HandoutPlugin::load(std::string const& spec) const {
    if (spec.empty()) {
        return LoadedHandout{};
    }
    try {
        auto const path = policies::PluginPath::standard(directories_);
        auto const plugin = policies::load_handout(policies::parse_plugin_spec(spec), path, host_);
        auto const& info = plugin->info();
        (*log_)(handout_loaded(info));
        LoadedHandout loaded{plugin->make(guarded(log_, strict_)), info.name, info.version,
                             info.hash};
        for (auto const& parameter : info.parameters) {
            loaded.parameters.emplace_back(parameter.name, parameter.value);
        }
        return loaded;
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

Status HandoutPlugin::try_out(std::string const& spec) const {
    if (auto const loaded = load(spec); !loaded || loaded->policy == nullptr) {
        return loaded ? done() : Status(loaded.error());
    }
    try {
        static_cast<void>(policies::try_contract(policies::parse_plugin_spec(spec),
                                                 policies::PluginPath::standard(directories_)));
        return done();
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    }
}

Status HandoutPlugin::try_apart(std::string const& spec, std::stop_token const& stop) const {
    std::vector<std::string> words = {"xfs-tracker", "--check", "--quiet", "--handout", spec};
    for (auto const& directory : directories_) {
        words.insert(words.end(), {"--plugin-dir", directory.string()});
    }
    auto const apart = program::run_apart(std::move(words), stop);
    if (!apart) {
        return apart.error().code == Errc::interrupted
                   ? apart.error()
                   : Error{Errc::plugin,
                           "cannot try it in a process of its own: " + apart.error().message};
    }
    bool const told = apart->code == 0 || apart->code == program::exit_code(Errc::plugin);
    return told ? done() : Status(Error{Errc::plugin, "plug-in '" + spec + "': " + apart->ending});
}

}  // namespace xfsbus::tracker
