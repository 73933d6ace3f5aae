#include "guarded_ranks.hpp"

#include <xfsbus/policies/host/guarded_upload_choice.hpp>

#include <cassert>
#include <cstddef>
#include <string>

namespace xfsbus::policies {

void GuardedUploadChoice::rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
                               std::span<double> ranks) {
    assert(sinks.size() == ranks.size());
    if (sinks.empty()) {
        return;
    }
    bool const good = guarded_ranks(
        guard_, ranks, [&] { policy_->rank(request, sinks, ranks); },
        [&](std::size_t i) { return "a sink at " + std::string(sinks[i].host); });
    if (!good) {
        fallback_.rank(request, sinks, ranks);
    }
}

}  // namespace xfsbus::policies
