#include "platform/platform.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cassert>
#include <limits>

namespace xfsbus::lab::platform {
namespace {

constexpr auto nowhere = std::numeric_limits<std::uint32_t>::max();

}  // namespace

// ---- building ----

NodeIndex Platform::add_node(std::string name, Kind kind, ZoneIndex zone) {
    auto const index = static_cast<NodeIndex>(nodes_.size());
    auto& members = zones_[zone].members;
    nodes_.push_back({name, kind, zone, 0, static_cast<std::uint32_t>(members.size())});
    members.push_back(index);
    floyd_nodes_ += zones_[zone].routing == Routing::floyd ? 1 : 0;
    bool const is_new = by_name_.emplace(std::move(name), index).second;
    assert(is_new);
    static_cast<void>(is_new);
    return index;
}

ZoneIndex Platform::add_zone(std::string name, Routing routing, std::optional<ZoneIndex> parent) {
    auto const index = static_cast<ZoneIndex>(zones_.size());
    Zone zone;
    zone.routing = routing;
    if (parent) {
        zone.node = add_node(std::move(name), Kind::zone, *parent);
        zone.depth = zones_[*parent].depth + 1;
    }
    zones_.push_back(std::move(zone));
    return index;
}

NodeIndex Platform::add_host(std::string name, ZoneIndex zone) {
    auto const node = add_node(std::move(name), Kind::host, zone);
    nodes_[node].number = static_cast<HostIndex>(hosts_.size());
    hosts_.push_back(node);
    return node;
}

NodeIndex Platform::add_router(std::string name, ZoneIndex zone) {
    return add_node(std::move(name), Kind::router, zone);
}

LinkIndex Platform::add_link(Link link) {
    links_.push_back(std::move(link));
    return static_cast<LinkIndex>(links_.size() - 1);
}

bool Platform::add_route(ZoneIndex zone, NodeIndex from, NodeIndex to, Route route) {
    assert(!route.links.empty());
    return zones_[zone].routes.try_emplace({from, to}, std::move(route)).second;
}

bool Platform::add_ends(ZoneIndex cluster, NodeIndex host, LinkIndex up, LinkIndex down) {
    return zones_[cluster].ends.try_emplace(host, Ends{up, down}).second;
}

void Platform::set_backbone(ZoneIndex cluster, LinkIndex link) {
    zones_[cluster].backbone = link;
}

void Platform::seal() {
    for (auto& zone : zones_) {
        if (zone.routing == Routing::floyd) {
            find_shortest(zone);
        }
    }
}

/// By Floyd and Warshall, the nodes in the order in which they were added, a way's length being the
/// number of its links: so that of ways that are equally long SimGrid's is taken.
void Platform::find_shortest(Zone& zone) {
    auto const count = zone.members.size();
    std::vector<std::uint64_t> length(count * count, nowhere);
    zone.before.assign(count * count, nowhere);
    std::unordered_map<NodeIndex, std::size_t> place;
    for (std::size_t i = 0; i < count; ++i) {
        place.emplace(zone.members[i], i);
    }
    for (auto const& [way, route] : zone.routes) {
        auto const at = place.at(way.first) * count + place.at(way.second);
        length[at] = route.links.size();
        zone.before[at] = static_cast<std::uint32_t>(place.at(way.first));
    }
    for (std::size_t by = 0; by < count; ++by) {
        for (std::size_t from = 0; from < count; ++from) {
            auto const first = length[from * count + by];
            if (first == nowhere) {
                continue;
            }
            for (std::size_t to = 0; to < count; ++to) {
                auto const second = length[by * count + to];
                if (second != nowhere && first + second < length[from * count + to]) {
                    length[from * count + to] = first + second;
                    zone.before[from * count + to] = zone.before[by * count + to];
                }
            }
        }
    }
}

// ---- answers ----

std::optional<NodeIndex> Platform::node(std::string_view name) const {
    auto const found = by_name_.find(std::string(name));
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<HostIndex> Platform::host(std::string_view name) const {
    auto const found = node(name);
    return found && kind(*found) == Kind::host ? std::optional(nodes_[*found].number)
                                               : std::nullopt;
}

bool Platform::is_within(NodeIndex node, NodeIndex zone) const {
    for (auto in = zones_[nodes_[node].in].node; in; in = zones_[nodes_[*in].in].node) {
        if (*in == zone) {
            return true;
        }
    }
    return false;
}

Result<Path> Platform::path(HostIndex from, HostIndex to) const {
    std::vector<LinkIndex> way;
    if (auto const walked = walk(hosts_[from], hosts_[to], way); !walked) {
        return walked.error();
    }
    Path path;
    for (auto const index : way) {
        auto const& link = links_[index];
        path.latency += link.latency;
        if (link.is_shared) {
            path.links.push_back(index);
        } else {
            path.most = std::min(path.most.value_or(link.bytes_per_second), link.bytes_per_second);
        }
    }
    return path;
}

Error Platform::no_route(NodeIndex from, NodeIndex to) const {
    return {Errc::usage, "there is no route from '" + wire::escape(nodes_[from].name) + "' to '" +
                             wire::escape(nodes_[to].name) + "'"};
}

/// The routes over which one gets from one node of the zone to another; nullopt: one does not.
std::optional<std::vector<Platform::Route const*>> Platform::steps(Zone const& zone, NodeIndex from,
                                                                   NodeIndex to) const {
    std::vector<Route const*> steps;
    auto const count = zone.members.size();
    auto const row = nodes_[from].place * count;
    for (auto at = to; at != from;) {
        auto before = from;
        if (zone.routing == Routing::floyd) {
            auto const place = zone.before[row + nodes_[at].place];
            if (place == nowhere || steps.size() > count) {
                return std::nullopt;
            }
            before = zone.members[place];
        }
        auto const route = zone.routes.find({before, at});
        if (route == zone.routes.end()) {
            return std::nullopt;
        }
        steps.push_back(&route->second);
        at = before;
    }
    std::ranges::reverse(steps);
    return steps;
}

/// Each call passes a link, or fails: so that there are not more of them than links allow.
Status Platform::walk(NodeIndex from, NodeIndex to, std::vector<LinkIndex>& way) const {
    if (from == to) {
        return done();
    }
    auto x = from;
    auto y = to;
    while (nodes_[x].in != nodes_[y].in) {
        auto const& of_x = zones_[nodes_[x].in];
        auto const& of_y = zones_[nodes_[y].in];
        auto const deeper = std::max(of_x.depth, of_y.depth);
        x = of_x.depth == deeper ? *of_x.node : x;
        y = of_y.depth == deeper ? *of_y.node : y;
    }
    Zone const& zone = zones_[nodes_[x].in];
    if (zone.routing == Routing::cluster) {
        return walk_cluster(zone, x, y, way);
    }
    auto const routes = steps(zone, x, y);
    if (!routes) {
        return no_route(x, y);
    }
    auto at = from;
    for (auto const* const route : *routes) {
        if (auto walked = walk(at, route->leaves, way); !walked) {
            return walked;
        }
        if (auto passed = pass(route->links, way); !passed) {
            return passed;
        }
        at = route->enters;
    }
    return walk(at, to, way);
}

/// A router has no link of its own.
Status Platform::walk_cluster(Zone const& zone, NodeIndex from, NodeIndex to,
                              std::vector<LinkIndex>& way) const {
    std::vector<LinkIndex> links;
    auto const own = [&](NodeIndex node) { return zone.ends.find(node); };
    auto const lacks = [&](NodeIndex node) {
        return kind(node) == Kind::host && own(node) == zone.ends.end();
    };
    if (lacks(from) || lacks(to)) {
        return no_route(from, to);
    }
    if (auto const ends = own(from); ends != zone.ends.end()) {
        links.push_back(ends->second.up);
    }
    if (zone.backbone) {
        links.push_back(*zone.backbone);
    }
    if (auto const ends = own(to); ends != zone.ends.end()) {
        links.push_back(ends->second.down);
    }
    return links.empty() ? Status(no_route(from, to)) : pass(links, way);
}

Status Platform::pass(std::vector<LinkIndex> const& links, std::vector<LinkIndex>& way) const {
    for (auto const link : links) {
        if (links_[link].is_shared && std::ranges::count(way, link) > 0) {
            return Error{Errc::usage,
                         "a route passes link '" + wire::escape(links_[link].name) + "' twice"};
        }
        if (way.size() == limits::path_links) {
            return Error{Errc::usage, "a route passes more than " +
                                          std::to_string(limits::path_links) + " links"};
        }
        way.push_back(link);
    }
    return done();
}

}  // namespace xfsbus::lab::platform
