#include "trace_story.hpp"

#include "catch.hpp"
#include "explanation.hpp"

#include <nlohmann/json.hpp>

using namespace xfsbus::console;

namespace {

constexpr char const* begin_line =
    R"({"record": "trace", "format": 1, "version": "0.1.0", "seed": 7,
        "policy": {"name": "rack", "version": "1.0", "sha256": "ab", "parameters": {"far": "2"}},
        "chunk_order": {"name": "rarest", "version": "1.0", "sha256": "cd", "parameters": {}}})";
constexpr char const* transfer_line =
    R"({"record": "transfer", "t_us": 1000000, "transfer": 1, "name": "model.bin",
        "content": "ef", "bytes": 4194304, "chunk_bytes": 1048576, "chunks": 4,
        "chunks_here": 1})";

/// A trace of one download of model.bin, to which lines are added.
struct Story {
    Story() : reader("model.bin") {
        add(begin_line);
        add(transfer_line);
    }

    void add(std::string_view line) {
        INFO(line);
        REQUIRE(reader.take(line));
    }

    [[nodiscard]] TransferStory const& transfer() const { return reader.transfers().at(0); }

    [[nodiscard]] SourceStory const& source(std::string const& peer) const {
        return transfer().sources.at(peer);
    }

    TraceReader reader;
};

/// A choice of "b" for this chunk where "a" could have been chosen, too.
std::string choice_of_b(unsigned chunk) {
    return R"({"record": "decision", "t_us": 1100000, "transfer": 1, "purpose": "request",
               "asked": "pick", "chunk": )" +
           std::to_string(chunk) +
           R"(, "sources": [{"peer": "a", "flags": ["in_use"], "latency_ms": 5,
                             "outstanding_bytes": 10},
                            {"peer": "b", "flags": ["in_use"], "latency_ms": 2,
                             "rate_bytes_per_s": 9, "outstanding_bytes": 20}],
               "answer": "choose", "peer": "b", "by_default": false, "cost_ns": 500})";
}

std::string outcome(std::string const& peer, unsigned chunk, std::string const& reason) {
    return R"({"record": "outcome", "t_us": 3000000, "transfer": 1, "chunk": )" +
           std::to_string(chunk) + R"(, "peer": ")" + peer + R"(", "reason": ")" + reason +
           R"(", "bytes": 1048576, "elapsed_us": 900})";
}

}  // namespace

TEST_CASE("A source that was chosen among others is told of with what it was the best in") {
    Story story;
    story.add(choice_of_b(0));
    story.add(outcome("b", 0, "delivered"));
    auto const& b = story.source("b");
    CHECK(b.chosen == 1);
    CHECK(b.alone == 0);
    CHECK(b.nearest == 1);
    CHECK(b.fastest == 1);
    CHECK(b.least_asked == 0);
    CHECK(b.chunks == 1);
    CHECK(b.bytes == 1048576);
    CHECK(b.unasked == 0);
    CHECK(story.transfer().decisions == 1);
    CHECK(story.transfer().cost_ns == 500);
    CHECK(story.transfer().last_us == 3000000);
}

TEST_CASE("Who was the only one that could be chosen is not praised for anything else") {
    Story story;
    story.add(R"({"record": "decision", "t_us": 1100000, "transfer": 1, "purpose": "request",
                  "asked": "decide", "chunk": 0,
                  "sources": [{"peer": "a", "flags": ["in_use", "has_room"]},
                              {"peer": "b", "flags": ["in_use", "answerable", "has_room"]}],
                  "answer": "choose", "peer": "b", "by_default": true, "cost_ns": 500})");
    CHECK(story.source("b").chosen == 1);
    CHECK(story.source("b").alone == 1);
    CHECK(story.source("b").nearest == 0);
    CHECK(story.transfer().alone == 1);
    CHECK(story.transfer().about_chunk == 1);
    CHECK(story.transfer().by_default == 1);
}

