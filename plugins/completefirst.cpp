#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// Sources that have the whole file come before all others, and among those the ones that have more
/// of it. That a tracker hands out complete peers first is the policy `completeness` of Kraken's
/// tracker (github.com/uber/kraken, tracker/peerhandoutpolicy). It spares a sink the search for a
/// source that has what it lacks; where many fetch at once it has all of them ask the seeds.
class CompleteFirst final : public Handout {
  public:
    void rank(HandoutRequest const&, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        std::transform(sources.begin(), sources.end(), ranks.begin(),
                       [](HandoutSource const& source) { return -source.completeness; });
    }
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(CompleteFirst, "completefirst", "1.0",
                      "complete sources first, then those that have more of the file")
