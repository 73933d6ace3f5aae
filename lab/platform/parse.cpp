// SimGrid's platform files: https://simgrid.org/doc/latest/XML_reference.html
#include "platform/parse.hpp"

#include "platform/element.hpp"
#include "platform/radical.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <unordered_map>

namespace xfsbus::lab::platform {
namespace {

enum class Sharing : std::uint8_t {
    shared,
    fat_pipe,  ///< each connection has all of it
    split,     ///< a link for each way
};

/// A link of the file; the same index twice if it is not split.
struct NamedLink {
    LinkIndex up = 0;
    LinkIndex down = 0;
};

/// Reads the elements of one file. What is wrong is in the Complaint, and what is read from then on
/// means nothing.
class Reader {
  public:
    void read_root(Element const& root) {
        root.only({"version", "xmlns"});
        if (root.tag() != "platform") {
            return root.wrong("is no platform of SimGrid's; write <platform version=\"4.1\">");
        }
        root.each([&](Element const& element) {
            if (element.tag() == "config") {
                return;
            }
            if (has_zone_ && is_zone(element)) {
                return element.wrong("a platform has one outermost zone; put both into another");
            }
            has_zone_ = true;
            read_zone_or_cluster(element, std::nullopt);
        });
        if (!root.failed() && platform_.hosts() == 0) {
            root.wrong("there is no host");
        }
    }

    Platform take() {
        platform_.seal();
        return std::move(platform_);
    }

  private:
    static bool is_zone(Element const& element) {
        return element.tag() == "zone" || element.tag() == "AS" || element.tag() == "cluster";
    }

    void read_zone_or_cluster(Element const& element, std::optional<ZoneIndex> parent) {
        if (element.tag() == "cluster") {
            read_cluster(element, parent);
        } else if (is_zone(element)) {
            read_zone(element, parent);
        } else {
            element.wrong("is not understood here");
        }
    }

    // ---- names ----

    /// A name that no other host, router or zone has.
    std::string new_name(Element const& element, std::string name) {
        if (platform_.node(name)) {
            element.wrong("another host, router or zone is called '" + wire::escape(name) + "'");
        }
        return name;
    }

    NodeIndex node_of(Element const& element, char const* attribute) {
        auto const name = element.needed(attribute);
        auto const node = platform_.node(name);
        if (!node) {
            element.wrong(std::string(attribute) + ": there is no '" + wire::escape(name) +
                          "' before this");
        }
        return node.value_or(0);
    }

    NamedLink link_of(Element const& element, char const* attribute) {
        auto const name = element.needed(attribute);
        auto const found = links_.find(name);
        if (found == links_.end()) {
            element.wrong(std::string(attribute) + ": there is no link '" + wire::escape(name) +
                          "' before this");
            return {};
        }
        return found->second;
    }

    // ---- zones ----

    ZoneIndex add_zone(Element const& element, Platform::Routing routing,
                       std::optional<ZoneIndex> parent) {
        if (parent && platform_.depth(*parent) + 1 >= limits::zones_deep) {
            element.wrong("zones are within more than " + std::to_string(limits::zones_deep) +
                          " others");
            return *parent;
        }
        auto name = new_name(element, element.needed("id"));
        if (element.failed()) {
            return 0;
        }
        return platform_.add_zone(std::move(name), routing, parent);
    }

    void read_zone(Element const& element, std::optional<ZoneIndex> parent) {
        element.only({"id", "routing"});
        static_cast<void>(element.needed("routing"));
        auto const routing = static_cast<Platform::Routing>(
            element.word("routing", 0, {"FULL", "FLOYD", "CLUSTER"}));
        auto const zone = add_zone(element, routing, parent);
        element.each([&](Element const& inner) { read_member(inner, zone); });
    }

    void read_member(Element const& element, ZoneIndex zone) {
        auto const tag = element.tag();
        bool const in_cluster = platform_.routing(zone) == Platform::Routing::cluster;
        if (tag == "prop" || tag == "disk") {
            return;
        }
        if (tag == "host") {
            element.only({"id", "speed", "core", "pstate", "coordinates"});
            add_host(element, element.needed("id"), zone);
        } else if (tag == "router") {
            element.only({"id", "coordinates"});
            add_router(element, element.needed("id"), zone);
        } else if (tag == "link") {
            read_link(element);
        } else if (in_cluster && tag == "host_link") {
            read_host_link(element, zone);
        } else if (in_cluster && tag == "backbone") {
            platform_.set_backbone(zone, read_link(element).up);
        } else if (!in_cluster && (tag == "route" || tag == "zoneRoute" || tag == "ASroute")) {
            read_route(element, zone);
        } else if (!in_cluster) {
            read_zone_or_cluster(element, zone);
        } else {
            element.wrong("is not understood in a zone whose routing is Cluster");
        }
        if (platform_.floyd_nodes() > limits::floyd_nodes) {
            element.wrong("zones whose routing is Floyd have more than " +
                          std::to_string(limits::floyd_nodes) + " members");
        }
    }

