#include "reload.hpp"

#include "plugin_trial.hpp"

#include <xfsbus/wire/name.hpp>

#include <utility>

namespace xfsbus::console {

Result<peer::PolicyInfo> try_and_load_policy(peer::Peer& peer,
                                             std::vector<std::filesystem::path> const& directories,
                                             std::string const& spec, std::stop_token const& stop) {
    if (auto const tried = try_plugin_apart(spec, directories, stop); !tried) {
        return tried.error();
    }
    return peer.load_policy(spec, stop);
}

Reload::Reload(peer::Peer& peer, Settings const& settings)
    : peer_(peer),
      settings_(settings),
      taken_{{{"policy", &peer::PeerOptions::policy, &peer::Peer::policy, "", settings.peer.policy},
              {"chunk order", &peer::PeerOptions::chunk_order, &peer::Peer::chunk_order, "",
               settings.peer.chunk_order},
              {"upload policy", &peer::PeerOptions::upload_policy, &peer::Peer::upload_policy,
               "libfair.so", settings.peer.upload_policy}}} {}

void Reload::run(std::stop_token const& stop) {
    peer_.rescan();
    take_policies(stop);
}

void Reload::take_policies(std::stop_token const& stop) {
    Settings now;
    if (auto const read = parse_settings(settings_.words, now); !read) {
        return note(LogLevel::error, "the configuration stays as it was, since it is wrong: " +
                                         read.error().message);
    }
    for (auto& each : taken_) {
        take(each, now.peer.*each.configured, stop);
    }
}

/// Unless it is the same, and of the same build.
void Reload::take(Taken& policy, std::string const& spec, std::stop_token const& stop) {
    if (spec.empty() && policy.spec.empty()) {
        return;
    }
    auto const& plugin = spec.empty() ? policy.rule : spec;
    auto const tried = try_plugin_apart(plugin, settings_.peer.plugin_directories, stop);
    auto const in_force = (peer_.*policy.in_force)(stop);
    if (spec == policy.spec && tried && in_force && *tried == in_force->hash) {
        return;
    }
    auto const loaded =
        tried ? peer_.load_policy(plugin, stop) : Result<peer::PolicyInfo>(tried.error());
    if (!loaded) {
        return stop.stop_requested()
                   ? void()
                   : note(LogLevel::error, std::string("the ") + policy.what +
                                               " stays as it was: " + loaded.error().message);
    }
    policy.spec = spec;
    note(LogLevel::info, std::string("the ") + policy.what + " is now " + wire::escape(plugin));
}

void Reload::note(LogLevel level, std::string text) const {
    settings_.peer.log({.level = level, .name = {}, .text = std::move(text)});
}

}  // namespace xfsbus::console
