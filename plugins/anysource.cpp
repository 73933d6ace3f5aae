#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// Any sources, all equally likely, as the tracker of BitTorrent names peers: random graphs stay
/// connected whoever leaves them (Cohen, "Incentives Build Robustness in BitTorrent", 2003). The
/// yardstick that a better rule has to beat.
class AnySource final : public Handout {
  public:
    void rank(HandoutRequest const&, std::span<HandoutSource const>,
              std::span<double> ranks) override {
        std::fill(ranks.begin(), ranks.end(), 0.0);
    }
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(AnySource, "anysource", "1.0", "any sources, all equally likely")
