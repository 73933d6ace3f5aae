#include "rack_limit.hpp"

#include <xfsbus/policies/export.hpp>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::RackLimit;

/// The sources of our own rack, the cheapest first, and a few others (rack_limit.hpp).
class RackAware final : public PeerSelector {
  public:
    RackAware(Parameters const& given, Services const& services) : limit_(given, services) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng& rng) override {
        return best(sources, rng, [](auto const&) { return true; });
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_ADMIT, XFSBUS_PURPOSE_REPLACE, XFSBUS_PURPOSE_WINDOW});
    }

    Answer decide(RequestView const& request, std::span<SourceView const> sources,
                  Rng& rng) override {
        if (request.purpose == XFSBUS_PURPOSE_WINDOW) {
            return limit_.window(request, sources.front());
        }
        limit_.see(sources);
        auto const near = best(
            sources, rng, [this](auto const& source) { return limit_.is_near_candidate(source); });
        if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
            auto const far = best(
                sources, rng, [this](auto const& source) { return limit_.may_give_way(source); });
            return near && far && limit_.has_too_many(sources) ? swap(*near, *far) : nobody();
        }
        auto const any = near || !limit_.admits_far(sources) ? near : best_far(sources, rng);
        return any ? choose(*any) : nobody();
    }

    std::optional<double> cost(SourceView const& source) override {
        return source.latency_ms + 10.0 * source.load + (limit_.is_near(source) ? 0.0 : 1000.0);
    }

  private:
    /// Rather one that has the whole file, since that sends each of us something else.
    std::optional<std::size_t> best_far(std::span<SourceView const> sources, Rng& rng) {
        auto const whole = best(sources, rng, [](auto const& source) {
            return RackLimit::is_candidate(source) && source.completeness >= 1;
        });
        return whole ? whole : best(sources, rng, RackLimit::is_candidate);
    }

    /// The cheapest of those that may be; of equals any, so that not all take the same.
    template <class May>
    std::optional<std::size_t> best(std::span<SourceView const> sources, Rng& rng, May may) {
        std::optional<std::size_t> best;
        std::size_t equals = 0;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (!may(sources[i])) {
                continue;
            }
            double const difference = best ? *cost(sources[i]) - *cost(sources[*best]) : -1;
            equals = difference < 0 ? 1 : equals + (difference > 0 ? 0 : 1);
            if (difference < 0 || (!(difference > 0) && rng.below(equals) == 0)) {
                best = i;
            }
        }
        return best;
    }

    RackLimit limit_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(RackAware, "rackaware", "1.0",
                            "sources of our own rack, and a few others",
                            XFSBUS_PARAMETER("rack", "",
                                             "our rack; if empty what our label 'rack' says"),
                            XFSBUS_PARAMETER("far", "1", "sources beyond it that are used at once"))