    NodeIndex add_host(Element const& element, std::string name, ZoneIndex zone) {
        if (platform_.hosts() == limits::hosts) {
            element.wrong("there are more than " + std::to_string(limits::hosts) + " hosts");
        }
        name = new_name(element, std::move(name));
        return element.failed() ? 0 : platform_.add_host(std::move(name), zone);
    }

    void add_router(Element const& element, std::string name, ZoneIndex zone) {
        name = new_name(element, std::move(name));
        if (!element.failed()) {
            platform_.add_router(std::move(name), zone);
        }
    }

    // ---- links ----

    static Sharing sharing_of(Element const& element, char const* attribute, Sharing usual) {
        constexpr std::size_t old_word = 3;
        auto const word = element.word(attribute, static_cast<std::size_t>(usual),
                                       {"SHARED", "FATPIPE", "SPLITDUPLEX", "FULLDUPLEX"});
        return word == old_word ? Sharing::split : static_cast<Sharing>(word);
    }

    NamedLink add_link(Element const& element, std::string const& name, Link link,
                       Sharing sharing) {
        link.name = name;
        link.is_shared = sharing != Sharing::fat_pipe;
        if (platform_.links().size() + 2 > limits::links) {
            element.wrong("there are more than " + std::to_string(limits::links) + " links");
            return {};
        }
        NamedLink named;
        named.up = platform_.add_link(link);
        named.down = sharing == Sharing::split ? platform_.add_link(link) : named.up;
        if (!links_.try_emplace(name, named).second) {
            element.wrong("another link is called '" + wire::escape(name) + "'");
        }
        return named;
    }

    NamedLink read_link(Element const& element) {
        element.only({"id", "bandwidth", "latency", "sharing_policy"});
        Link const link{.bytes_per_second = element.bandwidth("bandwidth"),
                        .latency = element.latency("latency")};
        return add_link(element, element.needed("id"), link,
                        sharing_of(element, "sharing_policy", Sharing::shared));
    }

    // ---- routes ----

    /// The links, in the order of the file, and those of the way back.
    struct Ways {
        std::vector<LinkIndex> there;
        std::vector<LinkIndex> back;
    };

    Ways read_ways(Element const& route) {
        Ways ways;
        route.each([&](Element const& element) {
            if (element.tag() != "link_ctn") {
                return element.wrong("is not understood in a route");
            }
            element.only({"id", "direction"});
            auto const link = link_of(element, "id");
            auto const direction = element.word("direction", 0, {"NONE", "UP", "DOWN"});
            if (direction == 0 && link.up != link.down) {
                element.wrong("direction is missing: the link is SPLITDUPLEX; write UP or DOWN");
            }
            ways.there.push_back(direction == 2 ? link.down : link.up);
            ways.back.push_back(direction == 2 ? link.up : link.down);
        });
        if (ways.there.empty()) {
            route.wrong("has no <link_ctn>");
        }
        std::ranges::reverse(ways.back);
        return ways;
    }

    /// A member of this zone that the route leads from or to.
    NodeIndex member_of(Element const& route, char const* attribute, ZoneIndex zone,
                        bool between_zones) {
        auto const node = node_of(route, attribute);
        if (route.failed()) {
            return node;
        }
        bool const is_zone = platform_.kind(node) == Platform::Kind::zone;
        if (platform_.zone_of(node) != zone || is_zone != between_zones) {
            route.wrong(std::string(attribute) + ": '" + wire::escape(route.text(attribute)) +
                        "' is no " + (between_zones ? "zone" : "host or router") + " of this zone");
        }
        return node;
    }

    NodeIndex gateway_of(Element const& route, char const* attribute, NodeIndex zone) {
        auto const node = node_of(route, attribute);
        if (!route.failed() &&
            (platform_.kind(node) == Platform::Kind::zone || !platform_.is_within(node, zone))) {
            route.wrong(std::string(attribute) + ": '" + wire::escape(route.text(attribute)) +
                        "' is no host or router within that zone");
        }
        return node;
    }

