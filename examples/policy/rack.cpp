#include <xfsbus/policies/export.hpp>

#include <algorithm>
#include <string>

using namespace xfsbus::policies;

namespace {

/// Sources that say that they stand in our rack (--labels rack=...) come before all others.
class Rack final : public PeerSelector {
  public:
    explicit Rack(Parameters const& given)
        : ours_(",rack=" + given.text("rack") + ","), penalty_(given.number("penalty")) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        auto const best =
            std::ranges::min_element(sources, {}, [this](auto& source) { return *cost(source); });
        return static_cast<std::size_t>(best - sources.begin());
    }

    std::optional<double> cost(SourceView const& source) override {
        auto const labels = "," + std::string(source.labels) + ",";
        bool const near = labels.find(ours_) != std::string::npos;
        return source.latency_ms + 10.0 * source.load + (near ? 0.0 : penalty_);
    }

  private:
    std::string ours_;
    double penalty_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Rack, "rack", "1.0", "sources of our own rack first",
                            XFSBUS_PARAMETER("rack", "1", "the rack that this peer stands in"),
                            XFSBUS_PARAMETER("penalty", "1000", "what another rack costs, in ms"))
