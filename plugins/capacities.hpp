#pragma once

#include <xfsbus/policies/peer_selector.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

namespace xfsbus::plugins {

/// What each source delivers to all of its sinks together, as far as it was seen: bytes a second.
class Capacities {
  public:
    using Source = policies::SourceView;

    /// From the sources in use; who is not listed any more is forgotten.
    void learn(std::span<Source const> sources) {
        std::map<std::uint64_t, double> known;
        most_ = 0;
        for (auto const& source : sources) {
            if (auto const capacity = seen(source); capacity > 0) {
                known[source.source_id] = capacity;
                most_ = std::max(most_, capacity);
            }
        }
        known_ = std::move(known);
    }

    /// Bytes a second that this source, which is not in use, will deliver to us as one more of its
    /// sinks. One that was never seen is taken for as good as the best.
    [[nodiscard]] double expected(Source const& source) const {
        auto const found = known_.find(source.source_id);
        if (found == known_.end() && source.history_bytes_per_s > 0) {
            return source.history_bytes_per_s;
        }
        return (found != known_.end() ? found->second : most_) / (1.0 + source.load);
    }

  private:
    [[nodiscard]] double seen(Source const& source) const {
        if (source.rate_bytes_per_s > 0 && policies::has(source, XFSBUS_SOURCE_IN_USE)) {
            return source.rate_bytes_per_s * std::max(source.load, 1U);
        }
        auto const found = known_.find(source.source_id);
        return found != known_.end() ? found->second : 0;
    }

    std::map<std::uint64_t, double> known_;
    double most_ = 0;  ///< the greatest of them
};

}  // namespace xfsbus::plugins
