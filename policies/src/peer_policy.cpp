#include "plugin_library.hpp"

#include <xfsbus/policies/host/peer_policy.hpp>

#include <optional>
#include <utility>

namespace xfsbus::policies {
namespace {

/// nullopt: its kind is another.
std::optional<PeerPolicyFactory> peer_policy_of(
    std::shared_ptr<PluginLibrary const> const& plugin) {
    auto const& kind = plugin->info().kind;
    if (kind == XFSBUS_KIND_PEER_SELECTION) {
        return std::make_shared<SelectorFactory const>(plugin);
    }
    if (kind == XFSBUS_KIND_CHUNK_ORDER) {
        return std::make_shared<ChunkOrderFactory const>(plugin);
    }
    if (kind == XFSBUS_KIND_UPLOAD_CHOICE) {
        return std::make_shared<UploadChoiceFactory const>(plugin);
    }
    return std::nullopt;
}

}  // namespace

PeerPolicyFactory load_peer_policy(PluginSpec const& spec, PluginPath const& path,
                                   std::shared_ptr<PolicyHost> const& host) {
    auto const plugin = load_library(spec, path, "", host);
    if (auto policy = peer_policy_of(plugin)) {
        return std::move(*policy);
    }
    throw PluginRefused(
        plugin->called(),
        "its kind, " + plugin->info().kind + ", is none that a running peer can swap",
        "name one of the kinds " XFSBUS_KIND_PEER_SELECTION ", " XFSBUS_KIND_CHUNK_ORDER
        ", " XFSBUS_KIND_UPLOAD_CHOICE);
}

OwnPolicyFactory take_own_policy(::xfsbus_descriptor const& descriptor,
                                 std::shared_ptr<void> context,
                                 std::shared_ptr<PolicyHost> const& host) {
    auto const plugin = std::make_shared<PluginLibrary const>(descriptor, std::move(context), host);
    if (plugin->info().kind == XFSBUS_KIND_INTEGRITY) {
        return std::make_shared<HashAlgorithm const>(plugin);
    }
    if (auto const policy = peer_policy_of(plugin)) {
        return std::visit([](auto const& factory) { return OwnPolicyFactory(factory); }, *policy);
    }
    throw PluginRefused(plugin->called(),
                        "its kind, " + plugin->info().kind + ", is none that a peer asks",
                        "a handout is for a tracker");
}

}  // namespace xfsbus::policies
