#include "catch.hpp"

#include <xfsbus/swarm/latency_table.hpp>
#include <xfsbus/wire/endpoint.hpp>

using namespace xfsbus;
using Catch::Matchers::StartsWith;
using swarm::LatencyTable;

namespace {

double between(LatencyTable const& table, std::string_view a, std::string_view b) {
    return table.between(wire::parse_endpoint(a).value(), wire::parse_endpoint(b).value());
}

}  // namespace

TEST_CASE("a latency holds in both directions") {
    auto const table = LatencyTable::parse("10.0.0.1:1 10.0.0.2:2 12.5\n");
    REQUIRE(table);
    CHECK(between(*table, "10.0.0.1:1", "10.0.0.2:2") == 12.5);
    CHECK(between(*table, "10.0.0.2:2", "10.0.0.1:1") == 12.5);
}

TEST_CASE("a pair that is not in the table has the default latency") {
    auto const table = LatencyTable::parse("10.0.0.1:1 10.0.0.2:2 12.5");
    REQUIRE(table);
    CHECK(between(*table, "10.0.0.1:1", "10.0.0.2:3") == LatencyTable::default_ms);
    CHECK(between(*table, "10.0.0.1:1", "10.0.0.1:1") == LatencyTable::default_ms);
    CHECK(between(*LatencyTable::parse(""), "a:1", "b:1") == LatencyTable::default_ms);
}

TEST_CASE("of several lines about a pair, in whatever order, the last counts") {
    auto const table = LatencyTable::parse("a:1 b:2 1\nb:2 a:1 2\n");
    REQUIRE(table);
    CHECK(between(*table, "a:1", "b:2") == 2);
}

TEST_CASE("comments, empty lines, tabs and line ends of any kind are read") {
    auto const table = LatencyTable::parse(
        "# a comment\n"
        "\n"
        "   \t\n"
        "\ta:1\tb:2   3 # why\r\n"
        "  tcp://c:1 [::1]:2 4#tight\n"
        "#a:1 b:2 9\n"
        "a:1 c:1 0");
    REQUIRE(table);
    CHECK(between(*table, "a:1", "b:2") == 3);
    CHECK(between(*table, "c:1", "[::1]:2") == 4);
    CHECK(between(*table, "a:1", "c:1") == 0);
}

TEST_CASE("a bad line is refused with its number and what is wrong") {
    struct Case {
        char const* text;
        char const* begins;
        char const* says;
    };

    auto const bad =
        GENERATE(Case{"a:1 b:2", "line 1:", "2 fields, not 3"},
                 Case{"a:1 b:2 3 4", "line 1:", "4 fields, not 3"},
                 Case{"a:1 b:2 3\n\n# fine\na b:2 3", "line 4:", "'a' is no IP:PORT"},
                 Case{"a:1 b:99999 3", "line 1:", "'b:99999' is no IP:PORT"},
                 Case{"a:1 b:2 -1", "line 1:", "'-1' is no number of milliseconds"},
                 Case{"a:1 b:2 fast", "line 1:", "'fast' is no number of milliseconds"},
                 Case{"a:1 b:2 12ms", "line 1:", "'12ms' is no number of milliseconds"},
                 Case{"a:1 b:2 nan", "line 1:", "'nan' is no number of milliseconds"},
                 Case{"a:1 b:2 inf", "line 1:", "'inf' is no number of milliseconds"},
                 Case{"a:1 b:2 60000.1", "line 1:", "from 0 to 60000"},
                 Case{"a:1 \x1b[31m 1", "line 1:", "'\\x1B[31m' is no IP:PORT"});
    auto const table = LatencyTable::parse(bad.text);
    REQUIRE_FALSE(table);
    CHECK(table.error().code == Errc::usage);
    CHECK_THAT(table.error().message, StartsWith(bad.begins));
    CHECK_THAT(table.error().message, ContainsSubstring(bad.says, Catch::CaseSensitive::No));
}

TEST_CASE("the limits of a latency are taken") {
    auto const table = LatencyTable::parse("a:1 b:2 60000\na:1 c:3 0.001\n");
    REQUIRE(table);
    CHECK(between(*table, "a:1", "b:2") == LatencyTable::most_ms);
    CHECK(between(*table, "a:1", "c:3") == 0.001);
}
