#include <xfsbus/policies/export.hpp>

#include <algorithm>

using namespace xfsbus::policies;

namespace {

/// The nearest source that is not too busy. Say here what yours does, and why.
class Policy final : public PeerSelector {
  public:
    explicit Policy(Parameters const& given) : weight_(given.number("weight")) {}

    /// Which of these gets the next request. All of them could serve it now.
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        auto const best = std::ranges::min_element(
            sources, {}, [this](auto const& source) { return *cost(source); });
        return static_cast<std::size_t>(best - sources.begin());
    }

    /// What `find` shows and `--trace` records; lower is better.
    std::optional<double> cost(SourceView const& source) override {
        return source.latency_ms + weight_ * source.load;
    }

  private:
    double weight_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Policy, "@NAME@", "0.1", "the nearest source that is not too busy",
                            XFSBUS_PARAMETER("weight", "10", "what one more transfer costs, in ms"))
