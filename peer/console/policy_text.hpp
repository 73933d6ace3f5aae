#pragma once

#include <xfsbus/peer/policy.hpp>

#include <string>

namespace xfsbus::console {

/// The answer of `policy` for people: which builds with which parameters, how often they decided
/// and how that went, with a row for each kind of question. Without the last line's end.
std::string policy_text(peer::PolicyInfo const& policy, peer::PolicyInfo const& chunk_order);

}  // namespace xfsbus::console
