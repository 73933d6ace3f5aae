#pragma once

#include "labels.hpp"

#include <xfsbus/policies/parameters.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/services.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

namespace xfsbus::plugins {

/// At most so many sources beyond our rack are in use: what has crossed the thin link once is had
/// from a neighbour. That traffic stays where the links are wide is the rule of rack-aware
/// placement in HDFS (hadoop.apache.org, "Rack Awareness") and of Bindal et al., "Improving Traffic
/// Locality in BitTorrent via Biased Neighbor Selection" (ICDCS 2006): all neighbours near but k,
/// and k = 1 is enough. Who says nothing of its rack is far.
class RackLimit {
  public:
    using Source = policies::SourceView;
    using Sources = std::span<Source const>;

    /// Reads the parameters `rack`, which our label of that name stands in for, and `far`.
    RackLimit(policies::Parameters const& given, policies::Services const& services)
        : rack_(given.text("rack").empty() ? label(services.labels(), "rack") : given.text("rack")),
          far_most_(static_cast<std::size_t>(given.integer("far", 0, far_any))) {}

    /// Whether we know where we stand, and there is a limit.
    [[nodiscard]] bool applies() const { return has_rack() && far_most_ < far_any; }

    /// Who may come in: says whether there are others of our rack.
    void see(Sources sources) {
        has_mates_ = has_mates_ || std::ranges::any_of(sources, [this](auto const& source) {
                         return is_near_candidate(source);
                     });
    }

    /// How much a source may be asked for at once: one chunk, if it is far and we have neighbours.
    /// What is under way to several of us crosses the thin link for nothing.
    [[nodiscard]] policies::Answer window(policies::RequestView const& request,
                                          Source const& source) const {
        return has_mates_ && !is_near(source) ? policies::limit(request.bytes) : policies::Answer{};
    }

    [[nodiscard]] bool is_near(Source const& source) const {
        return has_rack() && label(source.labels, "rack") == rack_;
    }

    /// One that may come in, and stands in our rack.
    [[nodiscard]] bool is_near_candidate(Source const& source) const {
        return is_candidate(source) && is_near(source);
    }

    /// One that may be given up for one of our rack.
    [[nodiscard]] bool may_give_way(Source const& source) const {
        return policies::has(source, XFSBUS_SOURCE_IN_USE) &&
               policies::has(source, XFSBUS_SOURCE_ANSWERABLE) &&
               !policies::has(source, XFSBUS_SOURCE_SOLE_HOLDER) && !is_near(source);
    }

    /// Whether one more from beyond the rack may come in.
    [[nodiscard]] bool admits_far(Sources sources) const { return count_far(sources) < far_most_; }

    /// Whether more of them are in use than should be.
    [[nodiscard]] bool has_too_many(Sources sources) const {
        return count_far(sources) > far_most_;
    }

    static bool is_candidate(Source const& source) {
        return policies::has(source, XFSBUS_SOURCE_ANSWERABLE) &&
               !policies::has(source, XFSBUS_SOURCE_IN_USE);
    }

  private:
    static constexpr std::size_t far_any = 1000;  ///< no limit

    [[nodiscard]] bool has_rack() const { return !rack_.empty(); }

    [[nodiscard]] std::size_t count_far(Sources sources) const {
        std::size_t far = 0;
        for (auto const& source : sources) {
            bool const stays = policies::has(source, XFSBUS_SOURCE_IN_USE) &&
                               !policies::has(source, XFSBUS_SOURCE_LEAVING);
            far += stays && !is_near(source) ? 1 : 0;
        }
        return far;
    }

    std::string rack_;
    std::size_t far_most_;
    bool has_mates_ = false;  ///< there are sources in our rack
};

}  // namespace xfsbus::plugins
