#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/hash_algorithm.hpp>
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

/// One of the program's own, of the kind that it says it is.
using OwnPolicyFactory =
    std::variant<std::shared_ptr<SelectorFactory const>, std::shared_ptr<ChunkOrderFactory const>,
                 std::shared_ptr<UploadChoiceFactory const>, std::shared_ptr<HashAlgorithm const>>;

/// Takes what a plug-in would export from the program itself. context: what its objects are given;
/// it and the descriptor stay as long as anything that came of it. Throws PluginRefused.
[[nodiscard]] OwnPolicyFactory take_own_policy(::xfsbus_descriptor const& descriptor,
                                               std::shared_ptr<void> context,
                                               std::shared_ptr<PolicyHost> const& host);

}  // namespace xfsbus::policies