TEST_CASE("Who was chosen where another could have been waited for was not the only one") {
    Story story;
    story.add(R"({"record": "decision", "t_us": 1100000, "transfer": 1, "purpose": "request",
                  "asked": "decide", "chunk": 0,
                  "sources": [{"peer": "a", "flags": ["in_use", "answerable"]},
                              {"peer": "b", "flags": ["in_use", "answerable", "has_room"]}],
                  "answer": "choose", "peer": "b", "by_default": false, "cost_ns": 500})");
    CHECK(story.source("b").chosen == 1);
    CHECK(story.source("b").alone == 0);
    CHECK(story.transfer().alone == 0);
}

TEST_CASE("Who comes in for whom, and when, is told of both") {
    Story story;
    story.add(R"({"record": "decision", "t_us": 1500000, "transfer": 1, "purpose": "admit",
                  "asked": "pick", "sources": [{"peer": "a", "flags": []}],
                  "answer": "choose", "peer": "a", "by_default": false, "cost_ns": 1})");
    story.add(R"({"record": "decision", "t_us": 3500000, "transfer": 1, "purpose": "replace",
                  "asked": "decide", "sources": [],
                  "answer": "choose", "peer": "b", "gives_way": "a", "by_default": false,
                  "cost_ns": 1})");
    auto const& a = story.source("a").places;
    REQUIRE(a.size() == 2);
    CHECK(a[0].came);
    CHECK(a[0].seconds == 0.5);
    CHECK(a[0].other.empty());
    CHECK_FALSE(a[1].came);
    CHECK(a[1].seconds == 2.5);
    CHECK(a[1].other == "b");
    CHECK(story.source("b").places.at(0).other == "a");
    CHECK(story.transfer().about_chunk == 0);
}

TEST_CASE("Requests that fail, come in vain, or that no decision asked for are told apart") {
    Story story;
    story.add(choice_of_b(0));
    story.add(outcome("b", 0, "late"));
    story.add(choice_of_b(0));
    story.add(outcome("b", 0, "duplicate"));
    story.add(outcome("a", 0, "delivered"));
    story.add(outcome("b", 1, "refused"));
    auto const& b = story.source("b");
    CHECK(b.failures == std::map<std::string, std::uint64_t>{{"late", 1}, {"refused", 1}});
    CHECK(b.duplicates == 1);
    CHECK(b.unasked == 1);
    CHECK(b.chunks == 0);
    CHECK(story.source("a").unasked == 1);
    CHECK(story.source("a").chunks == 1);
}

TEST_CASE("A chunk that waited for its source was asked of it by the policy") {
    Story story;
    for (int i = 0; i < 2; ++i) {
        story.add(R"({"record": "decision", "t_us": 1100000, "transfer": 1, "purpose": "request",
                      "asked": "decide", "chunk": 2,
                      "sources": [{"peer": "a", "flags": ["answerable"]}],
                      "answer": "wait_for", "peer": "a", "by_default": false, "cost_ns": 1})");
    }
    story.add(outcome("a", 2, "delivered"));
    CHECK(story.source("a").waited_for == 2);
    CHECK(story.source("a").chosen == 0);
    CHECK(story.source("a").unasked == 0);
}

TEST_CASE("Only downloads of the name are told of, each by itself, with the policies they had") {
    Story story;
    story.add(R"({"record": "transfer", "t_us": 2, "transfer": 2, "name": "other.bin"})");
    story.add(choice_of_b(0));
    story.add(R"({"record": "policy", "t_us": 3, "policy": {"name": "random", "version": "2",
                  "parameters": {}}})");
    story.add(choice_of_b(1));
    story.add(R"({"record": "outcome", "t_us": 9, "transfer": 2, "chunk": 0, "peer": "z",
                  "reason": "delivered"})");
    story.add(R"({"record": "something new", "t_us": 9})");
    story.add(R"({"record": "transfer", "t_us": 9, "transfer": 3, "name": "model.bin"})");
    CHECK(story.reader.transfers().size() == 2);
    CHECK(story.reader.names() == std::vector<std::string>{"model.bin", "other.bin"});
    CHECK(story.transfer().policies == std::vector<std::string>{"rack 1.0 (far = 2)", "random 2"});
    CHECK_FALSE(story.transfer().sources.contains("z"));
    CHECK_FALSE(story.reader.dropped());
    story.add(R"({"record": "end", "records": 8, "dropped": 3})");
    CHECK(story.reader.dropped() == 3U);
}

