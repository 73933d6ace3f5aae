#include "explain.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <fstream>
#include <sstream>

using namespace xfsbus::console;

namespace {

constexpr char const* trace_begin =
    R"({"record":"trace","format":1,"policy":{"name":"rack","version":"1","parameters":{}}})"
    "\n"
    R"({"record":"transfer","t_us":1,"transfer":1,"name":"model.bin","bytes":10,"chunks":1})"
    "\n";

/// What `explain` says of a trace.
struct Explained {
    explicit Explained(std::string const& trace, std::string const& name = "model.bin",
                       bool json = false) {
        auto const path = temp.path() / "trace";
        std::ofstream(path) << trace;
        code = explain({name, path, json}, out, err);
    }

    xfsbus::test::TempDir temp;
    std::ostringstream out;
    std::ostringstream err;
    int code = -1;
};

}  // namespace

TEST_CASE("A download is explained from its peer's trace") {
    Explained const text(std::string(trace_begin) + R"({"record":"end","dropped":0})" + "\n");
    CHECK(text.code == 0);
    CHECK_THAT(text.out.str(), ContainsSubstring("model.bin (transfer 1, 10 B): 0 of 1 chunk"));
    CHECK(text.err.str().empty());
    Explained const json(trace_begin, "model.bin", true);
    CHECK_THAT(json.out.str(), ContainsSubstring(R"({"event":"explanation","name":"model.bin")"));
}

namespace {

/// Three small files that came as one chunk, of which some are damaged.
std::string bundle_trace(std::string const& damaged, std::string const& stored) {
    return R"({"record":"trace","format":1,"policy":{"name":"p","version":"1","parameters":{}}})"
           "\n"
           R"({"record":"transfer","t_us":0,"transfer":1,"name":"a","others":["b","c"],)"
           R"("content":"beef","bytes":30,"chunk_bytes":30,"chunks":1,"chunks_here":0})"
           "\n"
           R"({"record":"damaged","t_us":5,"transfer":1,"damaged":)" +
           damaged + R"(,"stored":)" + stored +
           R"(,"stored_bytes":20})"
           "\n"
           R"({"record":"outcome","t_us":5,"transfer":1,"chunk":0,"peer":"10.0.0.1:70",)"
           R"("reason":"corrupt","bytes":30,"elapsed_us":5,"queued_bytes":0,"queued":0})"
           "\n"
           R"({"record":"end","dropped":0})"
           "\n";
}

}  // namespace

TEST_CASE("Of small files that came as one only those are explained as failed that were damaged") {
    auto const trace = bundle_trace(R"(["b"])", R"(["a","c"])");
    for (auto const* const right : {"a", "c"}) {
        auto const out = Explained(trace, right).out.str();
        CHECK_THAT(out, ContainsSubstring("1 of 1 chunk came from 1 source"));
        CHECK_THAT(out, ContainsSubstring("; 1 other file was damaged and fetched again alone.\n"));
        CHECK_THAT(out, !ContainsSubstring("corrupt"));
    }
    auto const out = Explained(trace, "b").out.str();
    CHECK_THAT(out, ContainsSubstring("0 of 1 chunk came from 0 sources"));
    CHECK_THAT(out, ContainsSubstring("; it was damaged and fetched again alone.\n"));
    CHECK_THAT(out, ContainsSubstring("corrupt"));
    CHECK_THAT(Explained(bundle_trace(R"(["a","b"])", R"(["c"])"), "a").out.str(),
               ContainsSubstring("; it and 1 other file were damaged and fetched again alone.\n"));
    CHECK_THAT(Explained(trace, "a", true).out.str(),
               ContainsSubstring(R"("damaged":1,"is_damaged":false)"));
}

TEST_CASE("What a trace lacks is said with the explanation") {
    Explained const cut(std::string(trace_begin) + R"({"record":"outc)");
    CHECK(cut.code == 0);
    CHECK_FALSE(cut.out.str().empty());
    CHECK_THAT(cut.err.str(), ContainsSubstring("the trace has no end"));
    Explained const full(std::string(trace_begin) + R"({"record":"end","dropped":9})" + "\n");
    CHECK(full.code == 0);
    CHECK_THAT(full.err.str(), ContainsSubstring("9 records were dropped"));
}

TEST_CASE(
    "A name of which the trace has no download is not found, and those that it has are told") {
    Explained const other(trace_begin, "other.bin");
    CHECK(other.code == 3);
    CHECK(other.out.str().empty());
    CHECK_THAT(other.err.str(),
               ContainsSubstring("no download of 'other.bin'; it has those of model.bin"));
}

TEST_CASE("A trace that is damaged, or is none, is an error that names the line") {
    Explained const damaged(std::string(trace_begin) + "nonsense\n");
    CHECK(damaged.code == 1);
    CHECK_THAT(damaged.err.str(), ContainsSubstring("trace', line 3: no record of a trace"));
    std::ostringstream out;
    std::ostringstream err;
    CHECK(explain({"model.bin", "/nowhere/trace", false}, out, err) == 9);
    CHECK_THAT(err.str(),
               ContainsSubstring("cannot read the trace '/nowhere/trace': No such file"));
}

