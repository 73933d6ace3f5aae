#include "words.hpp"

#include "catch.hpp"

using xfsbus::console::quote_word;
using xfsbus::console::split_words;
using Words = std::vector<std::string>;

namespace {

Words split(std::string_view line) {
    return split_words(line).value();
}

}  // namespace

TEST_CASE("A command line is divided at blanks") {
    CHECK(split("find a.txt") == Words{"find", "a.txt"});
    CHECK(split("  find \t a.txt  ") == Words{"find", "a.txt"});
    CHECK(split("").empty());
    CHECK(split(" \t ").empty());
}

TEST_CASE("Quotes keep blanks, and an empty word, together") {
    CHECK(split("find 'with blanks.txt'") == Words{"find", "with blanks.txt"});
    CHECK(split("find \"it's\"") == Words{"find", "it's"});
    CHECK(split("a''b ''") == Words{"ab", ""});
    CHECK(split("pre'fix 'post") == Words{"prefix post"});
}

TEST_CASE("A backslash takes the next character as it is") {
    CHECK(split("a\\ b") == Words{"a b"});
    CHECK(split("'a\\b'") == Words{"a\\b"});
    CHECK(split("\"a\\\"b\\\\c\\d\"") == Words{"a\"b\\c\\d"});
    CHECK(split("end\\") == Words{"end\\"});
}

TEST_CASE("Patterns are left as they are") {
    CHECK(split("download 'dir/*' [a-z]?") == Words{"download", "dir/*", "[a-z]?"});
}

TEST_CASE("An open quote is refused") {
    CHECK(split_words("find 'a").error().code == xfsbus::Errc::usage);
    CHECK(split_words("find \"a").error().message.find('"') != std::string::npos);
}

TEST_CASE("A quoted word is split into itself") {
    for (std::string const text : {"plain", "with blank", "it's", "a\"b", "back\\slash", "", "'",
                                   "tab\there", "ü", "*?[x]"}) {
        CHECK(split(quote_word(text)) == Words{text});
    }
}
