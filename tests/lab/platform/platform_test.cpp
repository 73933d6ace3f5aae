// Which links lie between the hosts of a platform.
#include "catch.hpp"
#include "platform/parse.hpp"

#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::platform;
using namespace std::chrono_literals;

namespace {

Platform platform_of(std::string const& zone) {
    auto parsed = parse("<platform version=\"4.1\">\n" + zone + "\n</platform>", "p.xml");
    INFO((parsed ? "" : parsed.error().message));
    REQUIRE(parsed);
    return std::move(parsed).value();
}

/// The names of the links, or the reason why there is no path.
std::string way(Platform const& platform, std::string const& from, std::string const& to) {
    auto const path = platform.path(platform.host(from).value(), platform.host(to).value());
    if (!path) {
        return path.error().message;
    }
    std::string names;
    for (auto const link : path->links) {
        names += (names.empty() ? "" : " ") + platform.links()[link].name;
    }
    return names;
}

std::string const two_clusters = R"(<AS id="all" routing="Full">
  <cluster id="a" prefix="a" suffix="" radical="0-1" speed="1f" bw="1MBps" lat="1ms" bb_bw="2MBps" bb_lat="2ms"/>
  <cluster id="b" prefix="b" suffix=".x" radical="5" speed="1f" bw="1MBps" lat="1ms" sharing_policy="SHARED"
           bb_bw="3MBps" bb_lat="3ms" bb_sharing_policy="FATPIPE" router_id="rb"/>
  <link id="ab" bandwidth="4MBps" latency="4ms"/>
  <ASroute src="a" dst="b" gw_src="aa_router" gw_dst="rb"><link_ctn id="ab"/></ASroute>
</AS>)";

}  // namespace

TEST_CASE("in a cluster a host's own link, the backbone and the other's link are passed") {
    auto const platform = platform_of(two_clusters);
    CHECK(platform.hosts() == 3);
    CHECK(platform.name(2) == "b5.x");
    CHECK(way(platform, "a0", "a1") == "a_link_0 a_backbone a_link_1");
    auto const there = *platform.path(0, 1);
    auto const back = *platform.path(1, 0);
    CHECK(there.latency == 4ms);
    CHECK_FALSE(there.most);
    // Each way of a host's link is one of its own.
    CHECK(there.links[0] != back.links[2]);
    CHECK(there.links[1] == back.links[1]);
}

TEST_CASE("between zones the route from gateway to gateway is passed, both ways") {
    auto const platform = platform_of(two_clusters);
    CHECK(way(platform, "a0", "b5.x") == "a_link_0 a_backbone ab b_link_5");
    CHECK(way(platform, "b5.x", "a0") == "b_link_5 ab a_backbone a_link_0");
    auto const path = *platform.path(0, 2);
    CHECK(path.latency == 11ms);
    CHECK(path.most == 3e6);
    CHECK(platform.zone(0) != platform.zone(2));
}

TEST_CASE("a route that is not symmetrical leads one way only") {
    auto const platform = platform_of(R"(<zone id="z" routing="Full">
  <host id="a" speed="1f"/><host id="b" speed="1f"/>
  <link id="l" bandwidth="1kBps"/><link id="m" bandwidth="1kBps"/>
  <route src="a" dst="b" symmetrical="NO"><link_ctn id="l"/><link_ctn id="m"/></route>
</zone>)");
    CHECK(way(platform, "a", "b") == "l m");
    CHECK(way(platform, "b", "a") == "there is no route from 'b' to 'a'");
}

TEST_CASE("a link of two ways has one for each, which the way back takes the other way round") {
    auto const platform = platform_of(R"(<zone id="z" routing="Full">
  <host id="a" speed="1f"/><host id="b" speed="1f"/>
  <link id="l" bandwidth="1kBps" sharing_policy="SPLITDUPLEX"/>
  <route src="a" dst="b"><link_ctn id="l" direction="DOWN"/></route>
</zone>)");
    CHECK((*platform.path(0, 1)).links == std::vector<LinkIndex>{1});
    CHECK((*platform.path(1, 0)).links == std::vector<LinkIndex>{0});
}

TEST_CASE("with Floyd's routing the way with the fewest links is taken") {
    auto const platform = platform_of(R"(<zone id="z" routing="Floyd">
  <host id="a" speed="1f"/><router id="r"/><router id="s"/><host id="b" speed="1f"/><host id="c" speed="1f"/>
  <link id="ar" bandwidth="1kBps"/><link id="rb" bandwidth="1kBps"/><link id="as" bandwidth="1kBps"/>
  <link id="sb" bandwidth="1kBps"/><link id="x" bandwidth="1kBps"/>
  <route src="a" dst="s"><link_ctn id="as"/></route>
  <route src="s" dst="b"><link_ctn id="sb"/><link_ctn id="x"/></route>
  <route src="a" dst="r"><link_ctn id="ar"/></route>
  <route src="r" dst="b"><link_ctn id="rb"/></route>
</zone>)");
    CHECK(way(platform, "a", "b") == "ar rb");
    CHECK(way(platform, "b", "a") == "rb ar");
    CHECK(way(platform, "a", "c") == "there is no route from 'a' to 'c'");
}

TEST_CASE(
    "a way through a zone leads from the gateway by which it enters to that by which it leaves") {
    auto const platform = platform_of(R"(<zone id="z" routing="Floyd">
  <zone id="p" routing="Full"><host id="a" speed="1f"/></zone>
  <zone id="q" routing="Full"><router id="q1"/><router id="q2"/><link id="through" bandwidth="1kBps"/>
    <route src="q1" dst="q2"><link_ctn id="through"/></route></zone>
  <zone id="s" routing="Full"><host id="b" speed="1f"/></zone>
  <link id="pq" bandwidth="1kBps"/><link id="qs" bandwidth="1kBps"/>
  <zoneRoute src="p" dst="q" gw_src="a" gw_dst="q1"><link_ctn id="pq"/></zoneRoute>
  <zoneRoute src="q" dst="s" gw_src="q2" gw_dst="b"><link_ctn id="qs"/></zoneRoute>
</zone>)");
    CHECK(way(platform, "a", "b") == "pq through qs");
    CHECK(way(platform, "b", "a") == "qs through pq");
}

TEST_CASE("a way that passes a link twice, or too many, is refused") {
    std::string const twice = R"(<zone id="z" routing="Floyd">
  <host id="a" speed="1f"/><router id="r"/><host id="b" speed="1f"/><link id="l" bandwidth="1kBps"/>
  <route src="a" dst="r"><link_ctn id="l"/></route><route src="r" dst="b"><link_ctn id="l"/></route>
</zone>)";
    CHECK(way(platform_of(twice), "a", "b") == "a route passes link 'l' twice");
    std::string links;
    std::string route = "<route src=\"a\" dst=\"b\">";
    for (std::size_t i = 0; i <= limits::path_links; ++i) {
        auto const name = "l" + std::to_string(i);
        links += "<link id=\"" + name + "\" bandwidth=\"1kBps\"/>";
        route += "<link_ctn id=\"" + name + "\"/>";
    }
    auto const many =
        platform_of("<zone id=\"z\" routing=\"Full\"><host id=\"a\"/><host id=\"b\"/>" + links +
                    route + "</route></zone>");
    CHECK(way(many, "a", "b") == "a route passes more than 13 links");
}
