// What is said of a platform's file that is wrong, and what its units mean.
#include "platform/parse.hpp"

#include "catch.hpp"
#include "platform/radical.hpp"
#include "platform/units.hpp"

#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::platform;
using namespace std::chrono_literals;

namespace {

/// What is said of a file; empty: it is right.
std::string complaint(std::string const& xml) {
    auto const parsed = parse(xml, "p.xml");
    if (parsed) {
        return {};
    }
    CHECK(parsed.error().code == Errc::usage);
    return parsed.error().message;
}

/// What is said of a zone with two hosts and a link, and of these elements, which begin in line 4.
std::string with(std::string const& elements, std::string const& routing = "Full") {
    return complaint("<platform version=\"4.1\">\n<zone id=\"z\" routing=\"" + routing +
                     "\">\n<host id=\"a\"/><host id=\"b\"/><link id=\"l\" bandwidth=\"1MBps\"/>\n" +
                     elements + "</zone>\n</platform>\n");
}

std::string cluster(std::string const& attributes) {
    return complaint("<platform version=\"4.1\">\n<cluster id=\"c\" " + attributes +
                     "/></platform>");
}

}  // namespace

TEST_CASE("bandwidths and latencies have SimGrid's units") {
    CHECK(*parse_bandwidth("125MBps") == 125e6);
    CHECK(*parse_bandwidth("1Gbps") == 125e6);
    CHECK(*parse_bandwidth("1.25E8") == 125e6);
    CHECK(*parse_bandwidth("2KiBps") == 2048);
    CHECK(*parse_bandwidth("8kbps") == 1000);
    CHECK(*parse_latency("50us") == 50us);
    CHECK(*parse_latency("1.5ms") == 1500us);
    CHECK(*parse_latency("0.25") == 250ms);
    CHECK(*parse_latency("7ns") == 7ns);
    for (auto const* const bad :
         {"", "fast", "1MB", "-1MBps", "0", "1e99", "nan", "inf", "1 MBps"}) {
        INFO(bad);
        CHECK_FALSE(parse_bandwidth(bad));
    }
    for (auto const* const bad : {"", "soon", "-1ms", "61s", "nan", "1 ms", "1hour"}) {
        INFO(bad);
        CHECK_FALSE(parse_latency(bad));
    }
}