TEST_CASE("What is no trace, is of another format, or is damaged is an error that says so") {
    auto const refusal = [](std::vector<std::string> const& lines) {
        TraceReader reader("model.bin");
        for (auto const& line : lines) {
            if (auto const taken = reader.take(line); !taken) {
                return taken.error().message;
            }
        }
        return std::string("taken");
    };
    CHECK_THAT(refusal({R"({"event": "ready"})"}), ContainsSubstring("does not begin as a trace"));
    CHECK_THAT(refusal({R"({"record": "trace", "format": 2})"}), ContainsSubstring("format 2"));
    CHECK_THAT(refusal({begin_line, "nonsense"}), ContainsSubstring("no record of a trace"));
    CHECK_THAT(refusal({begin_line, "[]"}), ContainsSubstring("no record of a trace"));
    CHECK_THAT(refusal({begin_line, transfer_line,
                        R"({"record": "decision", "transfer": 1, "chunk": 1, "t_us": 2})"}),
               ContainsSubstring("no record of a trace"));
    CHECK_THAT(refusal({begin_line, R"({"record": "transfer", "name": 5})"}),
               ContainsSubstring("no record of a trace"));
}

TEST_CASE("An explanation has a row for each source, the best first, and a sentence for each") {
    Story story;
    for (unsigned chunk : {0U, 1U, 2U}) {
        story.add(choice_of_b(chunk));
    }
    story.add(outcome("b", 0, "delivered"));
    story.add(outcome("b", 1, "delivered"));
    story.add(outcome("b", 2, "late"));
    story.add(outcome("a\\u001b", 2, "delivered"));
    CHECK(explanation(story.transfer()) ==
          "model.bin (transfer 1, 4.0 MiB): 3 of 4 chunks came from 2 sources in 2.00 s; 1 were "
          "here already.\n"
          "rack 1.0 (far = 2) decided 3 times, in 500 ns each.\n"
          "  PEER   CHUNKS  BYTES    CHOSEN  ALONE  WAITED_FOR  FAILED\n"
          "  b      2       2.0 MiB  3       0      0           1\n"
          "  a\\x1b  1       1.0 MiB  0       0      0           0\n"
          "b: chosen 3 times: 3 times as the nearest, 3 times as the fastest known; 1 request "
          "failed (1 late).\n"
          "a\\x1b: never chosen for a chunk; 1 request without a question to the policy.\n");
    auto const json = to_json(story.transfer());
    CHECK(json.at("event") == "explanation");
    CHECK(json.at("sources").at(0).at("peer") == "b");
    CHECK(json.at("sources").at(0).at("failures").at("late") == 1);
}

TEST_CASE("Each file of a bundle has the story of the bundle") {
    constexpr char const* bundle_line =
        R"({"record": "transfer", "t_us": 1000000, "transfer": 1, "name": "a", "content": "ef",
            "bytes": 30, "chunk_bytes": 30, "chunks": 1, "chunks_here": 0, "others": ["b", "c"]})";
    for (auto const* const name : {"a", "c"}) {
        TraceReader reader(name);
        REQUIRE(reader.take(begin_line));
        REQUIRE(reader.take(bundle_line));
        REQUIRE(reader.take(choice_of_b(0)));
        REQUIRE(reader.transfers().size() == 1);
        CHECK(reader.transfers()[0].name == name);
        CHECK(reader.transfers()[0].others == 2);
        CHECK(reader.transfers()[0].bytes == 30);
        CHECK(reader.transfers()[0].sources.at("b").chosen == 1);
    }
    TraceReader other("d");
    REQUIRE(other.take(begin_line));
    REQUIRE(other.take(bundle_line));
    CHECK(other.transfers().empty());
    CHECK(other.names() == std::vector<std::string>{"a", "b", "c"});
}
