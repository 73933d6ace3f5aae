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
