#include <xfsbus/policies/host/guarded_handout.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

void check_handout_ranks(std::span<HandoutSource const> sources, std::span<double const> ranks) {
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        if (!std::isfinite(ranks[i])) {
            throw std::domain_error("answered for the source at " + std::string(sources[i].host) +
                                    " port " + std::to_string(sources[i].port) +
                                    " with what is not a finite number");
        }
    }
}

}  // namespace

GuardedHandout::GuardedHandout(std::string name, std::unique_ptr<Handout> policy,
                               GuardOptions options)
    : policy_(std::move(policy)), guard_(std::move(name), std::move(options)) {}

GuardedHandout::GuardedHandout(std::string name, Make const& make, GuardOptions options)
    : guard_(std::move(name), std::move(options)) {
    guard_.create([&] { policy_ = make(); });
}

void GuardedHandout::rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
                          std::span<double> ranks) {
    assert(sources.size() == ranks.size());
    if (sources.empty()) {
        return;
    }
    bool const good = guard_.decide("rank", [&] {
        // What the policy forgets to write must not pass for a rank.
        std::fill(ranks.begin(), ranks.end(), std::numeric_limits<double>::quiet_NaN());
        policy_->rank(request, sources, ranks);
        check_handout_ranks(sources, ranks);
    });
    if (!good) {
        fallback_.rank(request, sources, ranks);
    }
}

}  // namespace xfsbus::policies
