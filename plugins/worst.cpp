#include "exchange.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <tuple>

namespace {

using namespace xfsbus::policies;

/// Always the worst: the slowest source as far as is known, then the farthest and busiest; chunks
/// wait for it while others are idle, and it comes in for the fastest. No use but to show how much
/// a policy decides, and that none can make a download fail.
class Worst final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        return worst(sources, 0);
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_REQUEST, XFSBUS_PURPOSE_REPLACE});
    }

    Answer decide(RequestView const& request, std::span<SourceView const> sources, Rng&) override {
        auto const may = XFSBUS_SOURCE_ANSWERABLE;
        if (request.purpose == XFSBUS_PURPOSE_REQUEST) {
            auto const slowest = worst(sources, may);
            if (!slowest) {
                return nobody();
            }
            bool const room = has(sources[*slowest], XFSBUS_SOURCE_HAS_ROOM);
            return room ? choose(*slowest) : wait_for(*slowest);
        }
        auto const [in, out] = xfsbus::plugins::best_for_worst(
            sources, [](auto const&) { return true; },
            [](auto const& a, auto const& b) { return order(a) < order(b); });
        return in && out && order(sources[*in]) < order(sources[*out]) ? swap(*in, *out) : nobody();
    }

    std::optional<double> cost(SourceView const& source) override {
        return -(source.latency_ms + 10.0 * source.load);
    }

  private:
    /// The lower the worse.
    static std::tuple<double, double, double> order(SourceView const& source) {
        return {known_rate(source), -source.latency_ms, -static_cast<double>(source.load)};
    }

    static std::optional<std::size_t> worst(std::span<SourceView const> sources,
                                            std::uint32_t flags) {
        std::optional<std::size_t> worst;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            bool const may = (sources[i].flags & flags) == flags;
            if (may && (!worst || order(sources[i]) < order(sources[*worst]))) {
                worst = i;
            }
        }
        return worst;
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Worst, "worst", "1.0", "the worst source, for tests and lessons")
