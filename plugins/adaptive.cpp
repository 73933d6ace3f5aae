#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <tuple>

namespace {

using namespace xfsbus::policies;

/// The fastest as far as is known for the first places; for the others who was not tried yet, and
/// then who was not for the longest time. This is aria2's --uri-selector=adaptive (its manual, and
/// src/AdaptiveURISelector.cc): "selects one of the best mirrors for the first and reserved
/// connections; for supplementary ones, mirrors which have not been tested yet, and if each of them
/// has been tested, those which have to be tested again".
class Adaptive final : public PeerSelector {
  public:
    explicit Adaptive(Parameters const& given)
        : best_places_(static_cast<std::uint32_t>(given.integer("best", 0, 1000))) {}

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng&) override {
        bool const tests =
            request.purpose == XFSBUS_PURPOSE_ADMIT && request.places_used >= best_places_;
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            bool const better = tests ? to_test(sources[i]) < to_test(sources[best])
                                      : known_rate(sources[i]) > known_rate(sources[best]);
            best = better ? i : best;
        }
        return best;
    }

  private:
    /// Those that are not known come first, then those that were known the longest ago.
    static std::tuple<bool, std::uint64_t> to_test(SourceView const& source) {
        return {known_rate(source) > 0, ~source.history_age_us};
    }

    std::uint32_t best_places_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Adaptive, "adaptive", "1.0",
                            "the fastest that are known, and beside them who was not tried",
                            XFSBUS_PARAMETER("best", "2", "places for the fastest that are known"))
