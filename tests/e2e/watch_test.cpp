// Who watches hears of files that appear, change and go at other peers.
#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <csignal>
#include <set>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

std::vector<Json> changes_of(Process const& process, std::string const& name) {
    auto all = events_of(process.out(), "change");
    std::erase_if(all, [&](auto const& change) { return change.at("name") != name; });
    return all;
}

/// Waits until the last that it has told of this file is this; that.
Json wait_for_change(Process& process, std::string const& name, std::string const& what) {
    process.wait_until(name + " " + what, [&](auto const& output) {
        auto all = events_of(output.out, "change");
        std::erase_if(all, [&](auto const& change) { return change.at("name") != name; });
        return !all.empty() && all.back().at("what") == what;
    });
    return changes_of(process, name).back();
}

/// What is told of the peer that listens there, in this order.
std::vector<Json> changes_of_peer(std::string const& out, std::uint16_t port) {
    auto all = events_of(out, "peer_change");
    std::erase_if(all, [&](auto const& change) { return change.at("port") != port; });
    return all;
}

/// Waits until the last that it has told of this peer is this; that.
Json wait_for_peer(Process& process, std::uint16_t port, std::string const& what) {
    process.wait_until("the peer is " + what, [&](auto const& output) {
        auto const all = changes_of_peer(output.out, port);
        return !all.empty() && all.back().at("what") == what;
    });
    return changes_of_peer(process.out(), port).back();
}

/// A file that appears as a whole.
void put(fs::path const& directory, std::string const& name, std::string_view bytes) {
    auto const hidden = directory / ("." + name + "~");
    write_file(hidden, bytes);
    fs::rename(hidden, directory / name);
}

}  // namespace

TEST_CASE("A watch tells of a file that appears, changes, and goes at another peer") {
    Swarm swarm;
    put(swarm.directory("a"), "there.bin", "x");
    Source const a(swarm, "a");
    auto const watch = swarm.start("b", {"watch '*.bin'"});
    CHECK(wait_for_change(*watch, "there.bin", "there").at("complete") == 1);

    put(a.directory, "new.bin", "12345");
    auto const appeared = wait_for_change(*watch, "new.bin", "appeared");
    CHECK(appeared.at("size") == 5);
    CHECK(appeared.at("content").get<std::string>().size() == 64);
    put(a.directory, "new.bin", "123456");
    wait_for_change(*watch, "new.bin", "holders");  // of the content before
    auto const all = changes_of(*watch, "new.bin");
    CHECK(all[1].at("what") == "changed");
    CHECK(all[1].at("size") == 6);
    fs::remove(a.directory / "new.bin");
    wait_for_change(*watch, "new.bin", "gone");

    watch->signal(SIGINT);
    CHECK(watch->wait() == 130);
    CHECK(watch->err().empty());
}

TEST_CASE("A watch tells of a peer that fetches a file as one that has a part, then all of it") {
    Swarm swarm;
    put(swarm.directory("a"), "file.bin", noise(mib));
    Source const a(swarm, "a");
    auto const watch = swarm.start("b", {"watch file.bin"});
    wait_for_change(*watch, "file.bin", "there");
    Shell c(swarm, "c");
    c.ask("download file.bin");
    watch->wait_until("two have it", [](auto const& output) {
        auto const all = events_of(output.out, "change");
        return !all.empty() && all.back().at("complete") == 2 && all.back().at("partial") == 0;
    });
}

TEST_CASE("A watch goes on over a restart of the tracker, and tells only what differs") {
    Swarm swarm;
    put(swarm.directory("a"), "kept.bin", "x");
    put(swarm.directory("a"), "lost.bin", "y");
    Source const a(swarm, "a");
    auto const watch = swarm.start("b", {"watch *"});
    wait_for_change(*watch, "kept.bin", "there");
    wait_for_change(*watch, "lost.bin", "there");
    swarm.kill_tracker();
    fs::remove(a.directory / "lost.bin");
    swarm.start_tracker();
    wait_for_change(*watch, "lost.bin", "gone");
    put(a.directory, "later.bin", "z");
    wait_for_change(*watch, "later.bin", "appeared");
    CHECK(changes_of(*watch, "kept.bin").size() == 1);
}

TEST_CASE("A watch runs a command for each file that appears or changes, one after the other") {
    Swarm swarm;
    put(swarm.directory("a"), "there.bin", "x");
    Source const a(swarm, "a");
    auto const seen = swarm.path() / "seen";
    auto const watch = swarm.start(
        "b", {"watch '*.bin' --exec 'echo \"$XFS_EVENT $XFS_NAME $XFS_SIZE ${#XFS_ID}\" >> " +
              seen.string() + "; test $XFS_NAME != bad.bin'"});
    wait_for_change(*watch, "there.bin", "there");
    put(a.directory, "bad.bin", "ab");
    watch->wait_until("the failure is told",
                      [](auto const& output) { return !events_of(output.out, "error").empty(); });
    auto const error = events_of(watch->out(), "error").front();
    CHECK(error.at("command") == "watch");
    CHECK(error.at("message") == "'bad.bin': the command ended with 1");
    put(a.directory, "good.bin", "abc");
    eventually("the command has run twice", [&] {
        return fs::exists(seen) &&
               read_file(seen) == "appeared bad.bin 2 64\nappeared good.bin 3 64\n";
    });
}

