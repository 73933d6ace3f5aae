#pragma once

#include "runtime/node.hpp"

#include <xfsbus/peer/options.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/wire/result.hpp>

#include <memory>

namespace xfsbus::peer::runtime {

/// The policies that the options choose: the program's own, else plug-ins, else those that are
/// built in. Errc::plugin if a plug-in is refused, Errc::usage for a name that cannot be one.
/// Enters the code of plug-ins: may take some seconds.
Result<Node::Plugins> choose_policies(PeerOptions const& options,
                                      std::shared_ptr<policies::PolicyHost> host);

}  // namespace xfsbus::peer::runtime
