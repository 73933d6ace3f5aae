// What real programs run on: networks, processors, files.
#include "../waiting_process.hpp"
#include "catch.hpp"
#include "experiments.hpp"
#include "live/folder.hpp"
#include "live/network.hpp"
#include "live/processors.hpp"
#include "live/program.hpp"
#include "live/run.hpp"
#include "temp_dir.hpp"

#include <csignal>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::live;
using namespace xfsbus::lab::test;

namespace {

using experiment::Where;

NetworkPlan network_of(std::string const& text) {
    auto const experiment = experiment_of(text, Where::netns);
    auto const peers = experiment::draw(experiment, 1);
    return network_plan_of(experiment, peers, network_addresses(peers.size()));
}

std::string all_that(Program& program) {
    std::string said;
    while (auto const more = program.read()) {
        said += *more;
    }
    return said;
}

}  // namespace

TEST_CASE("each peer is behind a link of its rates, at the switch of its rack") {
    auto const plan = network_of(three_peers);
    REQUIRE(plan.peers.size() == 3);
    CHECK_THAT(plan.middle.ip, ContainsSubstring("address add 10.77.0.1/24 dev middle"));
    CHECK_THAT(plan.middle.ip, ContainsSubstring("link set port1 master rack0 up"));
    CHECK_THAT(plan.middle.ip, ContainsSubstring("link set port2 master rack2 up"));
    CHECK_THAT(plan.middle.ip, ContainsSubstring("name eth0 netns {2}"));
    CHECK_THAT(plan.peers[2].ip, ContainsSubstring("address add 10.77.0.4/24 dev eth0"));
    // 1 MiB/s, of which headers take nothing: 1048576 x 8 x 1514 / 1448.
    CHECK_THAT(plan.peers[2].tc,
               ContainsSubstring("dev eth0 root tbf rate 8770962bit burst 21927 latency"));
    CHECK_THAT(plan.middle.tc, ContainsSubstring("dev port2 root tbf rate 17541923bit"));
    CHECK_THAT(plan.middle.tc, !ContainsSubstring("dev up2"));
}

TEST_CASE("the link of a rack is as slow both ways as the experiment says") {
    auto slow = three_peers;
    slow.insert(slow.find("[content]"), "rack-link = \"1MB/s\"\n");
    auto const plan = network_of(slow);
    for (auto const* device : {"up0", "down0", "up2", "down2"}) {
        CHECK_THAT(plan.middle.tc,
                   ContainsSubstring(std::string("dev ") + device + " root tbf rate 8770962bit"));
    }
}

TEST_CASE("the share of busy processors is that of the ticks between") {
    auto const begin = ticks_of("cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3\n");
    REQUIRE(begin);
    CHECK(begin->busy == 150);
    CHECK(begin->all == 1000);
    auto const end = ticks_of("cpu  130 0 60 850 60 0 0 0 9 0\n");
    REQUIRE(busy_between(begin, end));
    CHECK(*busy_between(begin, end) == Approx(0.4));
    CHECK_FALSE(busy_between(begin, begin));
    CHECK_FALSE(busy_between(std::nullopt, end));
    CHECK_FALSE(ticks_of("cpu 1 2 3\n"));
    CHECK_FALSE(ticks_of("intr 1 2 3 4 5 6 7 8\n"));
    CHECK_FALSE(ticks_of(""));
    CHECK(ticks_now());
}

TEST_CASE("a program reads what it is told, and its end shows") {
    Program program({.file = "/bin/cat", .arguments = {}, .directory = "/", .log = {}});
    program.say("a line");
    program.close_input();
    CHECK(all_that(program) == "a line\n");
    CHECK(program.wait() == 0);
    Program other({.file = "/bin/cat", .arguments = {}, .directory = {}, .log = {}});
    other.signal(SIGKILL);
    CHECK(all_that(other).empty());
    CHECK(other.wait() == -SIGKILL);
    Program none({.file = "/no/such", .arguments = {}, .directory = {}, .log = {}});
    CHECK(none.wait() == 127);
}

