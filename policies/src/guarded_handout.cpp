#include "guarded_ranks.hpp"

#include <xfsbus/policies/host/guarded_handout.hpp>

#include <cassert>
#include <cstddef>
#include <string>

namespace xfsbus::policies {

void GuardedHandout::rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
                          std::span<double> ranks) {
    assert(sources.size() == ranks.size());
    if (sources.empty()) {
        return;
    }
    bool const good = guarded_ranks(
        guard_, ranks, [&] { policy_->rank(request, sources, ranks); },
        [&](std::size_t i) {
            return "the source at " + std::string(sources[i].host) + " port " +
                   std::to_string(sources[i].port);
        });
    by_default_ = !good;
    if (!good) {
        fallback_.rank(request, sources, ranks);
    }
}

}  // namespace xfsbus::policies
