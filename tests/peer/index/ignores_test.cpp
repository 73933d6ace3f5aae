#include "index/ignores.hpp"

#include "catch.hpp"

#include <string>
#include <vector>

using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using Lines = std::vector<std::string>;

namespace {

bool ignores(std::string const& pattern, std::string const& name) {
    return Ignores({pattern}, false).covers(name);
}

}  // namespace

TEST_CASE("A pattern is matched against the whole name and against each part of it") {
    CHECK(ignores("build", "build"));
    CHECK(ignores("build", "a/build"));
    CHECK(ignores("build", "a/build/b/c"));
    CHECK_FALSE(ignores("build", "a/builder"));
    CHECK_FALSE(ignores("build", "rebuild/a"));
    CHECK(ignores("a/b", "a/b"));
    CHECK(ignores("a/b", "a/b/c"));
    CHECK_FALSE(ignores("a/b", "x/a/b"));
    CHECK_FALSE(ignores("a/b", "a/bc"));
}

TEST_CASE("A pattern may have stars, sets and the like") {
    CHECK(ignores("*.o", "a/b.o"));
    CHECK(ignores("*.o", ".o"));
    CHECK(ignores("*.o", "dir.o/file"));
    CHECK_FALSE(ignores("*.o", "a/b.obj"));
    CHECK(ignores("tmp*", "a/tmp1/b"));
    CHECK_FALSE(ignores("tmp*", "a/atmp"));
    CHECK(ignores("a/*/c", "a/b/c/d"));
    CHECK_FALSE(ignores("a/*/c", "a/b/b/c"));
    CHECK(ignores("a/**/c", "a/b/b/c"));
    CHECK(ignores("**secret", "a/b/my secret"));
    CHECK(ignores("[ab]?", "x/a1"));
    CHECK_FALSE(ignores("[ab]?", "x/c1"));
    CHECK(ignores("\\*", "*"));
    CHECK_FALSE(ignores("\\*", "a"));
}

TEST_CASE(
    "A slash at the begin of a pattern is the top of the share, one at its end says nothing") {
    CHECK(ignores("/build", "build/a"));
    CHECK_FALSE(ignores("/build", "a/build"));
    CHECK(ignores("/*.o", "a.o"));
    CHECK_FALSE(ignores("/*.o", "a/a.o"));
    CHECK(ignores("build/", "a/build/b"));
    CHECK(ignores("/a/b/", "a/b"));
}

TEST_CASE("What nearly nobody wants to share is left out, unless it is wanted") {
    Ignores const usual({}, true);
    Ignores const none({}, false);
    for (std::string const name :
         {".git/config", "a/.git", ".svn/x", ".hg/x", ".DS_Store", "a/Thumbs.db", "desktop.ini",
          "a/.file.swp", "file~", ".#file", "#file#", "lost+found/x", ".xfsignore", "a/.nfs0001",
          ".Trash-1000/files/x"}) {
        INFO(name);
        CHECK(usual.covers(name));
        CHECK_FALSE(none.covers(name));
    }
    for (std::string const name : {"git", ".gitignore", ".hidden", "a~b", "#a", "swp", "Trash"}) {
        INFO(name);
        CHECK_FALSE(usual.covers(name));
    }
}

TEST_CASE("A file of patterns has one a line, comments, and blanks that mean nothing") {
    Ignores ignores({"given"}, false);
    CHECK(ignores.take_lines("# a comment\n\n  one \r\n\t*.two\n\\#three\nfour").empty());
    for (auto const* name : {"given", "one", "x.two", "#three", "four"}) {
        CHECK(ignores.covers(name));
    }
    CHECK_FALSE(ignores.covers("# a comment"));
    CHECK(ignores.take_lines("other").empty());
    CHECK_FALSE(ignores.covers("one"));
    CHECK(ignores.covers("other"));
    CHECK(ignores.covers("given"));
}

TEST_CASE("Lines that mean nothing here are told by their number, and the others are taken") {
    Ignores ignores({}, false);
    auto const problems = ignores.take_lines("one\n!two\n" + std::string(257, 'x') + "\nfour\n");
    REQUIRE(problems.size() == 2);
    CHECK_THAT(problems[0], ContainsSubstring("line 2 of '.xfsignore' is left out: it begins"));
    CHECK_THAT(problems[1], ContainsSubstring("line 3 of '.xfsignore' is left out: it is longer"));
    CHECK(ignores.covers("one"));
    CHECK(ignores.covers("four"));
    CHECK_FALSE(ignores.covers("!two"));
    CHECK(Ignores::problem_of(" ").has_value());
    CHECK_FALSE(Ignores::problem_of(std::string(256, 'x')).has_value());
    CHECK_FALSE(Ignores::problem_of("\\!two").has_value());
}
