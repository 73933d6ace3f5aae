#include "reload.hpp"

#include "plugin_trial.hpp"

#include <xfsbus/wire/name.hpp>

#include <utility>

namespace xfsbus::console {

Result<peer::PolicyInfo> try_and_load_policy(peer::Peer& peer,
                                             std::vector<std::filesystem::path> const& directories,
                                             std::string const& spec, std::stop_token const& stop) {
    if (auto const tried = try_plugin_apart(spec, directories); !tried) {
        return tried.error();
    }
    return peer.load_policy(spec, stop);
}

void Reload::run(std::stop_token const& stop) {
    peer_.rescan();
    take_policy(stop);
}

void Reload::take_policy(std::stop_token const& stop) {
    Settings now;
    if (auto const read = parse_settings(settings_.words, now); !read) {
        return note(LogLevel::error, "the configuration stays as it was, since it is wrong: " +
                                         read.error().message);
    }
    if (now.peer.policy == policy_) {
        return;
    }
    auto const loaded =
        try_and_load_policy(peer_, settings_.peer.plugin_directories, now.peer.policy, stop);
    if (!loaded) {
        return note(LogLevel::error, "the policy stays as it was: " + loaded.error().message);
    }
    policy_ = now.peer.policy;
    note(LogLevel::info, "the policy is now " + wire::escape(policy_));
}

void Reload::note(LogLevel level, std::string text) const {
    settings_.peer.log({.level = level, .name = {}, .text = std::move(text)});
}

}  // namespace xfsbus::console
