#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <csignal>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

Ended peer_alone(Words arguments, Words environment = {}) {
    TempDir const home;
    return run_to_end(XFS_PEER_PROGRAM,
                      {std::move(arguments), std::move(environment), home.path(), {}});
}

}  // namespace

TEST_CASE("Wrong arguments are refused with 2 and a line that says what is wrong") {
    auto const [arguments, word] = GENERATE(table<Words, std::string>({
        {{"--bogus"}, "--bogus"},
        {{"127.0.0.1", "7471"}, "belong together"},
        {{"127.0.0.1", "notaport", "."}, "notaport"},
        {{"127.0.0.1", "70000", "."}, "70000"},
        {{"127.0.0.1", "-1", "."}, ""},
        {{"not an ip", "0", "."}, "not an ip"},
        {{"--bind", "nonsense"}, "nonsense"},
        {{"127.0.0.1", "0", ".", "--dir", "."}, "not both"},
        {{"--tracker", "http://x"}, "http://x"},
        {{"--tracker", "tcp://127.0.0.1:0"}, "--tracker"},
        {{"--tracker-timeout", "soon"}, "soon"},
        {{"--tracker-timeout", "-1"}, ""},
        {{"--max-upload-limit", "fast"}, "--max-upload-limit"},
        {{"--max-download-limit", "-5"}, "--max-download-limit"},
        {{"--sources", "0"}, "--sources"},
        {{"--sources", "many"}, "many"},
        {{"--log-level", "loud"}, "loud"},
        {{"--serve"}, "--serve"},
        {{"--config", "/no/such/file"}, "/no/such/file"},
        {{"--latency-file", "/no/such/file", "-c", "status"}, "/no/such/file"},
        {{"plugins", "check"}, "FILE"},
    }));
    auto const ended = peer_alone(arguments);
    INFO(arguments[0] << ": " << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.starts_with("xfs-peer: "));
    CHECK(ended.says(word));
    CHECK(std::ranges::count(ended.err, '\n') == 1);
}

TEST_CASE("Help and version go to stdout with exit code 0, from both programs") {
    auto const* const program = GENERATE(XFS_PEER_PROGRAM, XFS_TRACKER_PROGRAM);
    TempDir const home;
    auto const help = run_to_end(program, {{"--help"}, {}, home.path(), {}});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("Examples:") != std::string::npos);
    auto const version = run_to_end(program, {{"--version"}, {}, home.path(), {}});
    CHECK(version.code == 0);
    CHECK(version.err.empty());
    CHECK(version.out.find("libzmq") != std::string::npos);
    CHECK(std::ranges::count(version.out, '\n') == 1);
}

TEST_CASE("The help of xfs-peer names every command and every exit code") {
    auto const help = peer_alone({"--help"}).out;
    for (auto const* word : {"updatelist", "getload", "find", "download", "peers", "files",
                             "status", "policy", "help", "exit", "--tracker-timeout", "--policy",
                             "11 plug-in refused", "130/143", "141 stdout", "XFS_TRACKER"}) {
        CHECK(help.find(word) != std::string::npos);
    }
}

TEST_CASE("A command asked wrongly is refused with 2 and says how it is asked") {
    Swarm swarm;
    auto const command = GENERATE(
        as<std::string>{}, "find", "find a b", "find ''", "download", "download a b", "download -o",
        "download a -s 0", "download a --what", "download a -o ../b", "download a -o /b", "getload",
        "getload 127.0.0.1", "getload 127.0.0.1 0", "getload 127.0.0.1 99999", "getload 'a b' 7",
        "updatelist now", "peers x", "files x", "status x", "policy x", "policy load", "exit now",
        "help nothing", "find 'unclosed");
    auto const ended = swarm.run({"-c", command});
    INFO(command << ": " << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.starts_with("xfs-peer: "));
}

TEST_CASE("An unknown command is answered with the nearest known one") {
    Swarm swarm;
    auto const near = swarm.run({"-c", "downlaod x"});
    CHECK(near.code == 2);
    CHECK(near.says("did you mean 'download'?"));
    auto const far = swarm.run({"-c", "abracadabra"});
    CHECK(far.code == 2);
    CHECK(far.says("'help' lists them"));
}

TEST_CASE("A pattern that is too long finds nothing, and the error says why") {
    Swarm swarm;
    auto const find = [&](std::size_t stars) {
        return swarm.run({"-c", "find nothing" + std::string(stars, '*')});
    };
    auto const longest = find(249);
    CHECK(longest.code == 3);
    CHECK_FALSE(longest.says("256"));
    auto const longer = find(250);
    CHECK(longer.code == 3);
    CHECK(longer.says("a pattern has at most 256 bytes"));
}