    void read_route(Element const& element, ZoneIndex zone) {
        bool const between_zones = element.tag() != "route";
        if (between_zones) {
            element.only({"src", "dst", "gw_src", "gw_dst", "symmetrical"});
        } else {
            element.only({"src", "dst", "symmetrical"});
        }
        auto const from = member_of(element, "src", zone, between_zones);
        auto const to = member_of(element, "dst", zone, between_zones);
        auto const leaves = between_zones ? gateway_of(element, "gw_src", from) : from;
        auto const enters = between_zones ? gateway_of(element, "gw_dst", to) : to;
        bool const symmetrical =
            element.word("symmetrical", 0, {"YES", "NO", "TRUE", "FALSE"}) % 2 == 0;
        auto ways = read_ways(element);
        if (element.failed()) {
            return;
        }
        if (from == to) {
            return element.wrong("leads to where it comes from");
        }
        bool const is_new =
            platform_.add_route(zone, from, to, {std::move(ways.there), leaves, enters});
        bool const back_is_new =
            !symmetrical ||
            platform_.add_route(zone, to, from, {std::move(ways.back), enters, leaves});
        if (!is_new || !back_is_new) {
            element.wrong("there is a route between these already");
        }
    }

    // ---- clusters ----

    void read_host_link(Element const& element, ZoneIndex zone) {
        element.only({"id", "up", "down"});
        auto const host = member_of(element, "id", zone, false);
        auto const up = link_of(element, "up");
        auto const down = link_of(element, "down");
        if (!element.failed() && !platform_.add_ends(zone, host, up.up, down.down)) {
            element.wrong("the host has links already");
        }
    }

    void read_cluster(Element const& element, std::optional<ZoneIndex> parent) {
        element.only({"id", "prefix", "suffix", "radical", "speed", "core", "bw", "lat",
                      "sharing_policy", "bb_bw", "bb_lat", "bb_sharing_policy", "router_id",
                      "loopback_bw", "loopback_lat", "topology"});
        static_cast<void>(element.word("topology", 0, {"FLAT"}));
        auto const numbers = parse_radical(element.needed("radical"));
        if (!numbers) {
            return element.wrong("radical: " + numbers.error().message);
        }
        auto const zone = add_zone(element, Platform::Routing::cluster, parent);
        if (element.failed()) {
            return;
        }
        auto const id = element.text("id");
        if (element.has("bb_bw")) {
            auto const sharing = sharing_of(element, "bb_sharing_policy", Sharing::shared);
            if (sharing == Sharing::split) {
                return element.wrong("bb_sharing_policy must be SHARED or FATPIPE");
            }
            Link const link{.bytes_per_second = element.bandwidth("bb_bw"),
                            .latency = element.latency("bb_lat")};
            platform_.set_backbone(zone, add_link(element, id + "_backbone", link, sharing).up);
        }
        auto const prefix = element.text("prefix");
        auto const suffix = element.text("suffix");
        Link const link{.bytes_per_second = element.bandwidth("bw"),
                        .latency = element.latency("lat")};
        auto const sharing = sharing_of(element, "sharing_policy", Sharing::split);
        for (auto const number : *numbers) {
            auto const text = std::to_string(number);
            auto name = prefix;
            name.append(text).append(suffix);
            auto const host = add_host(element, name, zone);
            auto own_id = id;
            auto const own = add_link(element, own_id.append("_link_").append(text), link, sharing);
            if (element.failed()) {
                return;
            }
            platform_.add_ends(zone, host, own.up, own.down);
        }
        auto const router = element.text("router_id");
        add_router(element, router.empty() ? prefix + id + "_router" + suffix : router, zone);
    }

    Platform platform_;
    std::unordered_map<std::string, NamedLink> links_;
    bool has_zone_ = false;
};

/// Where it ends to be XML.
std::string no_xml(tinyxml2::XMLDocument const& document) {
    return document.ErrorID() == tinyxml2::XML_ELEMENT_DEPTH_EXCEEDED
               ? "elements are within too many others"
               : "is no XML (" + std::string(document.ErrorName()) + ")";
}

}  // namespace

Result<Platform> parse(std::string_view xml, std::string const& file) {
    Complaint complaint(file);
    if (xml.size() > file_bytes_most) {
        return Error{Errc::usage, file + ": is larger than 4 MiB; that is no platform"};
    }
    tinyxml2::XMLDocument document;
    document.Parse(xml.data(), xml.size());
    auto const* const root = document.RootElement();
    if (document.Error() || root == nullptr || xml.find('\0') != std::string_view::npos) {
        complaint.about(std::max(document.ErrorLineNum(), 1),
                        document.Error() ? no_xml(document) : "is no XML");
        return *complaint.first();
    }
    Reader reader;
    reader.read_root(Element(complaint, *root));
    if (auto const* const next = root->NextSiblingElement()) {
        Element(complaint, *next).wrong("follows the end of the platform");
    }
    if (complaint.first()) {
        return *complaint.first();
    }
    return reader.take();
}

}  // namespace xfsbus::lab::platform
