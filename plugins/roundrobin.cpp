#include <xfsbus/policies/export.hpp>

namespace {

using namespace xfsbus::policies;

/// The sources in turn, by their ids: the next is the smallest id above the last one, or else the
/// smallest of all. Sources that come, go or have no room meanwhile do not disturb the turn.
class RoundRobin final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            if (distance(sources[i]) < distance(sources[best])) {
                best = i;
            }
        }
        last_ = sources[best].source_id;
        started_ = true;
        return best;
    }

  private:
    /// How far an id lies behind the last one; the last one itself is the farthest.
    [[nodiscard]] std::uint64_t distance(SourceView const& source) const {
        return started_ ? source.source_id - last_ - 1 : source.source_id;
    }

    std::uint64_t last_ = 0;
    bool started_ = false;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(RoundRobin, "roundrobin", "1.0", "every source in its turn")
