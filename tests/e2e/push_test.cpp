// Peers that are asked by another one to fetch a file.
#include "catch.hpp"
#include "push_reports.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <csignal>
#include <map>

using namespace xfsbus::test;

namespace {

std::size_t count_of(Swarm const& swarm, Words const& directories, std::string_view bytes) {
    return static_cast<std::size_t>(std::ranges::count_if(directories, [&](auto const& name) {
        return holds(swarm.directory(name) / "file.bin", bytes);
    }));
}

}  // namespace

TEST_CASE("A push gives a file to every peer that takes pushes, and says who lacks it") {
    Swarm swarm;
    auto const bytes = noise(2 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    write_file(swarm.directory("has") / "copy.bin", bytes);
    Source const willing_1(swarm, "w1", {accepts});
    Source const willing_2(swarm, "w2", {accepts});
    Source const unwilling(swarm, "u");
    Source const has(swarm, "has");
    Source const a(swarm, "a");
    auto const all = swarm.in("p", {"push file.bin --to all"});
    CHECK(all.code == 1);
    CHECK(all.event("pushed").at("lacking") == 1);
    CHECK_THAT(all.event("error").at("message").get<std::string>(),
               ContainsSubstring("1 of 5 peers lack it: 1 refused, 0 failed"));
    auto const ended = swarm.in("p", {"push file.bin --to accepting"});
    CHECK(ended.code == 0);
    CHECK(ended.err.empty());
    CHECK(states_of(ended.event("pushed")) ==
          std::map<int, std::string>{{willing_1.port, "there"},
                                     {willing_2.port, "there"},
                                     {unwilling.port, "refused"},
                                     {has.port, "there"},
                                     {a.port, "there"}});
    CHECK(count_of(swarm, {"w1", "w2"}, bytes) == 2);
    CHECK_FALSE(std::filesystem::exists(unwilling.directory / "file.bin"));
}

TEST_CASE("A push to a number ends when so many others have it, those before it included") {
    Swarm swarm;
    auto const bytes = noise(mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts});
    Source const c(swarm, "c", {accepts});
    Source const d(swarm, "d", {accepts});
    CHECK(swarm.in("p", {"push file.bin --to 2"}).code == 0);
    CHECK(count_of(swarm, {"b", "c", "d"}, bytes) == 1);
    CHECK(swarm.in("p", {"push file.bin --to 4"}).code == 0);
    CHECK(count_of(swarm, {"b", "c", "d"}, bytes) == 3);
}

TEST_CASE("A peer that does not get it is made good by another, or named as missing") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    write_file(swarm.directory("b") / "file.bin", "something else of that name");
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts});
    auto const a_version = swarm.in("p", {"find file.bin"}).events("source");
    auto const of_a = std::ranges::find_if(
        a_version, [&](auto const& source) { return source.at("port") == a.port; });
    REQUIRE(of_a != a_version.end());
    auto const name = "file.bin@" + of_a->at("content").get<std::string>().substr(0, 12);
    auto const alone = swarm.in("p", {"push " + name + " --to 2"});
    CHECK(alone.code == 1);
    CHECK(states_of(alone.event("pushed")).at(b.port) == "failed");
    CHECK(alone.event("error").at("message").get<std::string>().starts_with("1 of 2 peers"));
    CHECK(swarm.in("p", {"push " + name + " --to all"}).code == 1);
    Source const c(swarm, "c", {accepts});
    CHECK(swarm.in("p", {"push " + name + " --to 2"}).code == 0);
    CHECK(holds(c.directory / "file.bin", "pushed"));
    CHECK(holds(b.directory / "file.bin", "something else of that name"));
}

TEST_CASE("Where nobody accepts pushes, the error is 3 and says how to accept them") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    Source const b(swarm, "b");
    CHECK(swarm.in("a", {"push file.bin --to all"}).code == 1);
    for (std::string const to : {"accepting", "2"}) {
        auto const ended = swarm.in("a", {"push file.bin --to " + to});
        CHECK(ended.code == 3);
        CHECK_THAT(ended.event("error").at("message").get<std::string>(),
                   ContainsSubstring("--accept-push"));
    }
}

TEST_CASE("A push is of one version of each file") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "one");
    write_file(swarm.directory("b") / "file.bin", "two");
    write_file(swarm.directory("b") / "other.bin", "three");
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts});
    CHECK(swarm.in("p", {"push nothing.bin --to all"}).code == 3);
    for (std::string const name : {"file.bin", "*.bin"}) {
        auto const ended = swarm.in("p", {"push " + name + " --to all"});
        CHECK(ended.code == 2);
        CHECK_THAT(ended.event("error").at("message").get<std::string>(), ContainsSubstring("@"));
    }
}

TEST_CASE("A peer that crashes while it fetches is reported, and the others get the file") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source b(swarm, "b", {accepts, "--max-download-limit", "1M"});
    Source const c(swarm, "c", {accepts});
    Process push(XFS_PEER_PROGRAM,
                 swarm.peer({"--json", "-c", "push file.bin --to all --patience 1s"}));
    push.wait_until("the file's arrival at c",
                    [&](auto const&) { return holds(c.directory / "file.bin", bytes); });
    b.process.signal(SIGKILL);
    CHECK(push.wait() == 1);
    auto const states = states_of(events_of(push.out(), "pushed").at(0));
    CHECK(states.at(b.port) == "failed");
    CHECK(states.at(c.port) == "there");
}

TEST_CASE("Ctrl-C ends the watching of a push with 130, and the peers go on") {
    Swarm swarm;
    auto const bytes = noise(4 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts, "--max-download-limit", "2M"});
    Process push(XFS_PEER_PROGRAM, swarm.peer({"--json", "-c", "push file.bin --to all"}));
    push.wait_until("a peer that fetches", [](auto const& output) {
        return output.out.find(R"("state":"fetching")") != std::string::npos;
    });
    push.signal(SIGINT);
    CHECK(push.wait() == 130);
    CHECK_THAT(push.out(), ContainsSubstring("the peers that were asked go on"));
    CHECK_FALSE(std::filesystem::exists(b.directory / "file.bin"));
    eventually("it arrives", [&] { return holds(b.directory / "file.bin", bytes); });
}

TEST_CASE("On a pipe a push prints nothing but its rows") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts});
    auto const ended = swarm.run({"-c", "push file.bin --to all"});
    CHECK(ended.code == 0);
    CHECK(ended.err.empty());
    CHECK_THAT(ended.out, ContainsSubstring(apart(a.port) + " there 100% "));
    CHECK_THAT(ended.out, ContainsSubstring(apart(b.port) + " there 100% "));
    CHECK(std::ranges::count(ended.out, '\n') == 2);
}
