#pragma once

#include "network/rate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace xfsbus::lab::network {

using LinkIndex = std::uint32_t;
using FlowIndex = std::uint32_t;

/// Links that one flow may pass.
inline constexpr std::size_t route_most = 16;

/// Who gets how much of links that all share: max-min fair, that is, no flow could have more
/// without one that has less, or as much, having less still. So each flow has a *bottleneck*, a
/// link that is full and on which nobody has more than it.
///
/// What changes is solved anew where it has an effect. Flows that may change are collected, and
/// filled progressively in what the others leave; then each flow that is beside them is looked at.
/// If its bottleneck is not full any more, or somebody there has more now, or if one of those that
/// were filled has less than it at its own bottleneck, it is collected as well. When there is no
/// such flow every flow has a bottleneck, and only one division has that.
///
/// Rates are integers and rounded down: the flows of a link together never have more than its
/// capacity, and a full link of n flows is short of it by at most n millionths of a byte per
/// second and a part in 2^40. What is within a part in 2^40 counts as equal, so that roundings do
/// not wander through the network.
///
/// One thread. Wrong indices are bugs.
class MaxMin {
  public:
    static constexpr LinkIndex no_link = std::numeric_limits<LinkIndex>::max();

    LinkIndex add_link(Rate capacity);
    void set_capacity(LinkIndex link, Rate capacity);

    /// A flow that takes no part yet. The route: 1 to route_most links, none twice.
    FlowIndex add_flow(std::span<LinkIndex const> route);
    /// It takes part. It must not yet.
    void start(FlowIndex flow);
    /// It takes no part any more. It must have.
    void stop(FlowIndex flow);
    /// Its index may be given to another. It must take no part.
    void forget(FlowIndex flow);

    /// Divides the links among those that take part now. The flows whose rate is another; valid
    /// until the next call.
    std::span<FlowIndex const> solve();

    /// As it was solved last; 0 of one that takes no part.
    [[nodiscard]] Rate rate(FlowIndex flow) const { return flows_[flow].rate; }

    [[nodiscard]] Rate capacity(LinkIndex link) const { return links_[link].capacity; }

    /// Of all flows of the link together.
    [[nodiscard]] Rate used(LinkIndex link) const { return links_[link].used; }

    /// Flows that were filled, each as often as it was: what solving cost.
    [[nodiscard]] std::uint64_t filled() const { return filled_; }

  private:
    struct Hop {
        LinkIndex link = 0;
        std::uint32_t place = 0;  ///< in the link's list, while the flow takes part
    };

    struct Flow {
        std::uint8_t hops = 0;
        bool collected = false;
        bool frozen = false;  ///< has its rate in this filling
        LinkIndex bottleneck = no_link;
        Rate rate = 0;
        Rate before = 0;                      ///< of one that is collected
        std::array<Hop, route_most> route{};  ///< last: of most flows only the first are looked at
    };

    struct Entry {
        FlowIndex flow = 0;
        std::uint32_t hop = 0;
    };

    struct Link {
        Rate capacity = 0;
        Rate used = 0;  ///< while solving: by flows that are not collected
        std::vector<Entry> flows;
        std::size_t bound = 0;  ///< flows whose bottleneck it is; while solving: not collected ones
        // of a solving
        bool is_dirty = false;
        bool is_touched = false;  ///< on the route of a flow that is collected
        std::size_t members = 0;  ///< flows that are collected
        // of a filling
        Rate spare = 0;
        std::size_t open = 0;  ///< members that are not frozen
        Rate top = 0;          ///< the most that a member has
        bool is_full = false;  ///< it is the bottleneck of members, which have `top`
    };

    using Level = std::pair<Rate, LinkIndex>;

    [[nodiscard]] std::span<Hop> route(Flow& flow) { return {flow.route.data(), flow.hops}; }

    [[nodiscard]] static Rate slack(Link const& link);
    [[nodiscard]] static bool exceeds(Rate rate, Rate other);
    void mark(LinkIndex link);
    void collect(FlowIndex index);
    void collect_changed();
    template <typename Condition>
    void collect_of(LinkIndex index, Condition condition);
    void fill();
    void freeze(LinkIndex index, Rate level);
    bool collect_more();
    void settle();

    std::vector<Link> links_;
    std::vector<Flow> flows_;
    std::vector<FlowIndex> free_;
    std::vector<FlowIndex> started_;
    std::vector<LinkIndex> dirty_;
    std::vector<FlowIndex> collected_;
    std::vector<LinkIndex> touched_;
    std::vector<Level> levels_;
    std::vector<FlowIndex> changed_;
    std::uint64_t filled_ = 0;
};

}  // namespace xfsbus::lab::network
