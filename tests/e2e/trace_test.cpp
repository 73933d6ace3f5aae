// What a peer writes down of its policy's decisions.
#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>

using namespace xfsbus::test;

namespace {

constexpr std::uint64_t size = 4 * mib;

/// Two sources of a file, which a third peer fetches.
struct TwoSources : Swarm {
    [[nodiscard]] std::string filled(std::string const& name) const {
        write_file(directory(name) / "file.bin", noise(size));
        return name;
    }

    Source a{*this, filled("a")};
    Source b{*this, filled("b")};
};

std::vector<Json> records_of(std::filesystem::path const& trace, std::string_view kind = {}) {
    std::vector<Json> records;
    for (auto& record : events_of(read_file(trace))) {
        if (kind.empty() || record.at("record") == kind) {
            records.push_back(std::move(record));
        }
    }
    return records;
}

}  // namespace

TEST_CASE("A trace holds every decision of a download, and what became of each request") {
    TwoSources const swarm;
    auto const trace = swarm.path() / "trace.jsonl";
    auto const ended = swarm.in(
        "sink", {"download file.bin", "policy"},
        {"--trace", trace.string(), "--seed", "5", "--policy", "libloadlatency.so:load_weight=20"});
    CHECK(ended.code == 0);
    auto const all = records_of(trace);
    REQUIRE(all.size() > 4);
    CHECK(all.front().at("record") == "trace");
    CHECK(all.front().at("seed") == 5);
    CHECK(all.front().at("policy").at("parameters").at("load_weight") == "20");
    auto const transfers = records_of(trace, "transfer");
    REQUIRE(transfers.size() == 1);
    CHECK(transfers[0].at("name") == "file.bin");
    auto const chunks = transfers[0].at("chunks").get<std::size_t>();
    auto const outcomes = records_of(trace, "outcome");
    CHECK(std::ranges::count(outcomes, "delivered", [](auto const& each) {
              return each.at("reason");
          }) == static_cast<std::ptrdiff_t>(chunks));
    auto const decisions = records_of(trace, "decision");
    CHECK(decisions.size() >= chunks);
    for (auto const& decision : decisions) {
        CHECK(decision.at("by_default") == false);
        CHECK(decision.at("sources").size() <= 2);
    }
    CHECK(all.back().at("record") == "end");
    CHECK(all.back().at("dropped") == 0);
    CHECK(all.back().at("records") == all.size() - 1);
    auto const shown = ended.event("policy").at("trace");
    CHECK(shown.at("file") == trace.string());
    CHECK(shown.at("dropped") == 0);
}

TEST_CASE("A disk that is full ends the trace with one word, and the download goes on") {
    TwoSources const swarm;
    auto const ended =
        swarm.in("sink", {"download file.bin", "policy"}, {"--trace", "/dev/full", "--json-log"});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "file.bin", noise(size)));
    auto const log = events_of(ended.err);
    CHECK(std::ranges::count_if(
              log, [](auto const& line) { return line.value("event", "") == "trace-ended"; }) == 1);
    CHECK(ended.event("policy").at("trace").at("trouble") == "No space left on device");
}

TEST_CASE("A trace that cannot be begun is an error, before anything else is") {
    Swarm const swarm;
    auto const ended = swarm.in("sink", {"status"}, {"--trace", "/nowhere/trace"});
    CHECK(ended.code == 9);
    CHECK(ended.out.empty());
    CHECK(ended.says("cannot write the trace '/nowhere/trace': No such file or directory"));
}

TEST_CASE("A download is explained from the trace of the peer that made it") {
    TwoSources const swarm;
    auto const trace = swarm.path() / "trace.jsonl";
    CHECK(swarm.in("sink", {"download file.bin"}, {"--trace", trace.string()}).code == 0);
    auto const explained = swarm.run({"--json", "explain", "file.bin", "--trace", trace.string()});
    CHECK(explained.code == 0);
    auto const story = explained.event("explanation");
    CHECK(story.at("name") == "file.bin");
    std::uint64_t bytes = 0;
    for (auto const& source : story.at("sources")) {
        bytes += source.at("bytes").get<std::uint64_t>();
        CHECK(source.at("unasked") == 0);
    }
    CHECK(bytes == size);
    auto const text = swarm.run({"explain", "file.bin", "--trace", trace.string()});
    CHECK(text.code == 0);
    CHECK_THAT(text.out, ContainsSubstring("file.bin (transfer 1, 4.0 MiB): "));
    CHECK_THAT(text.out, ContainsSubstring("loadlatency"));
    CHECK(swarm.run({"explain", "file.bin"}).code == 2);
}
