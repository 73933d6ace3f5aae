#include <xfsbus/policies/export.hpp>

namespace {

using namespace xfsbus::policies;

/// Every source is as likely as any other: the yardstick that a better rule has to beat.
class Random final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng& rng) override {
        return rng.below(sources.size());
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Random, "random", "1.0", "any source, all equally likely")
