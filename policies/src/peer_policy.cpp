#include "plugin_library.hpp"

#include <xfsbus/policies/host/peer_policy.hpp>

#include <utility>

namespace xfsbus::policies {

PeerPolicyFactory load_peer_policy(PluginSpec const& spec, PluginPath const& path,
                                   std::shared_ptr<PolicyHost> const& host) {
    auto plugin = load_library(spec, path, "", host);
    auto const& info = plugin->info();
    if (info.kind == XFSBUS_KIND_PEER_SELECTION) {
        return std::make_shared<SelectorFactory const>(std::move(plugin));
    }
    if (info.kind == XFSBUS_KIND_CHUNK_ORDER) {
        return std::make_shared<ChunkOrderFactory const>(std::move(plugin));
    }
    if (info.kind == XFSBUS_KIND_UPLOAD_CHOICE) {
        return std::make_shared<UploadChoiceFactory const>(std::move(plugin));
    }
    throw PluginRefused(info.path.string(),
                        "its kind, " + info.kind + ", is none that a running peer can swap",
                        "name one of the kinds " XFSBUS_KIND_PEER_SELECTION
                        ", " XFSBUS_KIND_CHUNK_ORDER ", " XFSBUS_KIND_UPLOAD_CHOICE);
}

}  // namespace xfsbus::policies
