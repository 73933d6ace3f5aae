#include "catch.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstddef>
#include <string>
#include <vector>

using namespace xfsbus::wire;

namespace {

std::string parts(std::size_t count) {
    std::string name = "p";
    for (std::size_t i = 1; i < count; ++i) {
        name += "/p";
    }
    return name;
}

/// A valid name of exactly this many bytes.
std::string name_of(std::size_t bytes) {
    std::string name;
    while (bytes - name.size() > 200) {
        name += std::string(199, 'n') + "/";
    }
    return name + std::string(bytes - name.size(), 'n');
}

/// A text of bytes that a literal could not end, or that hold a zero.
template <std::size_t N>
std::string text(char const (&literal)[N]) {
    return {literal, N - 1};
}

std::vector<std::string> good_names() {
    return {
        "a",
        "a.txt",
        "dir/file",
        "a/b/c/d/e",
        ".hidden",
        ".xfs",
        ".xfs_",
        ".XFS-tmp",
        "x.xfs-tmp",
        "...",
        "..a",
        "a..",
        "a/...",
        "a/..b/c",
        " ",
        " leading and trailing ",
        "with space",
        "-rf",
        "--help",
        "~",
        "$HOME",
        "a\\b",
        "..\\a",
        "C:",
        "C:\\x",
        "a:b",
        "*",
        "a?b[c]",
        "\"quoted\"",
        "'",
        "`id`",
        "a;b|c&d",
        "CON",
        "a.",
        "\xC3\xA4",
        "\xC2\xA0",
        "e\xCC\x81",
        "\xC3\xA9",
        "\xE2\x82\xAC",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBD",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF0\x9F\x98\x80",
        "\xF4\x8F\xBF\xBF",
        "\xE2\x80\xAE"
        "reversed",
        std::string(limits::name_part_bytes, 'n'),
        "a/" + std::string(limits::name_part_bytes, 'n') + "/b",
        parts(limits::name_depth),
        name_of(limits::name_bytes),
    };
}

std::vector<std::string> bad_names() {
    return {
        "",
        "/",
        "//",
        "/a",
        "a/",
        "a//b",
        "/etc/passwd",
        ".",
        "..",
        "./a",
        "../a",
        "a/.",
        "a/..",
        "a/./b",
        "a/../b",
        "../../etc/passwd",
        "a/b/../../../c",
        ".xfs-",
        ".xfs-part",
        "a/.xfs-part",
        ".xfs-tmp/a",
        text("a\0b"),
        text("\0"),
        text("a.txt\0.jpg"),
        "\x01",
        "a\nb",
        "a\rb",
        "a\tb",
        "\x1B[31m",
        "a\x7F",
        "\xC2\x80",
        "\xC2\x9B"
        "31m",
        "\xC2\x9F",
        "\x80",
        "\xBF",
        "a\xFF",
        "\xFE",
        "\xC0\xAF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\xAF",
        "\xE0\x9F\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x80\x80\xAF",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x9F\x98",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80",
        std::string(limits::name_part_bytes + 1, 'n'),
        "a/" + std::string(limits::name_part_bytes + 1, 'n'),
        parts(limits::name_depth + 1),
        name_of(limits::name_bytes + 1),
    };
}

}  // namespace

TEST_CASE("names that stay inside the shared directory are accepted byte for byte") {
    for (auto const& name : good_names()) {
        INFO(escape(name));
        CHECK(name_problem(name) == std::nullopt);
    }
}

TEST_CASE("names that could leave the directory or deceive a program are refused with a reason") {
    for (auto const& name : bad_names()) {
        INFO(escape(name));
        auto const problem = name_problem(name);
        REQUIRE(problem.has_value());
        CHECK_FALSE(problem->empty());
        CHECK(escape(*problem) == *problem);
    }
}

TEST_CASE("every byte of the control range is refused alone and within a name") {
    for (int byte = 0; byte < 0x20; ++byte) {
        std::string const c(1, static_cast<char>(byte));
        CHECK(name_problem(c).has_value());
        CHECK(name_problem("a" + c + "b").has_value());
    }
}

TEST_CASE("UTF-8 is valid only in its shortest form and within Unicode") {
    for (auto const& name : good_names()) {
        CHECK(valid_utf8(name));
    }
    for (auto const* bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xC3",
          "\xC3\xA4\xA4", "\xE2\x82\xE2", "\xF0\x9F\x98"}) {
        CHECK_FALSE(valid_utf8(bad));
    }
    CHECK(valid_utf8(""));
    CHECK(valid_utf8(text("\0")));
}

TEST_CASE("a text is escaped so that it can neither drive a terminal nor forge a line") {
    struct Case {
        std::string raw;
        std::string shown;
    };

    std::vector<Case> const cases = {
        {"", ""},
        {"plain text.txt", "plain text.txt"},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"a\\b", "a\\\\b"},
        {"\\x0a", "\\\\x0a"},
        {"a\nb", "a\\x0ab"},
        {"\r", "\\x0d"},
        {"\x1B[2J", "\\x1b[2J"},
        {text("\0"), "\\x00"},
        {"\x7F", "\\x7f"},
        {"\xC2\x9B", "\\xc2\\x9b"},
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xD8\x9C", "\\xd8\\x9c"},
        {"\xE2\x80\xAE", "\\xe2\\x80\\xae"},
        {"\xE2\x80\x8B", "\\xe2\\x80\\x8b"},
        {"\xE2\x80\xA8", "\\xe2\\x80\\xa8"},
        {"\xE2\x81\xA6", "\\xe2\\x81\\xa6"},
        {"\xEF\xBB\xBF", "\\xef\\xbb\\xbf"},
        {"\xE2\x80\x90", "\xE2\x80\x90"},
        {"\xFF"
         "a",
         "\\xffa"},
        {"\xC3(", "\\xc3("},
        {"\xE2\x82", "\\xe2\\x82"},
        {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
    };
    for (auto const& [raw, shown] : cases) {
        CHECK(escape(raw) == shown);
    }
}

TEST_CASE("whatever is escaped is valid UTF-8 without control characters") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            std::string const raw = {static_cast<char>(first), static_cast<char>(second)};
            auto const shown = escape(raw);
            bool const clean =
                valid_utf8(shown) && shown.find_first_of("\n\r\x1B\x7F") == shown.npos;
            if (!clean) {
                FAIL(first << ' ' << second);
            }
        }
    }
}
