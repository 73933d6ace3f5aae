// Latencies between each two: a matrix, and the file that peers read.
#include "catch.hpp"
#include "experiment/parse.hpp"
#include "experiment/population.hpp"

#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::experiment;
using namespace std::chrono_literals;

namespace {

/// Four peers in two groups and three racks.
std::string with_latency(std::string const& latency, std::string const& of_seed = {},
                         std::string const& of_sinks = {}) {
    return "name = \"n\"\nseeds = 1\n[[peers]]\nrole = \"seed\"\nup = \"1MB/s\"\ndown = "
           "\"1MB/s\"\nrack = 7\n" +
           of_seed +
           "[[peers]]\ncount = 3\nup = \"1MB/s\"\ndown = \"1MB/s\"\nrack = [3, 7, 5]\nfar = "
           "\"1ms\"\n" +
           of_sinks + "[content]\nsize = \"1M\"\n[latency]\n" + latency;
}

std::string const seed_address = "address = \"10.0.0.1:1\"\n";
std::string const sink_addresses = "address = [\"10.0.0.2:1\", \"10.0.0.3:1\", \"10.0.0.4:1\"]\n";

/// The only file that there is.
Files latency_file(std::string const& content) {
    return [content](std::string const& name, std::size_t most) -> Result<std::string> {
        if (name != "wan.latency" || content.size() > most) {
            return Error{Errc::disk, "there is no " + name};
        }
        return content;
    };
}

Experiment with_latencies(std::string const& text, Files const& files = no_files) {
    auto const read = parse(text, "x.toml", Where::sim, files);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return *read;
}

wire::Duration between(Experiment const& experiment, std::size_t from, std::size_t to) {
    return latency_between(experiment, draw(experiment, 1), from, to);
}

std::string said_of_latencies(std::string const& text, Where where = Where::sim,
                              Files const& files = no_files) {
    auto const read = parse(text, "x.toml", where, files);
    if (read) {
        return {};
    }
    CHECK(read.error().code == Errc::usage);
    return read.error().message;
}

}  // namespace

TEST_CASE("a matrix of groups says how far messages have to go between them, and far is added") {
    auto const experiment =
        with_latencies(with_latency("between = \"groups\"\nms = [[0.5, 20], [30.25, 4]]\n"));
    CHECK(between(experiment, 0, 1) == 21ms);
    CHECK(between(experiment, 1, 0) == 31250us);
    CHECK(between(experiment, 1, 2) == 6ms);
}

TEST_CASE("a matrix of racks has those that there are, in ascending order") {
    auto const experiment = with_latencies(
        with_latency("between = \"racks\"\nms = [[0, 1, 2], [10, 11, 12], [20, 21, 22]]\n"));
    CHECK(experiment.latencies.racks == std::vector<std::uint32_t>{3, 5, 7});
    CHECK(between(experiment, 0, 1) == 21ms);  // from rack 7 to rack 3
    CHECK(between(experiment, 1, 3) == 3ms);   // from rack 3 to rack 5
}

TEST_CASE("a matrix of peers has them in the order of the file") {
    auto const experiment = with_latencies(
        with_latency("between = \"peers\"\nms = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, "
                     "11], [12, 13, 14, 15]]\n"));
    CHECK(between(experiment, 0, 3) == 4ms);
    CHECK(between(experiment, 2, 1) == 11ms);
}

TEST_CASE(
    "a latency file means the same as to a peer: round trips, and 100 ms for those not there") {
    auto const files =
        latency_file("# two of them\n10.0.0.1:1 10.0.0.3:1 5\n10.0.0.4:1 10.0.0.1:1 3.5\n");
    auto const experiment = with_latencies(
        with_latency("file = \"wan.latency\"\n", seed_address, sink_addresses), files);
    CHECK(between(experiment, 0, 2) == 2500us + 1ms);
    CHECK(between(experiment, 2, 0) == 2500us + 1ms);
    CHECK(between(experiment, 0, 3) == 1750us + 1ms);
    CHECK(between(experiment, 0, 1) == 50ms + 1ms);
}

TEST_CASE("latencies belong to what an experiment means") {
    auto const one = with_latency("between = \"groups\"\nms = [[0, 1], [1, 0]]\n");
    auto const other = with_latency("between = \"groups\"\nms = [[0, 1], [2, 0]]\n");
    CHECK(situation_hash(with_latencies(one)) == situation_hash(with_latencies("# same\n" + one)));
    CHECK(situation_hash(with_latencies(one)) != situation_hash(with_latencies(other)));
}

