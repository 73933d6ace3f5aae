#include <xfsbus/policies/export.hpp>

#include <tuple>

namespace {

using namespace xfsbus::policies;

/// The source that is busy with the fewest transfers; of equals the one of which this transfer
/// has asked the least, then the nearest, then the first.
class LeastLoad final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            if (order(sources[i]) < order(sources[best])) {
                best = i;
            }
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override { return source.load; }

  private:
    static std::tuple<std::uint32_t, std::uint64_t, double> order(SourceView const& source) {
        return {source.load, source.outstanding_bytes, source.latency_ms};
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(LeastLoad, "leastload", "1.0", "the least busy source wins")
