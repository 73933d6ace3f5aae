#pragma once

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <memory>
#include <variant>

namespace xfsbus::policies {

/// A loaded plug-in that decides for a peer, of the kind that it says it is.
using PeerPolicyFactory =
    std::variant<std::shared_ptr<SelectorFactory const>, std::shared_ptr<ChunkOrderFactory const>,
                 std::shared_ptr<UploadChoiceFactory const>>;

/// Finds, checks and loads a plug-in of any of these kinds. Throws PluginRefused, for one of
/// another kind as well. host: what its objects are given.
[[nodiscard]] PeerPolicyFactory load_peer_policy(PluginSpec const& spec, PluginPath const& path,
                                                 std::shared_ptr<PolicyHost> const& host);

}  // namespace xfsbus::policies