TEST_CASE("what a program complains of goes into its log") {
    xfsbus::test::TempDir const dir;
    auto const log = dir.path() / "log";
    Program program({.file = "/bin/cat", .arguments = {"/no/such"}, .directory = {}, .log = log});
    CHECK(all_that(program).empty());
    CHECK(program.wait() == 1);
    std::ostringstream said;
    said << std::ifstream(log).rdbuf();
    CHECK_THAT(said.str(), ContainsSubstring("/no/such"));
}

TEST_CASE("a folder for the work is gone with all that is in it") {
    xfsbus::test::TempDir const dir;
    {
        auto const folder = WorkFolder::make_in(dir.path());
        REQUIRE(folder);
        CHECK(std::filesystem::is_empty(folder->work()));
        std::filesystem::create_directories(folder->work() / "a" / "b");
    }
    CHECK(std::filesystem::is_empty(dir.path()));
    auto const none = WorkFolder::make_in(dir.path() / "none");
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Errc::disk);
}

TEST_CASE(
    "a link lets through at once what it carries in two milliseconds, and no chunk of a slow one") {
    auto text = three_peers;
    text.replace(text.find("up = \"10MB/s\""), 13, "up = \"1Gbit/s\"");
    auto const plan = network_of(text);
    CHECK_THAT(plan.peers[0].tc, ContainsSubstring("burst 2613950 latency 100ms"));
    CHECK_THAT(plan.peers[1].tc, ContainsSubstring("burst 65782 latency 100ms"));
}

TEST_CASE("folders of runs that were killed are removed and named, and those in use are not") {
    xfsbus::test::TempDir const dir;
    auto const strange = dir.path() / "xfs-lab-others";  // without a mark: not known to be ours
    std::filesystem::create_directory(strange);
    std::filesystem::create_directory_symlink(strange, dir.path() / "xfs-lab-link");
    auto const left = dir.path() / "xfs-lab-left";
    std::filesystem::create_directories(left / "work" / "peer0");
    std::ofstream(left / "in-use").flush();
    std::ofstream(dir.path() / "in-use").flush();
    std::optional<Result<WorkFolder>> folder;
    WaitingProcess other([&] {  // at work until it is killed
        folder = WorkFolder::make_in(dir.path());
        if (!folder->ok()) {
            ::_exit(1);
        }
    });
    auto const removed = remove_left_in(dir.path());
    REQUIRE(removed.size() == 1);
    CHECK_THAT(removed[0],
               ContainsSubstring("xfs-lab-left: what a run had left that was killed is removed"));
    CHECK_FALSE(std::filesystem::exists(left));
    CHECK(std::filesystem::exists(strange));
    other.kill();
    CHECK(remove_left_in(dir.path()).size() == 1);
    CHECK(remove_left_in(dir.path() / "none").empty());
}

TEST_CASE("that a run cannot be had here is told before it begins") {
    xfsbus::test::TempDir const dir;
    auto experiment = experiment_of(three_peers);
    Place place{.where = Where::live, .programs = dir.path(), .work = dir.path()};
    auto const missing = check(experiment, place);
    REQUIRE_FALSE(missing);
    CHECK_THAT(missing.error().message, ContainsSubstring("there is no program"));
    for (auto const* name : {"xfs-tracker", "xfs-peer"}) {
        std::filesystem::create_symlink("/bin/true", dir.path() / name);
    }
    CHECK(check(experiment, place));
    experiment.content.bytes = std::numeric_limits<std::uint64_t>::max() / 4;
    auto const full = check(experiment, place);
    REQUIRE_FALSE(full);
    CHECK(full.error().code == Errc::disk);
    CHECK_THAT(full.error().message, ContainsSubstring("--work-dir"));
}

TEST_CASE("what differs from a real network is noted") {
    auto experiment = experiment_of(three_peers);
    CHECK(notes_of(experiment, Where::live).size() == 2);
    CHECK(notes_of(experiment, Where::netns).size() == 1);
    experiment.network.latency = {};
    experiment.groups[1].far = {};
    CHECK(notes_of(experiment, Where::netns).empty());
}
