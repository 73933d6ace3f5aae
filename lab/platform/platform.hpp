#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xfsbus::lab::platform {

/// What a platform may be at most: a file may come from anywhere.
namespace limits {
inline constexpr std::size_t hosts = 100'000;
inline constexpr std::size_t links = 400'000;
inline constexpr std::uint32_t zones_deep = 32;
inline constexpr std::size_t floyd_nodes = 512;  ///< in all zones whose routes are shortest paths
inline constexpr std::size_t path_links = 13;    ///< that pass from one host to another
}  // namespace limits

using HostIndex = std::uint32_t;
using LinkIndex = std::uint32_t;
using ZoneIndex = std::uint32_t;
using NodeIndex = std::uint32_t;  ///< of a host, a router or a zone

struct Link {
    std::string name{};
    double bytes_per_second = 0;
    wire::Duration latency{};  ///< one way
    bool is_shared = true;     ///< by all that pass it; else each connection has all of it
};

/// What passes from one host to another passes these.
struct Path {
    std::vector<LinkIndex> links{};  ///< those that are shared, none twice
    std::optional<double> most{};    ///< bytes per second of one connection, by the others
    wire::Duration latency{};        ///< of all
};

/// Hosts in zones, and which links lie between any two, as SimGrid's platforms say it. It is built
/// from the outside to the inside, and sealed; then it does not change, and any thread may ask.
/// Wrong indices are bugs.
class Platform {
  public:
    enum class Routing : std::uint8_t {
        full,     ///< each route is given
        floyd,    ///< routes of few links are given, and the shortest way over them is taken
        cluster,  ///< a link of each host's own, and a backbone between
    };
    enum class Kind : std::uint8_t { host, router, zone };

    // ---- building ----

    /// `parent`: nullopt for the first one, in which all others are.
    ZoneIndex add_zone(std::string name, Routing routing, std::optional<ZoneIndex> parent);
    NodeIndex add_host(std::string name, ZoneIndex zone);
    NodeIndex add_router(std::string name, ZoneIndex zone);
    LinkIndex add_link(Link link);

    /// From one node of a zone to another. Where these are zones, what passes leaves the first at
    /// `leaves` and enters the second at `enters`, which are in them; else they are the nodes.
    struct Route {
        std::vector<LinkIndex> links{};  ///< one at least
        NodeIndex leaves = 0;
        NodeIndex enters = 0;
    };

    /// Of a zone with given routes. False: there is one already.
    bool add_route(ZoneIndex zone, NodeIndex from, NodeIndex to, Route route);
    /// The links of a host's own, in a cluster. False: it has some already.
    bool add_ends(ZoneIndex cluster, NodeIndex host, LinkIndex up, LinkIndex down);
    void set_backbone(ZoneIndex cluster, LinkIndex link);
    /// No more is added.
    void seal();

    // ---- answers ----

    [[nodiscard]] std::optional<NodeIndex> node(std::string_view name) const;

    [[nodiscard]] Kind kind(NodeIndex node) const { return nodes_[node].kind; }

    /// The zone in which it stands itself.
    [[nodiscard]] ZoneIndex zone_of(NodeIndex node) const { return nodes_[node].in; }

    [[nodiscard]] Routing routing(ZoneIndex zone) const { return zones_[zone].routing; }

    [[nodiscard]] std::uint32_t depth(ZoneIndex zone) const { return zones_[zone].depth; }

    /// Whether it stands in that zone, or in one within it.
    [[nodiscard]] bool is_within(NodeIndex node, NodeIndex zone) const;

    [[nodiscard]] bool has_backbone(ZoneIndex zone) const {
        return zones_[zone].backbone.has_value();
    }

    /// Of all zones with Routing::floyd.
    [[nodiscard]] std::size_t floyd_nodes() const { return floyd_nodes_; }

    [[nodiscard]] std::vector<Link> const& links() const { return links_; }

    [[nodiscard]] std::size_t hosts() const { return hosts_.size(); }

    [[nodiscard]] std::string const& name(HostIndex host) const {
        return nodes_[hosts_[host]].name;
    }

    [[nodiscard]] std::optional<HostIndex> host(std::string_view name) const;

    [[nodiscard]] ZoneIndex zone(HostIndex host) const { return nodes_[hosts_[host]].in; }

    /// Errc::usage if there is none, or it is longer than limits allow, or it passes a link twice.
    [[nodiscard]] Result<Path> path(HostIndex from, HostIndex to) const;

  private:
    struct Node {
        std::string name;
        Kind kind = Kind::host;
        ZoneIndex in = 0;
        std::uint32_t number = 0;  ///< of a host: its HostIndex
        std::uint32_t place = 0;   ///< among those of its zone
    };

    struct Ends {
        LinkIndex up = 0;
        LinkIndex down = 0;
    };

    struct Zone {
        Routing routing = Routing::full;
        std::optional<NodeIndex> node;  ///< that stands for it in its parent
        std::uint32_t depth = 0;
        std::vector<NodeIndex> members;
        std::map<std::pair<NodeIndex, NodeIndex>, Route> routes;
        std::map<NodeIndex, Ends> ends;
        std::optional<LinkIndex> backbone;
        std::vector<std::uint32_t> before;  ///< on the way from ROW to COLUMN: the last but one
    };

    NodeIndex add_node(std::string name, Kind kind, ZoneIndex zone);
    static void find_shortest(Zone& zone);
    [[nodiscard]] std::optional<std::vector<Route const*>> steps(Zone const& zone, NodeIndex from,
                                                                 NodeIndex to) const;
    Status walk(NodeIndex from, NodeIndex to, std::vector<LinkIndex>& way) const;
    Status walk_cluster(Zone const& zone, NodeIndex from, NodeIndex to,
                        std::vector<LinkIndex>& way) const;
    Status pass(std::vector<LinkIndex> const& links, std::vector<LinkIndex>& way) const;
    [[nodiscard]] Error no_route(NodeIndex from, NodeIndex to) const;

    std::vector<Link> links_;
    std::vector<Node> nodes_;
    std::vector<Zone> zones_;
    std::vector<NodeIndex> hosts_;
    std::unordered_map<std::string, NodeIndex> by_name_;
    std::size_t floyd_nodes_ = 0;
};

}  // namespace xfsbus::lab::platform
