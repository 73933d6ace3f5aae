#include <xfsbus/policies/export.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

using namespace xfsbus::policies;

/// Any sources, but a busy one less often: one that is busy with n transfers is as likely to be
/// named first as 1 / (n + 1) of an idle one. A weighted random sample by exponential keys:
/// Efraimidis and Spirakis, "Weighted Random Sampling with a Reservoir", Information Processing
/// Letters 97(5), 2006. Chance remains, since what is known of the load is a heartbeat old: the
/// least busy alone would be named to all who ask in between.
class LessBusy final : public Handout {
  public:
    void rank(HandoutRequest const&, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        std::transform(sources.begin(), sources.end(), ranks.begin(),
                       [](HandoutSource const& source) {
                           return -std::log(uniform(source.draw)) * (1.0 + source.load);
                       });
    }

  private:
    /// The draw as a number above 0 and below 1.
    static double uniform(std::uint64_t draw) {
        constexpr double steps = 1ULL << 52U;
        return (static_cast<double>(draw >> 12U) + 0.5) / steps;
    }
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(LessBusy, "lessbusy", "1.0", "any sources, but busy ones less often")
