#include <xfsbus/policies/host/guarded_upload_choice.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

void check_upload_ranks(std::span<UploadSinkView const> sinks, std::span<double const> ranks) {
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        if (!std::isfinite(ranks[i])) {
            throw std::domain_error("answered for a sink at " + std::string(sinks[i].host) +
                                    " with what is not a finite number");
        }
    }
}

}  // namespace

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
    bool const good = guard_.decide("rank", [&] {
        // What the policy forgets to write must not pass for a rank.
        std::fill(ranks.begin(), ranks.end(), std::numeric_limits<double>::quiet_NaN());
        policy_->rank(request, sinks, ranks);
        check_upload_ranks(sinks, ranks);
    });
    if (!good) {
        fallback_.rank(request, sinks, ranks);
    }
}

}  // namespace xfsbus::policies
