#include "catch.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>

#include <string>
#include <vector>

using namespace xfsbus::wire;

namespace {

struct Case {
    std::string pattern;
    std::string name;
    bool matches;
};

std::string repeated(std::string const& text, std::size_t bytes) {
    std::string out;
    while (out.size() + text.size() <= bytes) {
        out += text;
    }
    return out;
}

}  // namespace

TEST_CASE("a pattern matches the names it describes and no others") {
    std::vector<Case> const cases = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "", false},
        {"a", "b", false},
        {"a", "ab", false},
        {"a/b", "a/b", true},
        {"*", "", true},
        {"*", "abc", true},
        {"*", "a/b", false},
        {"*", ".hidden", true},
        {"*.txt", "a.txt", true},
        {"*.txt", ".txt", true},
        {"*.txt", "a.txt.gz", false},
        {"*.txt", "d/a.txt", false},
        {"a*", "a", true},
        {"a*b*c", "abc", true},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXbY", false},
        {"a*b*c", "abcbc", true},
        {"*/*", "a/b", true},
        {"*/*", "a", false},
        {"*/*", "a/b/c", false},
        {"*/b", "/b", true},
        {"**", "", true},
        {"**", "a/b/c", true},
        {"**/c", "a/b/c", true},
        {"**/c", "c", false},
        {"**c", "a/b/c", true},
        {"a/**", "a/b/c", true},
        {"a/**", "a/", true},
        {"a/**", "a", false},
        {"a/**/z", "a/b/z", true},
        {"a/**/z", "a/z", false},
        {"a**z", "a/b/cz", true},
        {"***", "a/b", true},
        {"a***b", "a/x/b", true},
        {"**/*.txt", "a/b/c.txt", true},
        {"**/*.txt", "a/b/c.txt/d", false},
        {"?", "a", true},
        {"?", "", false},
        {"?", "/", false},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"??*", "a", false},
        {"??*", "ab", true},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]", "b", true},
        {"[a-c]", "d", false},
        {"[a-cx-z]", "y", true},
        {"[c-a]", "b", false},
        {"[!a]", "b", true},
        {"[!a]", "a", false},
        {"[^a]", "b", true},
        {"[^a]", "a", false},
        {"[!a]", "/", false},
        {"[/]", "/", false},
        {"[.-0]", "/", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[!]]", "a", true},
        {"[]a]", "a", true},
        {"[-a]", "-", true},
        {"[a-]", "-", true},
        {"[a-]", "a", true},
        {"[*]", "*", true},
        {"[*]", "a", false},
        {"[?]", "?", true},
        {"[[]", "[", true},
        {"[\\]", "\\", true},
        {"[", "[", true},
        {"[a", "[a", true},
        {"[a", "a", false},
        {"[]", "[]", true},
        {"[!", "[!", true},
        {"a[", "a[", true},
        {"[a][", "a[", true},
        {"[ab]*[yz]", "a-middle-z", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\a", "a", true},
        {"\\\\", "\\", true},
        {"\\", "\\", true},
        {"\\[a]", "[a]", true},
        {"\\**", "*abc", true},
        {"\\**", "*a/b", false},
        {"a\\?", "a?", true},
        {"\xC3\xA4*", "\xC3\xA4.txt", true},
        {"?", "\xC3\xA4", true},
        {"??", "\xC3\xA4", false},
        {"caf?", "caf\xC3\xA9", true},
        {"?", "\xF0\x9F\x98\x80", true},
        {"[\xC3\xA4\xC3\xB6]", "\xC3\xB6", true},
        {"[\xC3\xA4\xC3\xB6]", "\xC3\xBC", false},
        {"[\xC3\xA0-\xC3\xBC]", "\xC3\xA9", true},
        {"[!a]", "\xC3\xA4", true},
        {"[a-z]", "\xC3\xA4", false},
        {"\\\xC3\xA4", "\xC3\xA4", true},
        {"?", "\xFF", true},
        {"\xFF", "\xFF", true},
        {"?", "\xC3", true},
    };
    for (auto const& [pattern, name, matches] : cases) {
        INFO(pattern << " against " << name);
        CHECK(glob_match(pattern, name) == matches);
    }
}

TEST_CASE("a pattern longer than allowed matches nothing") {
    std::string const longest(limits::pattern_bytes, '*');
    CHECK(glob_match(longest, "anything"));
    CHECK_FALSE(glob_match(longest + "*", "anything"));
    std::string const literal(limits::pattern_bytes + 1, 'a');
    CHECK_FALSE(glob_match(literal, literal));
}

// A matcher that backtracks would be at these until the end of time, and one that looks
// for the end of each set at every step for a minute.
TEST_CASE("the worst patterns on the longest names return") {
    std::string const name(limits::name_bytes, 'a');
    std::string const brackets(limits::name_bytes, '[');
    for (auto const* element :
         {"*", "**", "*a", "**a", "?", "*?", "[a]", "*[a]", "*[!b]", "a*", "**/", "\\a", "*\\a"}) {
        auto const pattern = repeated(element, limits::pattern_bytes - 1);
        CHECK_FALSE(glob_match(pattern + "b", name));
        glob_match(pattern, name);
    }
    std::string const set = "[" + std::string(limits::pattern_bytes - 4, 'b') + "]*c";
    for (int i = 0; i < 20; ++i) {
        glob_match("*" + std::string(limits::pattern_bytes - 1, '['), brackets);
        glob_match(set, name);
    }
}

TEST_CASE("a text is a pattern if it has a special character") {
    for (auto const* pattern : {"*", "a*", "?", "a[b", "\\", "a/**/b"}) {
        CHECK(is_glob(pattern));
    }
    for (auto const* literal : {"", "a", "a/b.txt", "a]b", "a!b", "a-b", "{a,b}"}) {
        CHECK_FALSE(is_glob(literal));
    }
}

TEST_CASE("every match begins with the pattern's prefix") {
    CHECK(glob_prefix("") == "");
    CHECK(glob_prefix("abc") == "abc");
    CHECK(glob_prefix("dir/a*") == "dir/a");
    CHECK(glob_prefix("a?c") == "a");
    CHECK(glob_prefix("[a]") == "");
    CHECK(glob_prefix("a\\*") == "a");
}
