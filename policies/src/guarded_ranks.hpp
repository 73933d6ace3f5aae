#pragma once

#include <xfsbus/policies/host/call_guard.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

namespace xfsbus::policies {

/// Has a policy write ranks, each of which has to be a finite number, under its guard. Whether they
/// may be used; if not, the caller has the default write them. name_of(i): what the rank with this
/// index is of, for reports. Throws PolicyFault if strict.
template <class Rank, class NameOf>
bool guarded_ranks(CallGuard& guard, std::span<double> ranks, Rank const& rank,
                   NameOf const& name_of) {
    return guard.decide("rank", [&] {
        // What the policy forgets to write must not pass for a rank.
        std::ranges::fill(ranks, std::numeric_limits<double>::quiet_NaN());
        rank();
        for (std::size_t i = 0; i < ranks.size(); ++i) {
            if (!std::isfinite(ranks[i])) {
                throw std::domain_error("answered for " + name_of(i) +
                                        " with what is not a finite number");
            }
        }
    });
}

}  // namespace xfsbus::policies
