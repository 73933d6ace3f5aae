#include "handout_plugin.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
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

policies::GuardOptions guarded(std::shared_ptr<OnLog const> log) {
    policies::GuardOptions options;
    options.budget_a_second = budget_a_second;
    options.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    options.report = [log = std::move(log)](std::string_view why) { (*log)(policy_failed(why)); };
    return options;
}

}  // namespace

HandoutPlugin::HandoutPlugin(std::vector<std::filesystem::path> directories, OnLog log)
    : directories_(std::move(directories)),
      log_(std::make_shared<OnLog const>(std::move(log))),
      host_(make_host(log_)) {}

Result<std::shared_ptr<policies::Handout>> HandoutPlugin::load(std::string const& spec) const {
    if (spec.empty()) {
        return std::shared_ptr<policies::Handout>();
    }
    try {
        auto const path = policies::PluginPath::standard(directories_);
        auto const plugin = policies::load_handout(policies::parse_plugin_spec(spec), path, host_);
        (*log_)(handout_loaded(plugin->info()));
        return std::shared_ptr<policies::Handout>(plugin->make(guarded(log_)));
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    }
}

}  // namespace xfsbus::tracker
