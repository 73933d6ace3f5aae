#pragma once

#include <xfsbus/policies/parameters.hpp>
#include <xfsbus/policies/peer_selector.hpp>

namespace xfsbus::policies {

/// The default rule: cost = latency_ms + load_weight x load, the lowest cost wins, the first of
/// equals. High load means less bandwidth left; high latency makes load matter less.
/// In the API because it is both a plug-in and what the host falls back to when a plug-in fails.
class LoadLatency final : public PeerSelector {
  public:
    static constexpr double default_load_weight = 10.0;

    explicit LoadLatency(double load_weight = default_load_weight) : load_weight_(load_weight) {}

    /// As the plug-in: the parameter load_weight, 0 to 1e9.
    explicit LoadLatency(Parameters const& parameters)
        : LoadLatency(parameters.number("load_weight", 0.0, 1e9)) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            if (cost_of(sources[i]) < cost_of(sources[best])) {
                best = i;
            }
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override { return cost_of(source); }

  private:
    [[nodiscard]] double cost_of(SourceView const& source) const {
        return source.latency_ms + load_weight_ * static_cast<double>(source.load);
    }

    double load_weight_;
};

}  // namespace xfsbus::policies
