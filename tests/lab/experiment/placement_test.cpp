// Peers on a platform of SimGrid's.
#include "catch.hpp"
#include "experiment/parse.hpp"
#include "experiment/population.hpp"
#include "platform/platform.hpp"

#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::experiment;
using namespace std::chrono_literals;

namespace {

std::string const cluster = R"(<platform version="4.1">
<zone id="z" routing="Full">
  <cluster id="a" prefix="a" suffix="" radical="0-2" speed="1f" bw="10MBps" lat="1ms" bb_bw="2MBps" bb_lat="2ms"/>
  <cluster id="b" prefix="b" suffix="" radical="0-1" speed="1f" bw="20MBps" lat="1ms"/>
  <link id="l" bandwidth="5MBps" latency="10ms"/>
  <zoneRoute src="a" dst="b" gw_src="aa_router" gw_dst="bb_router"><link_ctn id="l"/></zoneRoute>
</zone>
</platform>)";

Files platform_file(std::string const& content) {
    return [content](std::string const&, std::size_t) -> Result<std::string> { return content; };
}

/// A seed and two sinks.
std::string on_platform(std::string const& of_seed = {}, std::string const& of_sinks = {},
                        std::string const& more = {}) {
    return "name = \"n\"\nseeds = 1\n[platform]\nfile = \"p.xml\"\n[[peers]]\nrole = \"seed\"\n" +
           of_seed + "[[peers]]\ncount = 2\n" + of_sinks + "[content]\nsize = \"1M\"\n" + more;
}

std::string said_of_platform(std::string const& text, std::string const& platform = cluster,
                             Where where = Where::sim) {
    auto const read = parse(text, "x.toml", where, platform_file(platform));
    if (read) {
        return {};
    }
    CHECK(read.error().code == Errc::usage);
    return read.error().message;
}

}  // namespace

TEST_CASE("peers stand on the hosts that they name, the others on the next that are free") {
    auto const read = parse(on_platform({}, "host = [\"b1\", \"a0\"]\n"), "x.toml", Where::sim,
                            platform_file(cluster));
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    auto const& placement = *read->placement;
    std::vector<std::string> names;
    for (auto const host : placement.hosts) {
        names.push_back(placement.platform->name(host));
    }
    CHECK(names == std::vector<std::string>{"a1", "b1", "a0"});
}

TEST_CASE(
    "a peer on a platform has the links that all its paths pass, and the latency of each path") {
    auto const read = parse(on_platform({}, "host = [\"b1\", \"a0\"]\n"), "x.toml", Where::sim,
                            platform_file(cluster));
    REQUIRE(read);
    auto const peers = draw(*read, 1);
    CHECK(peers[0].up == 2'000'000);  // the backbone, on the way to both
    CHECK(peers[1].up == 2'000'000);
    CHECK(peers[1].down == 2'000'000);
    CHECK(peers[0].rack == peers[2].rack);
    CHECK(peers[0].rack != peers[1].rack);
    CHECK(latency_between(*read, peers, 0, 1) == 14ms);
    CHECK(latency_between(*read, peers, 0, 2) == 4ms);
}

TEST_CASE("whatever is wrong with a placement is said with file, line and key") {
    struct Case {
        std::string said;
        std::string expected;
    };

    std::vector<Case> const cases = {
        {said_of_platform(on_platform(), "<platform>\n<x/></platform>"),
         "x.toml:4: [platform] file: p.xml:2: <x>: is not understood here"},
        {said_of_platform(on_platform("host = \"nobody\"\n")),
         "[platform] file: [[peers]] host: 'nobody' is no host of it"},
        {said_of_platform(on_platform("host = \"b1\"\n", "host = [\"b1\", \"a1\"]\n")),
         "'b1' is that of two peers"},
        {said_of_platform(on_platform("host = [\"b1\", \"a1\"]\n")),
         "x.toml:7: [[peers]] host: has 2 elements; write one for each of the 1 peers"},
        {said_of_platform(on_platform("host = 5\n")), "x.toml:7: [[peers]] host: must be a text"},
        {said_of_platform(on_platform("count = 4\n")),
         "has 5 hosts, which are fewer than there are peers"},
        {said_of_platform(on_platform("count = 2000\n")), "goes with 1024 peers at most"},
        {said_of_platform(on_platform("up = \"1MB/s\"\n")),
         "x.toml:7: [[peers]] up: does not go with [platform], which says what links there are"},
        {said_of_platform(on_platform("rack = 1\n")),
         "[[peers]] rack: does not go with [platform]"},
        {said_of_platform(on_platform("others = 1\n")),
         "[[peers]] others: does not go with [platform]"},
        {said_of_platform(on_platform({}, {}, "[network]\nrack-link = \"1MB/s\"\n")),
         "x.toml:4: [platform] file: does not go with rack-link"},
        {said_of_platform(
             on_platform({}, {}, "[latency]\nbetween = \"groups\"\nms = [[1, 2], [3, 4]]\n")),
         "[platform] file: does not go with [latency]"},
        {said_of_platform(
             on_platform(),
             "<platform><zone id=\"z\" routing=\"Full\"><host id=\"a\"/><host id=\"b\"/>"
             "<host id=\"c\"/></zone></platform>"),
         "[platform] file: between 'a' and 'b': there is no route from 'a' to 'b'"},
        {said_of_platform(on_platform(), cluster, Where::netns),
         "x.toml:4: [platform] file: real programs have links of peers and racks only; remove "
         "[platform] and "
         "write up, down and rack-link, or run it with --sim"},
    };
    for (auto const& each : cases) {
        INFO(each.expected);
        CHECK_THAT(each.said, ContainsSubstring(each.expected));
    }
    CHECK_THAT(said_of_platform(
                   "name = \"n\"\n[[peers]]\nup = \"1MB/s\"\ndown = \"1MB/s\"\nhost = \"a\"\n"),
               ContainsSubstring("host: belongs to [platform]"));
}