TEST_CASE("Ctrl-C ends a watch whose command runs, and the command") {
    Swarm swarm;
    Source const a(swarm, "a");
    auto const begun = swarm.path() / "begun";
    auto const watch =
        swarm.start("b", {"watch '*.bin' --exec 'touch " + begun.string() + "; sleep 1000; true'"});
    put(a.directory, "new.bin", "x");
    // It may have been there when the watch began.
    watch->wait_until("it is told",
                      [](auto const& output) { return !events_of(output.out, "change").empty(); });
    put(a.directory, "other.bin", "y");
    eventually("the command runs", [&] { return fs::exists(begun); });
    watch->signal(SIGINT);
    CHECK(watch->wait() == 130);
}

TEST_CASE("A list has what the tracker knows of all peers, and may be empty") {
    Swarm swarm;
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    put(a.directory, "one.txt", "1");
    put(b.directory, "one.txt", "1");
    put(b.directory, "two.txt", "22");
    eventually("the tracker knows of all", [&] {
        auto const rows = swarm.run({"--json", "-c", "list *"}).events("listed");
        return rows.size() == 2 && rows[0].at("complete") == 2;
    });
    auto const ended = swarm.run({"-c", "list two*"});
    CHECK(ended.code == 0);
    CHECK(ended.out.starts_with("2 1 0 "));
    CHECK(ended.out.ends_with(" two.txt\n"));
    auto const none = swarm.run({"-c", "list three*"});
    CHECK(none.code == 0);
    CHECK(none.out.empty());
}

TEST_CASE("A watch tells of peers that are there, that appear, and that are killed") {
    Swarm swarm;
    Source const a(swarm, "a", {"--labels", "rack=7"});
    auto const watch = swarm.start("b", {"watch --peers"});
    auto const there = wait_for_peer(*watch, a.port, "there");
    CHECK(there.at("ip") == host());
    CHECK(there.at("labels") == "rack=7");
    CHECK(there.at("id").get<std::string>().size() == 32);
    Source c(swarm, "c");
    auto const id = wait_for_peer(*watch, c.port, "appeared").at("id");
    c.process.signal(SIGKILL);
    CHECK(wait_for_peer(*watch, c.port, "gone").at("id") == id);
    Source const again(swarm, "c", {}, c.port);
    CHECK(wait_for_peer(*watch, c.port, "appeared").at("id") != id);
    CHECK(events_of(watch->out(), "change").empty());
    watch->signal(SIGINT);
    CHECK(watch->wait() == 130);
}

TEST_CASE("A peer that falls silent is told as gone, and as one that appears when it goes on") {
    Swarm swarm;
    Source const a(swarm, "a");
    auto const watch = swarm.start("b", {"watch --peers"});
    wait_for_peer(*watch, a.port, "there");
    a.process.signal(SIGSTOP);
    auto const id = wait_for_peer(*watch, a.port, "gone").at("id");
    a.process.signal(SIGCONT);
    CHECK(wait_for_peer(*watch, a.port, "appeared").at("id") == id);
}

TEST_CASE("A watch of peers goes on over a restart of the tracker, and tells only who is missing") {
    Swarm swarm;
    Source const a(swarm, "a");
    Source const c(swarm, "c");
    auto const watch = swarm.start("b", {"watch --peers"});
    wait_for_peer(*watch, a.port, "there");
    wait_for_peer(*watch, c.port, "there");
    swarm.kill_tracker();
    c.process.signal(SIGKILL);
    swarm.start_tracker();
    wait_for_peer(*watch, c.port, "gone");
    CHECK(changes_of_peer(watch->out(), a.port).size() == 1);
}

TEST_CASE("A watch runs a command for each peer that appears or goes, and for files as before") {
    Swarm swarm;
    Source const a(swarm, "a");
    auto const seen = swarm.path() / "seen";
    auto const watch =
        swarm.start("b", {"watch '*' --peers --exec 'echo \"$XFS_EVENT $XFS_NAME$XFS_IP $XFS_PORT "
                          "$XFS_LABELS ${#XFS_PEER}\" >> " +
                          seen.string() + "'"});
    wait_for_peer(*watch, a.port, "there");
    std::uint16_t port = 0;
    {
        Source const c(swarm, "c", {"--labels", "rack=a"});
        port = c.port;
        wait_for_peer(*watch, port, "appeared");
        c.process.signal(SIGKILL);
        wait_for_peer(*watch, port, "gone");
    }
    put(a.directory, "new.bin", "x");
    auto const who = host() + " " + std::to_string(port) + " rack=a 32\n";
    eventually("the command has run three times", [&] {
        return fs::exists(seen) &&
               read_file(seen) == "appeared " + who + "gone " + who + "appeared new.bin   0\n";
    });
}

TEST_CASE("Words that list and watch do not know are refused") {
    Swarm swarm;
    for (auto const* command : {"list", "list a b", "watch", "watch a --what", "watch a --exec",
                                "watch a --exec ''", "watch ''", "watch --peers a b"}) {
        INFO(command);
        CHECK(swarm.run({"-c", command}).code == 2);
    }
}