namespace {

constexpr char const* tracker_begin =
    R"({"record":"trace","format":1,"of":"tracker","handout":{"name":"rack","version":"1",)"
    R"("parameters":{"far":"2"}}})"
    "\n";

/// What a tracker writes of an answer: two sources of three are named.
std::string handed_out(std::string const& rule, std::string const& ranks) {
    auto const source = [&](int number, int have_ppm, char rank) {
        auto const text = R"({"peer":"10.0.0.)" + std::to_string(number) + R"(:70","have_ppm":)" +
                          std::to_string(have_ppm);
        return text + (ranks.empty() ? "}" : R"(,"rank":)" + std::string(1, rank) + "}");
    };
    return R"({"record":"handed_out","t_us":2000000,"find":7,"asker_host":"10.0.0.9",)"
           R"("asker":"10.0.0.9:71","asker_labels":"rack=2","by":"name","name":"model.bin",)"
           R"("rule":")" +
           rule + R"(","seed":5,"wanted":2,"known":3,"sources":[)" +
           source(1, 500'000, ranks.empty() ? '0' : ranks[0]) + "," +
           source(2, 1'000'000, ranks.empty() ? '0' : ranks[1]) + R"(],"others":[)" +
           source(3, 250'000, ranks.empty() ? '0' : ranks[2]) +
           R"(],"answered":["10.0.0.1:70"],"unanswered":["10.0.0.4:70"]})"
           "\n";
}

std::string tracker_trace(std::string const& rule, std::string const& ranks = {}) {
    return tracker_begin + handed_out(rule, ranks) + R"({"record":"end","dropped":0})" + "\n";
}

}  // namespace

TEST_CASE("A tracker's trace says why a peer was handed the sources that it got") {
    Explained const text(tracker_trace("policy", "013"));
    CHECK(text.code == 0);
    CHECK(text.err.str().empty());
    auto const out = text.out.str();
    CHECK_THAT(out,
               ContainsSubstring("model.bin for 10.0.0.9:71 (rack=2), find 7 after 2.00 s: 2 of "
                                 "3 sources named, 2 wanted\n"));
    CHECK_THAT(out, ContainsSubstring("rack 1 (far = 2) ranked these lowest"));
    CHECK_THAT(out, ContainsSubstring("next would have come 10.0.0.3:70, with rank 3\n"));
    CHECK_THAT(out, ContainsSubstring("asked, and there: 10.0.0.1:70\n"));
    CHECK_THAT(out, ContainsSubstring("no answer came: 10.0.0.4:70\n"));
    CHECK_THAT(out, !ContainsSubstring("last place"));
}

TEST_CASE("Each rule by which a tracker chose is said in words") {
    Explained const forced(tracker_trace("policy", "091"));
    CHECK_THAT(forced.out.str(),
               ContainsSubstring("10.0.0.2:70 has the last place because it is complete"));
    Explained const built_in(tracker_trace("built_in"));
    CHECK_THAT(built_in.out.str(), ContainsSubstring("the built-in rule decided: half of those"));
    CHECK_THAT(built_in.out.str(),
               ContainsSubstring("(1 and 1 are), each by its draw with seed 5"));
    Explained const failed(tracker_trace("made_good", "000"));
    CHECK_THAT(failed.out.str(),
               ContainsSubstring("rack 1 (far = 2) failed, and the built-in rule"));
    Explained const all(tracker_trace("all"));
    CHECK_THAT(all.out.str(), ContainsSubstring("there was nothing to decide"));
}

TEST_CASE("Of a tracker's trace, too, JSON, gaps, damage and names that it lacks are told") {
    Explained const json(tracker_begin + handed_out("policy", "013"), "model.bin", true);
    CHECK(json.code == 0);
    CHECK_THAT(json.out.str(), ContainsSubstring(R"({"event":"handout-explanation",)"
                                                 R"("name":"model.bin","find":7,)"));
    CHECK_THAT(json.err.str(), ContainsSubstring("the trace has no end"));
    Explained const other(tracker_trace("all"), "other.bin");
    CHECK(other.code == 3);
    CHECK_THAT(other.err.str(),
               ContainsSubstring("no answer about 'other.bin'; it has those of model.bin"));
    Explained const empty(std::string(tracker_begin) +
                          R"({"record":"handed_out","name":"model.bin"})" + "\n");
    CHECK(empty.code == 1);
    Explained const nonsense(std::string(tracker_begin) + "nonsense\n");
    CHECK(nonsense.code == 1);
    CHECK_THAT(nonsense.err.str(), ContainsSubstring("trace', line 2: no record of a trace"));
}
