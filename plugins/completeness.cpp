#include "labels.hpp"

#include <xfsbus/policies/export.hpp>

#include <cstdint>

namespace {

using namespace xfsbus::policies;

/// Who has the whole file first, then an origin (label origin=1), then those that fetch it still;
/// of equals any. The priorities of Kraken's hand-out policy "completeness"
/// (tracker/peerhandoutpolicy/completeness.go).
class Completeness final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng& rng) override {
        std::size_t best = 0;
        std::size_t equals = 1;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            if (priority(sources[i]) < priority(sources[best])) {
                best = i;
                equals = 1;
            } else if (priority(sources[i]) == priority(sources[best]) &&
                       rng.below(++equals) == 0) {
                best = i;
            }
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override { return priority(source); }

  private:
    static std::uint32_t priority(SourceView const& source) {
        if (xfsbus::plugins::label(source.labels, "origin") == "1") {
            return 1;
        }
        return source.completeness >= 1 ? 0 : 2;
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Completeness, "completeness", "1.0",
                            "who has the whole file comes first")
