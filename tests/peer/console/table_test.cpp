#include "table.hpp"

#include "catch.hpp"

using namespace xfsbus::console;

TEST_CASE("The columns of an aligned table begin at the same place in every row") {
    CHECK(aligned({{"IP", "STATE", "X"}, {"10.0.0.1", "up", "y"}}) ==
          "IP        STATE  X\n"
          "10.0.0.1  up     y\n");
    CHECK(aligned({{"a", "b"}, {"aa", "b"}}, "    ") == "    a   b\n    aa  b\n");
}

TEST_CASE("A column is as wide as it looks, not as many bytes as it has") {
    CHECK(aligned({{"grüße", "1"}, {"x", "2"}}) == "grüße  1\nx      2\n");
}

TEST_CASE("No line of a table ends in blanks, also where rows differ in length") {
    CHECK(aligned({{"a", "a reason"}, {"b"}}) == "a  a reason\nb\n");
}

TEST_CASE("A divided table has one blank between words") {
    CHECK(divided({{"a", "bb"}, {"cccc", "d", "e f"}}) == "a bb\ncccc d e f\n");
    CHECK(divided({}).empty());
}
