#pragma once

#include <xfsbus/peer/policy.hpp>

#include <string>

namespace xfsbus::console {

/// One of each kind that decides for a peer.
struct PoliciesInForce {
    peer::PolicyInfo selection;
    peer::PolicyInfo chunk_order;
    peer::PolicyInfo upload;
};

/// The answer of `policy` for people: which builds with which parameters, how often they decided
/// and how that went, with a row for each kind of question. Without the last line's end.
std::string policy_text(PoliciesInForce const& policies);

}  // namespace xfsbus::console
