#include "terminal_text.hpp"

#include "catch.hpp"

using namespace xfsbus::console;

TEST_CASE("A character takes one column, a wide one two, a mark over another none") {
    CHECK(columns_of("") == 0);
    CHECK(columns_of("model.bin") == 9);
    CHECK(columns_of("grüße") == 5);
    CHECK(columns_of("数据") == 4);
    CHECK(columns_of("e\u0301") == 1);
    CHECK(columns_of("\U0001F600") == 2);
}

TEST_CASE("A text that fits is kept as it is") {
    CHECK(keep_begin("name", 4) == "name");
    CHECK(keep_end("name", 4) == "name");
    CHECK(keep_end("数据", 4) == "数据");
}

TEST_CASE("Of a text that is too long the beginning or the end is kept, with dots for the rest") {
    CHECK(keep_begin("0123456789", 7) == "0123...");
    CHECK(keep_end("0123456789", 7) == "...6789");
    CHECK(keep_begin("0123456789", 3) == "...");
    CHECK(keep_end("0123456789", 2) == "..");
    CHECK(keep_end("0123456789", 0).empty());
}

TEST_CASE("A wide character that would be cut in two is left out") {
    CHECK(keep_begin("数据数据", 6) == "数...");
    CHECK(keep_begin("数据数据", 7) == "数据...");
    CHECK(keep_end("数据数据", 6) == "...据");
}

TEST_CASE("A cut text is never wider than asked, whatever it is made of") {
    std::string const text = "a/ü数据e\u0301\U0001F600 and so on.bin";
    for (std::size_t columns = 0; columns < 40; ++columns) {
        CHECK(columns_of(keep_begin(text, columns)) <= columns);
        CHECK(columns_of(keep_end(text, columns)) <= columns);
    }
}

TEST_CASE("Padding fills up columns, not bytes, and never cuts") {
    CHECK(pad_right("ü", 3) == "ü  ");
    CHECK(pad_left("数", 3) == " 数");
    CHECK(pad_right("long", 2) == "long");
    CHECK(pad_left("long", 2) == "long");
}