TEST_CASE("Commands run in the order given, and the first failure gives the exit code") {
    Swarm swarm;
    write_file(swarm.directory("a") / "there.txt", "there");
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"find there.txt", "find not-there", "nonsense", "status"});
    CHECK(ended.code == 3);
    auto const events = events_of(ended.out);
    REQUIRE(events.size() == 4);
    CHECK(events[0].at("event") == "source");
    CHECK(events[1].at("code") == 3);
    CHECK(events[2].at("code") == 2);
    CHECK(events[3].at("event") == "status");
    auto const left = swarm.in("b", {"exit", "find not-there"});
    CHECK(left.code == 0);
    CHECK(left.out.empty());
}

TEST_CASE("Commands are read from a pipe, comments and blank lines and all") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "piped");
    Source const a(swarm, "a");
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--dir", swarm.directory("b")}));
    peer.type("# a comment\n\n  find file.txt\r\ndownload file.txt\nfind not-there\nfiles");
    peer.close_input();
    CHECK(peer.wait() == 3);
    CHECK(peer.out().starts_with(apart(a.port)));
    CHECK(peer.out().find("file.txt: 5 B verified") != std::string::npos);
    CHECK(peer.out().ends_with(" file.txt\n"));  // of the last line, which has no end
    CHECK(peer.err() == "xfs-peer: find: no peer that is up has 'not-there'\n");
}

TEST_CASE("A peer that takes commands from a pipe stays until the pipe is closed") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "shared meanwhile");
    Shell a(swarm, "a");
    eventually("it shares", [&] { return swarm.run({"-c", "find file.txt"}).code == 0; });
    CHECK(swarm.in("b", {"download file.txt"}).code == 0);
    a.process().close_input();
    CHECK(a.process().wait() == 0);
    CHECK(swarm.run({"-c", "find file.txt"}).code == 3);
}

TEST_CASE("SIGTERM and SIGINT end --serve cleanly, and its files are found no more") {
    Swarm swarm;
    auto const signal = GENERATE(SIGTERM, SIGINT);
    write_file(swarm.directory("a") / "file.txt", "served");
    Source a(swarm, "a");
    CHECK(swarm.run({"-c", "find file.txt"}).code == 0);
    a.process.signal(signal);
    CHECK(a.process.wait() == 0);
    CHECK(a.process.err().find(" warning") == std::string::npos);
    CHECK(swarm.run({"-c", "find file.txt"}).code == 3);
}

TEST_CASE("SIGHUP has a peer that serves scan again, and does not end it") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "served");
    Source a(swarm, "a", {"--no-watch", "-v"});
    for (auto const* name : {"one.txt", "two.txt", "three.txt"}) {
        write_file(a.directory / name, name);
        CHECK(swarm.run({"-c", std::string("find ") + name}).code == 3);
        a.process.signal(SIGHUP);
        eventually("the new file is found", [&] {
            return swarm.run({"-c", std::string("find ") + name}).code == 0;
        });
    }
    a.process.wait_for_err("scanned: 4 files, of which 1 were read");
    a.process.signal(SIGTERM);
    CHECK(a.process.wait() == 0);
}

TEST_CASE("SIGHUP ends a peer that does not serve with 129, and its files are found no more") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "shared");
    Shell a(swarm, "a");
    eventually("it shares", [&] { return swarm.run({"-c", "find file.txt"}).code == 0; });
    a.process().signal(SIGHUP);
    CHECK(a.process().wait() == 129);
    CHECK(swarm.run({"-c", "find file.txt"}).code == 3);
}

TEST_CASE("A peer that serves leaves when its terminal is closed") {
    Swarm swarm;
    auto options = swarm.peer({host(), "0", swarm.directory("a"), "--serve"});
    options.terminal = true;
    Process peer(XFS_PEER_PROGRAM, options);
    peer.wait_for_out("ready");
    if (!peer.hang_up()) {
        WARN("SKIPPED: a terminal can be taken away by root only");
        return;
    }
    CHECK(peer.wait() == 0);
}

TEST_CASE("A peer that serves leaves with the code of the first command that failed") {
    Swarm swarm;
    auto const peer = swarm.start("a", {"download nothing.bin", "find nothing.bin"}, {"--serve"});
    peer->wait_for_out("\"ready\"");
    peer->signal(SIGTERM);
    CHECK(peer->wait() == 3);
}

TEST_CASE("Without --json the ready line of --serve names the endpoint") {
    Swarm swarm;
    Process peer(XFS_PEER_PROGRAM, swarm.peer({host(), "0", swarm.directory("a"), "--serve"}));
    peer.wait_for_out("\n");
    CHECK(peer.out().starts_with("xfs-peer: ready on tcp://" + host() + ":"));
}

