#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace {

/// The ports that a find names, and the exit code that it would have as a program.
std::vector<std::uint16_t> ports_of(std::vector<Json> const& answers) {
    std::vector<std::uint16_t> ports;
    for (auto const& answer : answers) {
        REQUIRE(answer.at("event") == "source");
        CHECK(answer.at("ip") == host());
        ports.push_back(answer.at("port"));
    }
    return ports;
}

bool finds_nobody(std::vector<Json> const& answers) {
    return answers.size() == 1 && answers[0].at("event") == "error" && answers[0].at("code") == 3;
}

}  // namespace

TEST_CASE("Scenario 1: a peer starts after the tracker and is ready for a command") {
    Swarm swarm;
    Shell peer(swarm, "a");
    auto const status = peer.ask_one("status");
    CHECK(status.at("tracker_connected") == true);
    CHECK(status.at("tracker") == swarm.endpoint());
    peer.process().type("exit\n");
    CHECK(peer.process().wait() == 0);
    swarm.tracker().signal(SIGTERM);
    CHECK(swarm.tracker().wait() == 0);
}

TEST_CASE("Scenario 2: a peer without a tracker says so, and gives up after --tracker-timeout") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const ended = swarm.in("a", {"status"}, {"--tracker-timeout", "0.2"});
    CHECK(ended.code == 4);
    CHECK(ended.out.empty());
    CHECK(ended.says("no tracker at " + swarm.endpoint()));
    CHECK(ended.says("nothing listens there"));
}

TEST_CASE("Scenario 2: a peer without a tracker waits, says so, and carries on when it comes") {
    Swarm swarm(Swarm::Tracker::down);
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--json", "-c", "peers"}));
    peer.wait_for_err("waiting for it");
    CHECK(peer.err().find("no tracker at " + swarm.endpoint()) != std::string::npos);
    CHECK(peer.out().empty());
    swarm.start_tracker();
    CHECK(peer.wait() == 0);
    CHECK(events_of(peer.out(), "peer").size() == 1);
}

TEST_CASE("Scenario 3: a tracker and two peers on different ports all take commands") {
    Swarm swarm;
    Shell a(swarm, "a");
    Shell b(swarm, "b");
    CHECK(a.port() != b.port());
    for (auto* peer : {&a, &b}) {
        CHECK(peer->ask("peers").size() == 2);
    }
    for (auto* peer : {&a, &b}) {
        peer->process().close_input();
        CHECK(peer->process().wait() == 0);
    }
}

TEST_CASE("Scenario 4: after updatelist the tracker has the peer's list") {
    Swarm swarm;
    Shell a(swarm, "a", {"--no-watch"});
    Shell b(swarm, "b");
    write_file(a.directory() / "one.txt", "one");
    write_file(a.directory() / "two.txt", "second");
    auto const updated = a.ask_one("updatelist");
    CHECK(updated.at("event") == "updated");
    CHECK(updated.at("files") == 2);
    CHECK(updated.at("bytes") == 9);
    for (auto const& peer : b.ask("peers")) {
        CHECK(peer.at("files") == (peer.at("port") == a.port() ? 2 : 0));
    }
}

TEST_CASE("Scenario 5: getload of an idle peer prints 0") {
    Swarm swarm;
    Source const a(swarm, "a");
    auto const command = "getload " + apart(a.port);
    auto const plain = swarm.run({"-c", command});
    CHECK(plain.code == 0);
    CHECK(plain.out == "0\n");
    CHECK(swarm.in("b", {command}).event("load").at("load") == 0);
}

TEST_CASE("Scenario 6: a file in one peer's directory is found from the other") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "found");
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    CHECK(ports_of(b.ask("find file.txt")) == std::vector{a.port});
    auto const plain = swarm.run({"-c", "find file.txt"});
    CHECK(plain.code == 0);
    CHECK(plain.out.starts_with(apart(a.port) + " "));
}

TEST_CASE("Scenario 7: a download is byte for byte the file, and the caller is a source then") {
    Swarm swarm;
    auto const bytes = noise(3 * mib + 17);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    auto const answers = b.ask("download file.bin");
    REQUIRE_FALSE(answers.empty());
    CHECK(answers.back().at("event") == "summary");
    CHECK(answers.back().at("failed") == 0);
    CHECK(holds(b.directory() / "file.bin", bytes));
    Shell c(swarm, "c");
    CHECK(c.ask("find file.bin").size() == 2);
}

TEST_CASE("Scenario 8: after a restart of the tracker silent peers' files are not found") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "silent");
    Shell a(swarm, "a", {"--no-heartbeat"});
    Shell b(swarm, "b", {"--no-heartbeat"});
    eventually("the file is found", [&] { return b.ask_one("find file.txt").contains("port"); });
    swarm.kill_tracker();
    swarm.start_tracker();
    CHECK(finds_nobody(b.ask("find file.txt")));
    CHECK(b.ask_one("status").at("event") == "status");
}

TEST_CASE("Scenario 9: after a restart of the tracker updatelist makes the files found again") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "silent");
    Shell a(swarm, "a", {"--no-heartbeat"});
    Shell b(swarm, "b", {"--no-heartbeat"});
    swarm.kill_tracker();
    swarm.start_tracker();
    CHECK(a.ask_one("updatelist").at("files") == 1);
    CHECK(b.ask_one("updatelist").at("files") == 0);
    CHECK(ports_of(b.ask("find file.txt")) == std::vector{a.port()});
}

TEST_CASE("Scenario 10: of two peers with a file, a killed one is not named any more") {
    Swarm swarm;
    for (auto const* name : {"a", "b"}) {
        write_file(swarm.directory(name) / "file.txt", "the same");
    }
    Source a(swarm, "a");
    Source const b(swarm, "b");
    Shell c(swarm, "c");
    CHECK(ports_of(c.ask("find file.txt")).size() == 2);
    a.process.signal(SIGKILL);
    a.process.wait();
    CHECK(ports_of(c.ask("find file.txt")) == std::vector{b.port});
}

TEST_CASE("Scenario 11: a file added while a peer runs is found after updatelist") {
    Swarm swarm;
    Shell a(swarm, "a", {"--no-watch"});
    Shell b(swarm, "b");
    write_file(a.directory() / "late.txt", "late");
    CHECK(finds_nobody(b.ask("find late.txt")));
    CHECK(a.ask_one("updatelist").at("files") == 1);
    CHECK(ports_of(b.ask("find late.txt")) == std::vector{a.port()});
}

TEST_CASE("Scenario 11: with watching on, a file added is found without updatelist") {
    Swarm swarm;
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    CHECK(finds_nobody(b.ask("find late.txt")));
    write_file(a.directory / "late.txt", "late");
    eventually("the new file is found",
               [&] { return b.ask_one("find late.txt").value("port", 0) == a.port; });
    std::filesystem::remove(a.directory / "late.txt");
    eventually("the removed file is found no more",
               [&] { return finds_nobody(b.ask("find late.txt")); });
}
