#include "catch.hpp"
#include "temp_dir.hpp"

#include <xfsbus/program/config.hpp>

#include <fstream>
#include <string>

using namespace xfsbus;
using namespace xfsbus::program;

namespace {

Result<std::vector<ConfigLine>> read(std::string const& text) {
    test::TempDir const directory;
    auto const file = directory.path() / "some.conf";
    std::ofstream(file, std::ios::binary) << text;
    return read_config(file);
}

}  // namespace

TEST_CASE("A line is an option and the rest of the line, without the blanks around them") {
    CHECK(read("a=1\n b-c =\tx, y = z # no comment \r\nd=\ne").value() ==
          std::vector<ConfigLine>{{"a", "1", 1},
                                  {"b-c", "x, y = z # no comment", 2},
                                  {"d", "", 3},
                                  {"e", std::nullopt, 4}});
}

TEST_CASE("A pair of quotes around the whole value is taken off") {
    auto const lines =
        read("a=\" x \"\nb=' y '\nc='it' and 'that'\nd=\"\"\ne=\"\nf='don't'\n").value();
    std::vector<std::string> values;
    for (auto const& line : lines) {
        values.push_back(line.value.value());
    }
    CHECK(values == std::vector<std::string>{" x ", " y ", "'it' and 'that'", "", "\"", "'don't'"});
}

TEST_CASE("Comments and empty lines are left out, and counted") {
    CHECK(read("").value().empty());
    CHECK(read("# a=1\n\n  ; b=2\n \t\r\nc=3\n").value() == std::vector<ConfigLine>{{"c", "3", 5}});
}

TEST_CASE("A line that names no option is refused, with its number") {
    for (std::string const line : {"=1", "two words=1", "[section]", "some text"}) {
        auto const refused = read("a=1\n\n" + line + "\nb=2");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::usage);
        CHECK_THAT(refused.error().message, ContainsSubstring("some.conf:3: '" + line + "'"));
    }
}

TEST_CASE("A long file is read to its end") {
    std::string text;
    for (int i = 0; i < 5'000; ++i) {
        text += "option=" + std::to_string(i) + "\n";
    }
    auto const lines = read(text).value();
    REQUIRE(lines.size() == 5'000);
    CHECK(lines.back() == ConfigLine{"option", "4999", 5'000});
}
