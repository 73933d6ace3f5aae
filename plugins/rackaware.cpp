#include "labels.hpp"

#include <xfsbus/policies/export.hpp>

#include <string>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::label;

/// At most so many sources beyond our rack are in use: what has crossed the thin link once is had
/// from a neighbour. That traffic stays where the links are wide is the rule of rack-aware
/// placement in HDFS (hadoop.apache.org, "Rack Awareness") and of Bindal et al., "Improving Traffic
/// Locality in BitTorrent via Biased Neighbor Selection" (ICDCS 2006): all neighbours near but k,
/// and k = 1 is enough. Who says nothing of its rack is far.
class RackAware final : public PeerSelector {
  public:
    RackAware(Parameters const& given, Services const& services)
        : rack_(given.text("rack").empty() ? label(services.labels(), "rack") : given.text("rack")),
          far_most_(static_cast<std::size_t>(given.integer("far", 0, 1000))) {}

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
            // What is under way to several of us crosses the link for nothing.
            bool const waits = has_mates_ && !is_near(sources.front());
            return waits ? limit(request.bytes) : Answer{};
        }
        auto const near = best(sources, rng, [this](auto const& source) {
            return is_candidate(source) && is_near(source);
        });
        has_mates_ = has_mates_ || near;
        if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
            auto const far = best(sources, rng, [this](auto const& source) {
                return has(source, XFSBUS_SOURCE_IN_USE) && has(source, XFSBUS_SOURCE_ANSWERABLE) &&
                       !has(source, XFSBUS_SOURCE_SOLE_HOLDER) && !is_near(source);
            });
            return near && far && count_far(sources) > far_most_ ? swap(*near, *far) : nobody();
        }
        auto const any = near || count_far(sources) >= far_most_ ? near : best_far(sources, rng);
        return any ? choose(*any) : nobody();
    }

    std::optional<double> cost(SourceView const& source) override {
        return source.latency_ms + 10.0 * source.load + (is_near(source) ? 0.0 : 1000.0);
    }

  private:
    static bool is_candidate(SourceView const& source) {
        return has(source, XFSBUS_SOURCE_ANSWERABLE) && !has(source, XFSBUS_SOURCE_IN_USE);
    }

    [[nodiscard]] bool is_near(SourceView const& source) const {
        return !rack_.empty() && label(source.labels, "rack") == rack_;
    }

    [[nodiscard]] std::size_t count_far(std::span<SourceView const> sources) const {
        std::size_t far = 0;
        for (auto const& source : sources) {
            bool const stays =
                has(source, XFSBUS_SOURCE_IN_USE) && !has(source, XFSBUS_SOURCE_LEAVING);
            far += stays && !is_near(source) ? 1 : 0;
        }
        return far;
    }

    /// Rather one that has the whole file, since that sends each of us something else.
    std::optional<std::size_t> best_far(std::span<SourceView const> sources, Rng& rng) {
        auto const whole = best(sources, rng, [](auto const& source) {
            return is_candidate(source) && source.completeness >= 1;
        });
        return whole ? whole : best(sources, rng, [](auto const& s) { return is_candidate(s); });
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

    std::string rack_;
    std::size_t far_most_;
    bool has_mates_ = false;  ///< there are sources in our rack
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(RackAware, "rackaware", "1.0",
                            "sources of our own rack, and a few others",
                            XFSBUS_PARAMETER("rack", "",
                                             "our rack; if empty what our label 'rack' says"),
                            XFSBUS_PARAMETER("far", "1", "sources beyond it that are used at once"))
