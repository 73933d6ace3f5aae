// What peers tell of themselves, as it is read.
#include "live/story.hpp"

#include "catch.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::live;
using namespace std::chrono_literals;

namespace {

std::string const progress = R"({"event":"progress","bytes_done":0,"job":1})"
                             "\n";
std::string const some = R"({"event":"progress","bytes_done":500,"job":1})"
                         "\n";
std::string const done_line = R"({"event":"downloaded","size":1000,"ok":true,"job":1,"sources":[)"
                              R"({"peer":"10.77.0.2:7471","bytes":900,"bytes_duplicate":5},)"
                              R"({"peer":"10.77.0.3:7471","bytes":100,"bytes_duplicate":0}]})"
                              "\n";
std::string const failed_line =
    R"({"event":"downloaded","size":1000,"ok":false,"sources":[],"code":3,"error":"nobody\u0007"})"
    "\n";

}  // namespace

TEST_CASE("a download's first chunk and its end are told with the times at which they were read") {
    Story story(1000);
    REQUIRE(story.take(R"({"event":"ready","port":1})"
                       "\n",
                       0s));
    CHECK(story.told().ready);
    CHECK_FALSE(story.told().listed);
    REQUIRE(story.take(R"({"event":"updated"})"
                       "\n",
                       0s));
    CHECK(story.told().listed);
    REQUIRE(story.take(progress, 1s));
    CHECK_FALSE(story.told().first_chunk);
    REQUIRE(story.take(some, 2s));
    REQUIRE(story.take(some, 3s));
    CHECK(story.told().first_chunk == wire::Duration(2s));
    CHECK(story.told().bytes_down == 500);
    CHECK(story.told().quarters.at(1) == wire::Duration(2s));
    CHECK_FALSE(story.told().quarters.at(2));
    CHECK_FALSE(story.told().over());
    REQUIRE(story.take(done_line, 4s));
    CHECK(story.told().over());
    CHECK(story.told().completed == wire::Duration(4s));
    CHECK(story.told().bytes_down == 1000);
    CHECK(story.told().quarters.at(2) == wire::Duration(4s));
    auto const& stored = story.told().stored;
    CHECK(stored.step() == wire::Duration(640ms));
    CHECK(stored.bytes() == std::vector<std::uint64_t>{0, 0, 0, 500, 0, 0, 500});
    CHECK(story.told().received.at("10.77.0.2:7471").bytes == 900);
    CHECK(story.told().received.at("10.77.0.2:7471").duplicate == 5);
}

TEST_CASE("a line counts when it is whole") {
    Story story(1000);
    REQUIRE(story.take(done_line.substr(0, 30), 1s));
    CHECK_FALSE(story.told().completed);
    REQUIRE(story.take(done_line.substr(30), 2s));
    CHECK(story.told().completed == wire::Duration(2s));
    CHECK(story.told().first_chunk == wire::Duration(2s));
}

TEST_CASE("a download that fails says why, escaped, and has no end") {
    Story story(1000);
    REQUIRE(story.take(failed_line, 1s));
    CHECK(story.told().over());
    CHECK_FALSE(story.told().completed);
    CHECK(story.told().failure == "nobody\\x07");
    Story other(1000);
    REQUIRE(other.take(R"({"event":"error","command":"download","code":2,"message":"no"})"
                       "\n",
                       1s));
    CHECK(other.told().failure == "no");
}

TEST_CASE("a status tells what was sent, and what a download has had so far") {
    Story story(1000);
    REQUIRE(story.take(R"({"event":"status","bytes_sent":77,"downloading":[{"bytes_done":9,)"
                       R"("sources":[{"peer":"a:1","bytes":9,"bytes_duplicate":0}]}]})"
                       "\n",
                       1s));
    CHECK(story.told().answers == 1);
    CHECK(story.told().bytes_sent == 77U);
    CHECK(story.told().bytes_down == 9);
    CHECK(story.told().received.at("a:1").bytes == 9);
}

TEST_CASE("a policy that fails makes the run fail") {
    Story story(1000);
    auto line = failed_line;
    line.replace(line.find("\"code\":3"), 8, "\"code\":11");
    auto const taken = story.take(line, 1s);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::plugin);
}

TEST_CASE("what a plug-in writes is passed over, and events that make no sense are told") {
    Story story(1000);
    REQUIRE(story.take("hello\n[1]\n{\"other\":1}\n\n", 1s));
    CHECK_FALSE(story.told().ready);
    for (auto const* line : {R"({"event":"progress"})", R"({"event":7})",
                             R"({"event":"downloaded","ok":1,"sources":[]})",
                             R"({"event":"status","bytes_sent":-1.5,"downloading":7})"}) {
        INFO(line);
        auto const taken = Story(1000).take(std::string(line) + "\n", 1s);
        REQUIRE_FALSE(taken);
        CHECK_THAT(taken.error().message, ContainsSubstring("makes no sense"));
    }
}

TEST_CASE("a line without an end is not kept for ever") {
    Story story(1000);
    std::string const part(300'000, 'x');
    CHECK(story.take(part, 1s));
    CHECK(story.take(part, 1s));
    CHECK(story.take(part, 1s));
    auto const taken = story.take(part, 1s);
    REQUIRE_FALSE(taken);
    CHECK_THAT(taken.error().message, ContainsSubstring("longer than any event"));
}
