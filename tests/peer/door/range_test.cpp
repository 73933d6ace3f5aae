#include "range.hpp"

#include "catch.hpp"

#include <string>

using namespace xfsbus::door;

namespace {

/// "whole", "none", or "begin-end".
std::string meaning(std::string const& range, std::uint64_t size = 100) {
    auto const part = part_of(range, size);
    if (auto const* some = std::get_if<Part>(&part)) {
        return std::to_string(some->begin) + "-" + std::to_string(some->end);
    }
    return std::holds_alternative<Whole>(part) ? "whole" : "none";
}

}  // namespace

TEST_CASE("One range of bytes is served, as far as the file goes") {
    CHECK(meaning("bytes=0-0") == "0-1");
    CHECK(meaning("bytes=10-19") == "10-20");
    CHECK(meaning("bytes=10-") == "10-100");
    CHECK(meaning("bytes= 10-19 ") == "10-20");
    CHECK(meaning("bytes=10-1000") == "10-100");
    CHECK(meaning("bytes=10-99999999999999999999999999") == "10-100");
    CHECK(meaning("bytes=-1") == "99-100");
    CHECK(meaning("bytes=-1000") == "0-100");
    CHECK(meaning("bytes=-99999999999999999999999999") == "0-100");
}

TEST_CASE("A range of which the file has nothing cannot be satisfied") {
    CHECK(meaning("bytes=100-") == "none");
    CHECK(meaning("bytes=100-200") == "none");
    CHECK(meaning("bytes=99999999999999999999999999-") == "none");
    CHECK(meaning("bytes=-0") == "none");
    CHECK(meaning("bytes=0-", 0) == "none");
    CHECK(meaning("bytes=-5", 0) == "none");
}

TEST_CASE("Several ranges, other units, and what is no range mean the whole file") {
    for (auto const* range :
         {"bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1",
          "bytes=+1-2", "bytes=1-2x", "bytes=--2", "bytes 0-1", "", "BYTES"}) {
        INFO(range);
        CHECK(meaning(range) == "whole");
    }
}

TEST_CASE("An entity tag is found in a list, weak ones only where that is enough") {
    CHECK(names_tag("\"a\"", "\"a\"", false));
    CHECK(names_tag("\"b\", \"a\"", "\"a\"", false));
    CHECK(names_tag("*", "\"a\"", false));
    CHECK(names_tag("W/\"a\"", "\"a\"", true));
    CHECK_FALSE(names_tag("W/\"a\"", "\"a\"", false));
    CHECK_FALSE(names_tag("a", "\"a\"", true));
    CHECK_FALSE(names_tag("", "\"a\"", true));
    CHECK_FALSE(names_tag(",,", "\"a\"", true));
}
