#include "guarded_ranks.hpp"

#include <xfsbus/policies/host/guarded_upload_choice.hpp>

#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

namespace xfsbus::policies {

GuardedUploadChoice::GuardedUploadChoice(std::string name, std::unique_ptr<UploadChoice> policy,
                                         GuardOptions options)
    : policy_(std::move(policy)), guard_(std::move(name), std::move(options)) {}

GuardedUploadChoice::GuardedUploadChoice(std::string name, Make const& make, GuardOptions options)
    : guard_(std::move(name), std::move(options)) {
    guard_.create([&] { policy_ = make(); });
}

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
