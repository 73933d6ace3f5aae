#include "network/max_min.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

namespace xfsbus::lab::network {
namespace {

/// What is nearer than this to a rate is the same.
constexpr int same_bits = 40;
constexpr Rate same_least = 8;

}  // namespace

/// What a full link may leave over.
Rate MaxMin::slack(Link const& link) {
    return static_cast<Rate>(link.flows.size()) + (link.capacity >> same_bits);
}

bool MaxMin::exceeds(Rate rate, Rate other) {
    return rate > other + (other >> same_bits) + same_least;
}

LinkIndex MaxMin::add_link(Rate capacity) {
    assert(capacity >= 0);
    links_.emplace_back().capacity = capacity;
    return static_cast<LinkIndex>(links_.size() - 1);
}

void MaxMin::set_capacity(LinkIndex link, Rate capacity) {
    assert(capacity >= 0);
    links_[link].capacity = capacity;
    mark(link);
}

void MaxMin::mark(LinkIndex link) {
    if (!std::exchange(links_[link].is_dirty, true)) {
        dirty_.push_back(link);
    }
}

FlowIndex MaxMin::add_flow(std::span<LinkIndex const> route) {
    assert(!route.empty() && route.size() <= route_most);
    auto index = static_cast<FlowIndex>(flows_.size());
    if (free_.empty()) {
        flows_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
        flows_[index] = {};
    }
    Flow& flow = flows_[index];
    for (auto const link : route) {
        flow.route[flow.hops++].link = link;
    }
    return index;
}

void MaxMin::start(FlowIndex index) {
    std::uint32_t number = 0;
    for (Hop& hop : route(flows_[index])) {
        auto& flows = links_[hop.link].flows;
        hop.place = static_cast<std::uint32_t>(flows.size());
        flows.push_back({index, number++});
    }
    started_.push_back(index);
}

void MaxMin::stop(FlowIndex index) {
    Flow& flow = flows_[index];
    for (Hop const& hop : route(flow)) {
        Link& link = links_[hop.link];
        link.used -= flow.rate;
        auto const last = link.flows.back();
        link.flows[hop.place] = last;
        flows_[last.flow].route[last.hop].place = hop.place;
        link.flows.pop_back();
        mark(hop.link);
    }
    if (flow.bottleneck != no_link) {
        --links_[flow.bottleneck].bound;
    }
    flow.bottleneck = no_link;
    flow.rate = 0;
    std::erase(started_, index);
}

void MaxMin::forget(FlowIndex flow) {
    free_.push_back(flow);
}

std::span<FlowIndex const> MaxMin::solve() {
    collect_changed();
    do {
        fill();
    } while (collect_more());
    settle();
    return changed_;
}

// ---- who may change ----

/// Takes its rate back from its links.
void MaxMin::collect(FlowIndex index) {
    Flow& flow = flows_[index];
    if (std::exchange(flow.collected, true)) {
        return;
    }
    collected_.push_back(index);
    flow.before = flow.rate;
    for (Hop const& hop : route(flow)) {
        Link& link = links_[hop.link];
        link.used -= flow.rate;
        ++link.members;
        if (!std::exchange(link.is_touched, true)) {
            touched_.push_back(hop.link);
        }
    }
    if (flow.bottleneck != no_link) {
        --links_[flow.bottleneck].bound;
    }
}

template <typename Condition>
void MaxMin::collect_of(LinkIndex index, Condition condition) {
    for (auto const& entry : links_[index].flows) {
        Flow const& flow = flows_[entry.flow];
        if (!flow.collected && condition(flow)) {
            collect(entry.flow);
        }
    }
}

/// Those that start; those that get more where something has ended; all of a link that is smaller
/// than what they have; and whom a newcomer will take from, to save a filling.
void MaxMin::collect_changed() {
    for (auto const index : started_) {
        collect(index);
        for (Hop const& hop : route(flows_[index])) {
            if (links_[hop.link].bound > 0) {
                mark(hop.link);
            }
        }
    }
    started_.clear();
    for (auto const index : dirty_) {
        Link& link = links_[index];
        link.is_dirty = false;
        if (link.used > link.capacity) {
            collect_of(index, [](Flow const&) { return true; });
        } else if (link.bound > 0) {
            collect_of(index, [&](Flow const& flow) { return flow.bottleneck == index; });
        }
    }
    dirty_.clear();
}

/// Whoever is not collected and has lost its bottleneck, or has more than somebody at the
/// bottleneck of that one. False: there was nobody.
bool MaxMin::collect_more() {
    auto const before = collected_.size();
    // No iterator: collecting a flow touches links. Those are looked at after the next filling.
    auto const end = touched_.size();
    for (std::size_t i = 0; i < end; ++i) {
        auto const index = touched_[i];
        Link const& link = links_[index];
        if (link.flows.size() == link.members || (link.bound == 0 && !link.is_full)) {
            continue;
        }
        bool const has_room = link.spare > slack(link);
        collect_of(index, [&](Flow const& flow) {
            bool const bound = flow.bottleneck == index;
            return (bound && (has_room || exceeds(link.top, flow.rate))) ||
                   (link.is_full && exceeds(flow.rate, link.top));
        });
    }
    return collected_.size() > before;
}

// ---- filling ----

/// Raises the rates of those that are collected alike, until a link is full: its flows stay as they
/// are then, and the others go on.
void MaxMin::fill() {
    filled_ += collected_.size();
    for (auto const index : collected_) {
        flows_[index].frozen = false;
    }
    levels_.clear();
    for (auto const index : touched_) {
        Link& link = links_[index];
        link.spare = std::max<Rate>(0, link.capacity - link.used);
        link.open = link.members;
        link.top = 0;
        link.is_full = false;
        levels_.emplace_back(link.spare / static_cast<Rate>(link.open), index);
    }
    std::ranges::make_heap(levels_, std::greater());
    while (!levels_.empty()) {
        std::ranges::pop_heap(levels_, std::greater());
        auto const [level, index] = levels_.back();
        levels_.pop_back();
        Link const& link = links_[index];
        if (link.open == 0) {
            continue;
        }
        // Flows that were frozen elsewhere have left more to the others.
        auto const now = link.spare / static_cast<Rate>(link.open);
        if (now == level) {
            freeze(index, level);
        } else {
            levels_.emplace_back(now, index);
            std::ranges::push_heap(levels_, std::greater());
        }
    }
}

void MaxMin::freeze(LinkIndex index, Rate level) {
    links_[index].is_full = true;
    for (auto const& entry : links_[index].flows) {
        Flow& flow = flows_[entry.flow];
        if (!flow.collected || std::exchange(flow.frozen, true)) {
            continue;
        }
        flow.rate = level;
        flow.bottleneck = index;
        for (Hop const& hop : route(flow)) {
            Link& link = links_[hop.link];
            link.spare -= level;
            link.top = level;
            --link.open;
        }
    }
}

/// Gives the links what the filling has found.
void MaxMin::settle() {
    changed_.clear();
    for (auto const index : collected_) {
        Flow& flow = flows_[index];
        flow.collected = false;
        for (Hop const& hop : route(flow)) {
            links_[hop.link].used += flow.rate;
        }
        ++links_[flow.bottleneck].bound;
        if (flow.rate != flow.before) {
            changed_.push_back(index);
        }
    }
    for (auto const index : touched_) {
        links_[index].is_touched = false;
        links_[index].members = 0;
    }
    collected_.clear();
    touched_.clear();
}

}  // namespace xfsbus::lab::network