TEST_CASE("a cluster's radical is a list of numbers and ranges") {
    CHECK(*parse_radical("0-2,7") == std::vector<std::uint32_t>{0, 1, 2, 7});
    CHECK(*parse_radical("4294967295") == std::vector<std::uint32_t>{4294967295U});
    auto const most = parse_radical("0-99999");
    REQUIRE(most);
    CHECK(most->size() == 100'000);
    for (auto const* const bad :
         {"", ",", "1-", "-1", "3-1", "a", "0-100000", "0-99999,5", "1,,2"}) {
        INFO(bad);
        CHECK_FALSE(parse_radical(bad));
    }
}

TEST_CASE("whatever is wrong with a platform's file is said with line and element") {
    struct Case {
        std::string said;
        std::string expected;
    };

    std::string deep = "<platform version=\"4.1\">\n";
    for (int i = 0; i < 40; ++i) {
        deep += "<zone id=\"z" + std::to_string(i) + "\" routing=\"Full\">\n";
    }
    std::string deeper;
    for (int i = 0; i < 300; ++i) {
        deeper += "<zone>";
    }
    std::string floyd;
    for (int i = 0; i < 600; ++i) {
        floyd += "<router id=\"r" + std::to_string(i) + "\"/>";
    }
    for (int i = 0; i < 40; ++i) {
        deep += "</zone>";
    }
    std::string const ends = R"(radical="0-1" speed="1f" )";
    std::vector<Case> const cases = {
        {complaint(""), "p.xml:1: is no XML"},
        {complaint("<platform>\n<zone"), "p.xml:2: is no XML (XML_ERROR_"},
        {complaint(std::string("<platform/>\0", 12)), "is no XML"},
        {complaint(std::string(5 * 1024 * 1024, ' ')), "p.xml: is larger than 4 MiB"},
        {complaint(deeper), "elements are within too many others"},
        {complaint(deep + "</platform>"), "p.xml:34: <zone>: zones are within more than 32"},
        {complaint("<html/>"), "p.xml:1: <html>: is no platform of SimGrid's"},
        {complaint("<platform version=\"4.1\"/>"), "<platform>: there is no host"},
        {complaint("<platform><host id=\"a\"/></platform>"), "<host>: is not understood here"},
        {complaint("<platform/>\n<platform/>"), "<platform>: "},
        {complaint("<platform>\n<zone id=\"a\" routing=\"Full\"/>\n<zone id=\"b\" "
                   "routing=\"Full\"/></platform>"),
         "p.xml:3: <zone>: a platform has one outermost zone"},
        {with("", "Vivaldi"),
         "p.xml:2: <zone>: routing: 'Vivaldi' is none of FULL, FLOYD, CLUSTER"},
        {with("<zone routing=\"Full\"/>"), "p.xml:4: <zone>: id is missing"},
        {with("<zone id=\"x\"/>"), "<zone>: routing is missing"},
        {with("<host/>"), "p.xml:4: <host>: id is missing"},
        {with("<host id=\"a\"/>"), "<host>: another host, router or zone is called 'a'"},
        {with("<host id=\"" + std::string(5000, 'x') + "\"/>"), "id is longer than 4096 bytes"},
        {with("<host id=\"x\" state_file=\"y\"/>"), "the attribute state_file is not understood"},
        {with("<link id=\"l\" bandwidth=\"1MBps\"/>"), "another link is called 'l'"},
        {with("<link id=\"m\"/>"), "<link>: bandwidth is missing"},
        {with("<link id=\"m\" bandwidth=\"much\"/>"), "bandwidth: 'much' is no bandwidth"},
        {with("<link id=\"m\" bandwidth=\"1MBps\" latency=\"x\"/>"), "latency: 'x' is no latency"},
        {with("<link id=\"m\" bandwidth=\"1MBps\" sharing_policy=\"WIFI\"/>"),
         "'WIFI' is none of SHARED"},
        {with("<peer id=\"p\"/>"), "p.xml:4: <peer>: is not understood here"},
        {with("<route src=\"a\" dst=\"b\"/>"), "<route>: has no <link_ctn>"},
        {with("<route src=\"a\" dst=\"b\"><link/></route>"),
         "<link>: is not understood in a route"},
        {with("<route src=\"a\" dst=\"b\"><link_ctn id=\"n\"/></route>"),
         "there is no link 'n' before"},
        {with("<route src=\"a\" dst=\"c\"><link_ctn id=\"l\"/></route>"),
         "dst: there is no 'c' before"},
        {with("<route src=\"a\" dst=\"a\"><link_ctn id=\"l\"/></route>"),
         "leads to where it comes"},
        {with("<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route>\n"
              "<route src=\"b\" dst=\"a\"><link_ctn id=\"l\"/></route>"),
         "p.xml:5: <route>: there is a route between these already"},
        {with("<link id=\"m\" bandwidth=\"1\" sharing_policy=\"SPLITDUPLEX\"/><route src=\"a\" "
              "dst=\"b\">"
              "<link_ctn id=\"m\"/></route>"),
         "<link_ctn>: direction is missing: the link is SPLITDUPLEX"},
        {with("<zone id=\"y\" routing=\"Full\"><host id=\"c\"/></zone><route src=\"a\" dst=\"c\">"
              "<link_ctn id=\"l\"/></route>"),
         "dst: 'c' is no host or router of this zone"},
        {with("<zone id=\"y\" routing=\"Full\"/><zone id=\"x\" routing=\"Full\"/><zoneRoute "
              "src=\"y\" dst=\"x\" "
              "gw_src=\"a\" gw_dst=\"a\"><link_ctn id=\"l\"/></zoneRoute>"),
         "gw_src: 'a' is no host or router within that zone"},
        {with(floyd, "Floyd"), "routing is Floyd have more than 512 members"},
        {with("<zone id=\"y\" routing=\"Full\"/>", "Cluster"),
         "not understood in a zone whose routing is Cluster"},
        {with("<host_link id=\"a\" up=\"l\" down=\"n\"/>", "Cluster"),
         "down: there is no link 'n'"},
        {with("<host_link id=\"a\" up=\"l\" down=\"l\"/><host_link id=\"a\" up=\"l\" down=\"l\"/>",
              "Cluster"),
         "the host has links already"},
        {cluster("bw=\"1MBps\""), "p.xml:2: <cluster>: radical is missing"},
        {cluster("radical=\"0-999999\""), "radical: makes more than 100000 hosts"},
        {cluster(ends), "<cluster>: bw is missing"},
        {cluster(ends + "bw=\"1MBps\" topology=\"TORUS\""), "topology: 'TORUS' is none of FLAT"},
        {cluster(ends + "bw=\"1MBps\" limiter_link=\"1MBps\""), "limiter_link is not understood"},
        {cluster(ends + "bw=\"1MBps\" bb_bw=\"1MBps\" bb_sharing_policy=\"SPLITDUPLEX\""),
         "bb_sharing_policy must be SHARED or FATPIPE"},
    };
    for (auto const& each : cases) {
        INFO(each.expected);
        CHECK_THAT(each.said, ContainsSubstring(each.expected));
    }
    CHECK(with("<prop id=\"a\" value=\"b\"/>").empty());
}
