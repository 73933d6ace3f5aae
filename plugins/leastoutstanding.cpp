#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// The source of which the fewest chunks are outstanding, the first of equals: the rule by which
/// Syncthing chooses a device for a block (deviceActivity.leastBusy, lib/model/deviceactivity.go).
class LeastOutstanding final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        auto const best = std::ranges::min_element(sources, {}, &SourceView::requests);
        return static_cast<std::size_t>(best - sources.begin());
    }

    std::optional<double> cost(SourceView const& source) override { return source.requests; }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(LeastOutstanding, "leastoutstanding", "1.0",
                            "the fewest chunks outstanding win")
