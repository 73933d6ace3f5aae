// Letters that toml++ must not see.
#include "experiment/letters.hpp"

#include "catch.hpp"
#include "experiment/parse.hpp"

#include <string>

using namespace xfsbus;
using namespace xfsbus::lab::experiment;

namespace {

std::string const letter = "\xC3\xA4";

}  // namespace

TEST_CASE("letters that are not ASCII stand in quotes and comments alone") {
    for (std::string const& right :
         {std::string(), "a = 1 # " + letter + "\n", "a = \"" + letter + "\"",
          "a = '" + letter + "'", std::string("\xEF\xBB\xBF") + "a = 1",
          "a = \"\\\"" + letter + "\"", "a = \"\"\"\n\"" + letter + "\n\"\"\"",
          "a = '''\n'" + letter + "'''", "a = \"\"\"\\\"\"\"" + letter + "\"\"\"\" # " + letter}) {
        INFO(right);
        CHECK_FALSE(line_of_strange_letter(right));
    }
    CHECK(line_of_strange_letter(letter) == 1U);
    CHECK(line_of_strange_letter("a = 1\nb = \xCC\xA2") == 2U);
    CHECK(line_of_strange_letter("a = \"\"\n" + letter) == 2U);
    CHECK(line_of_strange_letter("a = '\\'" + letter) == 1U);
    CHECK(line_of_strange_letter("a = \"\"\"\n\n\"\"\"\"\"" + letter) == 3U);
    CHECK(line_of_strange_letter("# " + letter + "\n\n" + letter) == 3U);
    CHECK(line_of_strange_letter("a = 1b\"c" + letter) == 1U);
    CHECK(line_of_strange_letter("a = \"b\"\"" + letter) == 1U);
    // A text that does not end in its line is wrong anyway.
    CHECK_FALSE(line_of_strange_letter("a = \"b\n" + letter));
}

TEST_CASE("an experiment with a letter outside of quotes is refused with its line") {
    auto const read = parse("name = \"n\"\nx = [1, \xCC\xA2]\n", "x.toml");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::usage);
    CHECK_THAT(read.error().message,
               ContainsSubstring("x.toml:2: is no TOML: only texts in quotes and comments have "
                                 "other letters"));
}
