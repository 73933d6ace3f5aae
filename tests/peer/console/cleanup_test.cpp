#include "cleanup.hpp"

#include "catch.hpp"
#include "json_lines.hpp"
#include "temp_dir.hpp"

#include <xfsbus/files/fd.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace xfsbus::console;
using Json = nlohmann::json;

namespace fs = std::filesystem;

namespace {

constexpr auto disk_code = 9;

/// A directory with temporary files, as downloads name them.
class Left {
  public:
    fs::path add(std::string const& prefix, char digit = '0') const {
        auto const path = directory / prefix / name(digit);
        fs::create_directories(path.parent_path());
        std::ofstream(path) << std::string(5000, 'x');
        return path;
    }

    static std::string name(char digit) {
        return ".xfs-" + std::string(16, digit) + "-0123456789abcdef.part";
    }

    int run(Cleanup cleanup = {}) {
        cleanup.directory = directory;
        return clean_up(cleanup, out, err);
    }

    [[nodiscard]] std::vector<Json> events() const { return xfsbus::test::objects_in(out); }

    std::ostringstream out;
    std::ostringstream err;
    xfsbus::test::TempDir temp;
    fs::path directory = temp.path();
};

/// As a download holds its part.
class Held {
  public:
    explicit Held(fs::path const& part) : fd_(::open(part.c_str(), O_RDWR | O_CLOEXEC)) {
        REQUIRE(::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0);
    }

  private:
    xfsbus::files::Fd fd_;
};

}  // namespace

TEST_CASE("Where nothing is left, a script reads nothing and people are told so") {
    Left left;
    CHECK(left.run() == 0);
    CHECK(left.out.str().empty());
    CHECK(left.run({.terminal = true}) == 0);
    CHECK(left.out.str() == "nothing is left of unfinished downloads\n");
    CHECK(left.run({.remove = true}) == 0);
    CHECK_THAT(left.out.str(), ContainsSubstring("nothing to remove\n"));
    CHECK(left.err.str().empty());
}

TEST_CASE("A script reads a row for each leftover, in bytes and seconds") {
    Left left;
    auto const path = left.add("a b");
    CHECK(left.run() == 0);
    std::istringstream row(left.out.str());
    std::uint64_t bytes = 0;
    std::string here;
    unsigned age = 1000;
    std::string state;
    REQUIRE(row >> bytes >> here >> age >> state);
    CHECK(bytes >= 4096);
    CHECK(here == "-");
    CHECK(age < 60);
    CHECK(state == "left");
    CHECK_THAT(left.out.str(), ContainsSubstring(" a b/" + Left::name('0') + " -\n"));
    CHECK(fs::exists(path));
}

TEST_CASE("People read sizes and ages with their units, under a header") {
    Left left;
    left.add("");
    Held const held(left.add("sub", '1'));
    CHECK(left.run({.terminal = true}) == 0);
    CHECK_THAT(left.out.str(), ContainsSubstring("SIZE") && ContainsSubstring(" KiB  -") &&
                                   ContainsSubstring("s   left    .xfs-") &&
                                   ContainsSubstring("s   in-use  sub/"));
    CHECK(std::ranges::count(left.out.str(), '\n') == 3);
}

TEST_CASE("With --json each leftover is an event, and says whether it was removed") {
    Left left;
    auto const path = left.add("sub");
    CHECK(left.run({.json = true}) == 0);
    CHECK(left.run({.remove = true, .json = true}) == 0);
    auto const events = left.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].at("event") == "leftover");
    CHECK(events[0].at("path") == "sub/" + Left::name('0'));
    CHECK(events[0].at("name") == "");
    CHECK(events[0].at("bytes") >= 4096);
    CHECK(events[0].at("chunks_here") == 0);
    CHECK(events[0].at("chunks") == 0);
    CHECK(events[0].at("age_seconds") < 60);
    CHECK(events[0].at("in_use") == false);
    CHECK(events[0].at("removed") == false);
    CHECK(events[1].at("removed") == true);
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("What is younger than it has to be is neither listed nor removed") {
    Left left;
    auto const path = left.add("");
    using std::chrono::hours;
    CHECK(left.run({.older = hours(1)}) == 0);
    CHECK(left.run({.older = hours(1), .json = true}) == 0);
    CHECK(left.out.str().empty());
    CHECK(left.run({.older = hours(1), .remove = true}) == 0);
    CHECK(left.out.str() == "nothing to remove\n");
    CHECK(fs::exists(path));
}

TEST_CASE("What a download uses is kept and named, and that is no failure") {
    Left left;
    auto const used = left.add("", '1');
    auto const unused = left.add("", '2');
    Held const held(used);
    CHECK(left.run({.remove = true}) == 0);
    CHECK_THAT(left.out.str(), ContainsSubstring("kept, in use: " + Left::name('1')) &&
                                   ContainsSubstring("removed " + Left::name('2')));
    CHECK(fs::exists(used));
    CHECK_FALSE(fs::exists(unused));
    CHECK(left.err.str().empty());
}

TEST_CASE("What cannot be removed is told, and the others are removed") {
    Left left;
    left.add("", '1');
    auto const stuck = left.add("", '2');
    // Its claim, a directory, cannot be unlinked, not even by root; so the part stays.
    fs::create_directory(fs::path(stuck).replace_extension(".claim"));
    CHECK(left.run({.remove = true}) == disk_code);
    CHECK_THAT(left.out.str(), ContainsSubstring("removed " + Left::name('1')));
    CHECK_THAT(left.err.str(), ContainsSubstring(Left::name('2')));
    CHECK(fs::exists(stuck));
    left.out.str("");
    CHECK(left.run({.remove = true, .json = true}) == disk_code);
    REQUIRE(left.events().size() == 1);
    CHECK(left.events()[0].at("removed") == false);
    CHECK(left.events()[0].at("code") == disk_code);
    CHECK_THAT(left.events()[0].at("error").get<std::string>(), ContainsSubstring(Left::name('2')));
}

TEST_CASE("A directory that is not there is told") {
    Left left;
    left.directory /= "nowhere";
    CHECK(left.run() == disk_code);
    CHECK_THAT(left.err.str(), ContainsSubstring("nowhere"));
    CHECK(left.run({.json = true}) == disk_code);
    REQUIRE(left.events().size() == 1);
    CHECK(left.events()[0].at("event") == "error");
    CHECK(left.events()[0].at("code") == disk_code);
}

TEST_CASE("Names are shown so that they cannot paint the terminal") {
    Left left;
    left.add("\x1b[31mred");
    CHECK(left.run({.terminal = true}) == 0);
    CHECK(left.run({.remove = true}) == 0);
    CHECK(left.out.str().find('\x1b') == std::string::npos);
}
