#include <xfsbus/policies/export.hpp>

#include <tuple>

namespace {

using namespace xfsbus::policies;

/// The better of two that are drawn: the one with less outstanding, or else the less busy. Drawing
/// two in place of one makes the longest queue exponentially shorter (Mitzenmacher, "The Power of
/// Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001); and unlike a rule that takes
/// the best of all it does not have many sinks rush to the same source.
class TwoChoices final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng& rng) override {
        auto const one = rng.below(sources.size());
        auto const other = rng.below(sources.size());
        return order(sources[other]) < order(sources[one]) ? other : one;
    }

  private:
    static std::tuple<std::uint64_t, std::uint32_t> order(SourceView const& source) {
        return {source.outstanding_bytes, source.load};
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(TwoChoices, "twochoices", "1.0",
                            "the better of two sources that are drawn")