TEST_CASE("Signals end a peer that reads a pipe with 130 and 143") {
    Swarm swarm;
    auto const [signal, code] = GENERATE(std::pair(SIGINT, 130), std::pair(SIGTERM, 143));
    Shell peer(swarm, "a");
    peer.process().signal(signal);
    CHECK(peer.process().wait() == code);
}

TEST_CASE("A directory that cannot be shared is refused with 9") {
    TempDir const home;
    write_file(home.path() / "file", "not a directory");
    auto const missing = peer_alone({"127.0.0.1", "0", "/no/such/directory", "-c", "status"});
    CHECK(missing.code == 9);
    CHECK(missing.says("'/no/such/directory'"));
    auto const file = peer_alone({"--dir", home.path() / "file", "-c", "status"});
    CHECK(file.code == 9);
    CHECK(file.says("not a directory"));
}

TEST_CASE("Options come from a file, and the tracker's address from XFS_TRACKER") {
    Swarm swarm;
    auto const home = swarm.directory("home");
    write_file(swarm.path() / "peer.conf",
               "tracker=" + swarm.endpoint() + "\njson=true\nlabels=\"rack=7\"\n");
    auto const configured = peer_alone({"--config", swarm.path() / "peer.conf", "-c", "peers"});
    CHECK(configured.code == 0);
    CHECK(configured.event("peer").at("labels") == "rack=7");
    auto const named = peer_alone({"--json", "-c", "status"}, {"XFS_TRACKER=" + swarm.endpoint()});
    CHECK(named.code == 0);
    CHECK(named.event("status").at("tracker") == swarm.endpoint());
    write_file(swarm.path() / "bad.conf", "colour=red\n");
    auto const bad = peer_alone({"--config", swarm.path() / "bad.conf", "-c", "status"});
    CHECK(bad.code == 2);
    CHECK(bad.says("bad.conf:1: 'colour'"));
}

TEST_CASE("A tracker takes options from a file, too, and what is typed before them") {
    TempDir const home;
    auto const file = home.path() / "tracker.conf";
    auto const start = [&](std::string const& lines, Words words) {
        write_file(file, lines);
        words.insert(words.begin(), {"--config", file.string()});
        return run_to_end(XFS_TRACKER_PROGRAM, {std::move(words), {}, home.path(), {}});
    };
    auto const bad = start("json-log=true\npeer-ttl = 3s, or so\n", {});
    CHECK(bad.code == 2);
    CHECK(bad.says(file.string() + ":2: --peer-ttl: '3s, or so'"));
    auto const typed = start("peer-ttl=4s\nbind=tcp://127.0.0.1:0\n", {"--peer-ttl", "1ms"});
    CHECK(typed.code == 2);
    CHECK(typed.err.starts_with("xfs-tracker: --peer-ttl: at least 200ms"));
    Process good(XFS_TRACKER_PROGRAM, {{"--config", file.string(), "-q"}, {}, home.path(), {}});
    good.wait_for_out("ready on tcp://127.0.0.1:");
}

TEST_CASE("A blank at the end of a name that is quoted belongs to the name") {
    Swarm swarm;
    write_file(swarm.directory("a") / "trail ", "a blank");
    Source const a(swarm, "a");
    CHECK(swarm.run({"-c", "find trail\\ "}).code == 0);
    CHECK(swarm.run({"-c", "find 'trail '  "}).code == 0);
    CHECK(swarm.run({"-c", "find trail "}).code == 3);
    Process piped(XFS_PEER_PROGRAM, swarm.peer({}));
    piped.type("  find trail\\ \r\n");
    piped.close_input();
    CHECK(piped.wait() == 0);
    CHECK_THAT(piped.out(), ContainsSubstring("trail"));
}

TEST_CASE("An option on the command line is stronger than the environment") {
    Swarm swarm;
    SilentPort const nobody;
    auto options = swarm.peer({"--json", "-c", "status"});
    options.environment = {"XFS_TRACKER=" + nobody.endpoint()};
    CHECK(run_to_end(XFS_PEER_PROGRAM, options).code == 0);
}

TEST_CASE("getload of nobody is refused at once, with 5 or 6") {
    Swarm swarm;
    SilentPort const nobody;
    auto const ended = swarm.run({"-c", "getload " + apart(nobody.port())});
    CHECK((ended.code == 5 || ended.code == 6));
    CHECK(ended.says(std::to_string(nobody.port())));
}

TEST_CASE("What is wrong with a command goes to stderr, and its answers to stdout") {
    Swarm swarm;
    auto const ended = swarm.run({"-c", "find nothing", "-c", "status"});
    CHECK(ended.code == 3);
    CHECK(ended.err == "xfs-peer: find: no peer that is up has 'nothing'\n");
    CHECK(ended.out.starts_with("listens on  127.0.0.1:"));
    CHECK(ended.out.find('\r') == std::string::npos);
    CHECK(ended.out.find('\x1b') == std::string::npos);
}