TEST_CASE("whatever is wrong with latencies is said with file, line and key") {
    auto const wan = latency_file("10.0.0.1:1 10.0.0.3:1\n");
    auto const with_file = with_latency("file = \"wan.latency\"\n", seed_address, sink_addresses);

    struct Case {
        std::string said;
        std::string expected;
    };

    std::vector<Case> const cases = {
        {said_of_latencies(with_latency("")),
         "x.toml:16: [latency] ms: write ms = [[...], ...] with between"},
        {said_of_latencies(with_latency("ms = [[1]]\n")),
         "[latency] between: belongs to ms, which needs it"},
        {said_of_latencies(
             with_latency("ms = [[1]]\nfile = \"a\"\n", seed_address, sink_addresses)),
         "[latency] ms: write ms"},
        {said_of_latencies(with_latency("between = \"planets\"\nms = [[1]]\n")),
         "x.toml:17: [latency] between: 'planets' is none of groups, racks, peers"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = 5\n")),
         "x.toml:18: [latency] ms: must be a list of 2 rows: one for each of 2 groups, in the "
         "order"},
        {said_of_latencies(with_latency("between = \"racks\"\nms = [[1, 2], [3, 4]]\n")),
         "must be a list of 3 rows: one for each of the racks 3, 5, 7"},
        {said_of_latencies(with_latency("between = \"peers\"\nms = [[1, 2], [3, 4]]\n")),
         "of 4 rows: one for each of 4"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = [[1, 2],\n[3]]\n")),
         "x.toml:19: [latency] ms: row 2 must be a list of 2: a column for each of 2 groups"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = [[1, 2],\n[3, -1]]\n")),
         "x.toml:19: [latency] ms: must be milliseconds, from 0 to 30000"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = [[1, \"2ms\"], [3, 4]]\n")),
         "must be milliseconds"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = [[1, nan], [3, 4]]\n")),
         "must be milliseconds"},
        {said_of_latencies(with_latency("between = \"groups\"\nms = [[1, 2], [3, 4]]\nx = 1\n")),
         "[latency] x: there is no"},
        {said_of_latencies(
             with_latency("between = \"groups\"\nms = [[1, 2], [3, 4]]\n", seed_address)),
         "x.toml:8: [[peers]] address: belongs to [latency] file"},
        {said_of_latencies(with_latency("file = \"wan.latency\"\n", seed_address), Where::sim, wan),
         "x.toml:9: [[peers]] address: is missing; write for example address"},
        {said_of_latencies(with_latency("file = \"wan.latency\"\n", seed_address, seed_address),
                           Where::sim, wan),
         "address: has 1 elements; write one for each of the 3 peers"},
        {said_of_latencies(
             with_latency("file = \"wan.latency\"\n", "address = 7\n", sink_addresses), Where::sim,
             wan),
         "x.toml:8: [[peers]] address: must be a text"},
        {said_of_latencies(with_latency("file = \"other\"\n", seed_address, sink_addresses),
                           Where::sim, wan),
         "x.toml:19: [latency] file: there is no other"},
        {said_of_latencies(with_file, Where::sim, wan),
         "x.toml:19: [latency] file: 'wan.latency', line 1: it has 2 fields, not 3"},
        {said_of_latencies(
             with_latency("file = \"wan.latency\"\n", "address = \"me\"\n", sink_addresses),
             Where::sim, latency_file("")),
         "[latency] file: [[peers]] address: 'me' is no IP:PORT"},
        {said_of_latencies(
             with_latency("file = \"wan.latency\"\n", "address = \"10.0.0.3:1\"\n", sink_addresses),
             Where::sim, latency_file("")),
         "'10.0.0.3:1' is that of two peers"},
    };
    for (auto const& each : cases) {
        INFO(each.expected);
        CHECK_THAT(each.said, ContainsSubstring(each.expected));
    }
}

TEST_CASE(
    "latencies that differ by the way are refused for real programs, which know one for both") {
    auto const same = with_latency("between = \"groups\"\nms = [[0, 2], [2, 0]]\n");
    auto const differing = with_latency("between = \"groups\"\nms = [[0, 2], [3, 0]]\n");
    CHECK(said_of_latencies(same, Where::live).empty());
    CHECK(said_of_latencies(differing).empty());
    for (auto const where : {Where::live, Where::netns}) {
        CHECK_THAT(said_of_latencies(differing, where),
                   ContainsSubstring(
                       "x.toml:18: [latency] ms: row 1 has another figure for column 2 than that "
                       "row for this column, and real peers know one for both ways; write the "
                       "same, or run it with --sim"));
    }
}
