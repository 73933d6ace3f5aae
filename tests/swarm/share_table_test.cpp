#include "catch.hpp"

#include <xfsbus/swarm/share_table.hpp>

#include <random>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

wire::ContentId content_numbered(std::uint8_t number) {
    wire::ContentId id;
    id.bytes[31] = number;
    return id;
}

IndexedFile file(std::string name, std::uint8_t number) {
    return {std::move(name), content_numbered(number), nullptr, {number, 0, 0}};
}

std::vector<std::string> names(std::vector<wire::FileEntry> const& entries) {
    std::vector<std::string> names;
    for (auto const& entry : entries) {
        names.push_back(entry.name);
    }
    return names;
}

}  // namespace

TEST_CASE("a file is found by its name and by its content") {
    ShareTable table;
    table.put(file("a", 1));
    REQUIRE(table.by_name("a") != nullptr);
    CHECK(table.by_name("a")->content == content_numbered(1));
    REQUIRE(table.by_content(content_numbered(1)) != nullptr);
    CHECK(table.by_content(content_numbered(1))->name == "a");
    CHECK(table.by_name("b") == nullptr);
    CHECK(table.by_content(content_numbered(2)) == nullptr);
}

TEST_CASE("a name has one content: a new one replaces the old") {
    ShareTable table;
    table.put(file("a", 1));
    table.put(file("a", 2));
    CHECK(table.size() == 1);
    CHECK(table.by_content(content_numbered(1)) == nullptr);
    CHECK(table.by_content(content_numbered(2))->name == "a");
}

TEST_CASE("a content is found as long as one file has it") {
    ShareTable table;
    table.put(file("a", 1));
    table.put(file("b", 1));
    CHECK(table.remove("a"));
    CHECK_FALSE(table.remove("a"));
    REQUIRE(table.by_content(content_numbered(1)) != nullptr);
    CHECK(table.by_content(content_numbered(1))->name == "b");
    CHECK(table.remove("b"));
    CHECK(table.by_content(content_numbered(1)) == nullptr);
    CHECK(table.size() == 0);
}

TEST_CASE("the files after a name come in the order of names, so many at most") {
    ShareTable table;
    for (auto const* name : {"b", "a", "d/x", "c", "\xc3\xa4", "Z"}) {
        table.put(file(name, 1));
    }
    CHECK(names(table.after("", 10)) ==
          std::vector<std::string>{"Z", "a", "b", "c", "d/x", "\xc3\xa4"});
    CHECK(names(table.after("a", 2)) == std::vector<std::string>{"b", "c"});
    CHECK(names(table.after("aa", 1)) == std::vector<std::string>{"b"});
    CHECK(table.after("\xc3\xa4", 10).empty());
    CHECK(table.after("", 0).empty());
}

TEST_CASE("an entry says what the tracker has to know") {
    CHECK(entry_of(file("a", 3)) ==
          wire::FileEntry{"a", content_numbered(3), 3, wire::complete_ppm});
}

TEST_CASE("a hundred thousand files of one content come and go in no time") {
    ShareTable table;
    for (int i = 0; i < 100'000; ++i) {
        table.put(file(std::to_string(i), 1));
    }
    for (int i = 0; i < 100'000; ++i) {
        REQUIRE(table.by_content(content_numbered(1)) != nullptr);
        table.remove(std::to_string(i));
    }
    CHECK(table.size() == 0);
}

TEST_CASE("whatever comes and goes, names and contents agree") {
    std::mt19937 random(1);
    ShareTable table;
    std::map<std::string, std::uint8_t> model;
    for (int step = 0; step < 5000; ++step) {
        std::string const name(1, static_cast<char>('a' + random() % 10));
        if (random() % 3 == 0) {
            CHECK(table.remove(name) == (model.erase(name) > 0));
        } else {
            auto const number = static_cast<std::uint8_t>(random() % 4);
            table.put(file(name, number));
            model[name] = number;
        }
        REQUIRE(table.size() == model.size());
        for (std::uint8_t number = 0; number < 4; ++number) {
            auto const* found = table.by_content(content_numbered(number));
            bool const known = std::any_of(model.begin(), model.end(), [&](auto const& entry) {
                return entry.second == number;
            });
            REQUIRE((found != nullptr) == known);
            REQUIRE((!known || model.at(found->name) == number));
        }
    }
}
