// What the programs do when nobody can have what they write.
#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <csignal>
#include <ranges>
#include <string>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr auto const* no_room = ": cannot write to stdout: No space left on device\n";

/// The program, started by a shell that has arranged its streams: "> /dev/full".
Process::Options arranged(std::string const& streams, std::string const& program,
                          Process::Options options) {
    Words const start = {"-c", R"(exec "$0" "$@" )" + streams, program};
    options.arguments.insert(options.arguments.begin(), start.begin(), start.end());
    return options;
}

Ended run_full(std::string const& program, Process::Options options) {
    return run_to_end("/bin/sh", arranged("> /dev/full", program, std::move(options)));
}

/// Where a descriptor of a program leads; empty: it has none of that number.
std::string target_of(Process const& program, std::string const& descriptor) {
    std::error_code error;
    return fs::read_symlink("/proc/" + std::to_string(program.pid()) + "/fd/" + descriptor, error);
}

}  // namespace

TEST_CASE("What a program is asked for and cannot write is an error, 9, told on stderr") {
    auto const [name, program, arguments] = GENERATE(table<std::string, std::string, Words>({
        {"xfs-peer", XFS_PEER_PROGRAM, {"--version"}},
        {"xfs-peer", XFS_PEER_PROGRAM, {"--help"}},
        {"xfs-peer", XFS_PEER_PROGRAM, {"plugins"}},
        {"xfs-peer", XFS_PEER_PROGRAM, {"--json", "plugins"}},
        {"xfs-tracker", XFS_TRACKER_PROGRAM, {"--version"}},
        {"xfs-tracker", XFS_TRACKER_PROGRAM, {"--help"}},
        {"xfs-tracker", XFS_TRACKER_PROGRAM, {"--bind", "tcp://127.0.0.1:0", "-q"}},
    }));
    TempDir const home;
    auto const ended = run_full(program, {arguments, {}, home.path(), {}});
    INFO(name << " " << arguments.front());
    CHECK(ended.code == 9);
    CHECK(ended.err == name + no_room);
}

TEST_CASE("Commands whose answers are lost end with 9, and what follows them is not run") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "there");
    Source const a(swarm, "a");
    auto const json = GENERATE(false, true);
    Words arguments = {"--dir", swarm.directory("b"), "-c", "find *", "-c", "download file.txt"};
    if (json) {
        arguments.insert(arguments.begin(), "--json");
    }
    auto const given = run_full(XFS_PEER_PROGRAM, swarm.peer(arguments));
    CHECK(given.code == 9);
    CHECK(given.err == std::string("xfs-peer") + no_room);
    CHECK_FALSE(fs::exists(swarm.directory("b") / "file.txt"));
}

TEST_CASE("Commands from a pipe end when an answer is lost, also where the pipe stays open") {
    Swarm swarm;
    Process peer("/bin/sh", arranged("> /dev/full", XFS_PEER_PROGRAM, swarm.peer({})));
    peer.type("status\n");
    CHECK(peer.wait() == 9);
    CHECK(peer.err() == std::string("xfs-peer") + no_room);
}

TEST_CASE("A peer that cannot say that it is ready does not serve") {
    Swarm swarm;
    auto const ended =
        run_full(XFS_PEER_PROGRAM, swarm.peer({"--dir", swarm.directory("a"), "--serve"}));
    CHECK(ended.code == 9);
    CHECK(ended.err.ends_with(std::string("xfs-peer") + no_room));
}

TEST_CASE("A download whose events nobody can have is stopped, and can be resumed") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Source const a(swarm, "a");
    auto const sink = swarm.directory("sink");
    auto const ended =
        run_full(XFS_PEER_PROGRAM, swarm.peer({"--json", "--max-download-limit", "1M", "--dir",
                                               sink, "-c", "download big.bin"}));
    CHECK(ended.code == 9);
    CHECK_FALSE(fs::exists(sink / "big.bin"));
    CHECK(swarm.in("sink", {"download big.bin"}).code == 0);
    CHECK(holds(sink / "big.bin", bytes));
}

TEST_CASE("A program whose reader is gone ends as SIGPIPE would end it, without a word") {
    Swarm swarm;
    auto const [program, arguments] = GENERATE(table<std::string, Words>({
        {XFS_PEER_PROGRAM, {"-c", "status"}},
        {XFS_PEER_PROGRAM, {"--json", "-c", "status"}},
        {XFS_PEER_PROGRAM, {"--help"}},
        {XFS_TRACKER_PROGRAM, {"--version"}},
    }));
    bool const is_peer = program == XFS_PEER_PROGRAM;
    auto unheard =
        is_peer ? swarm.peer(arguments) : Process::Options{arguments, {}, swarm.path(), {}};
    unheard.unheard = true;
    auto const ended = run_to_end(program, unheard);
    CHECK(ended.code == 128 + SIGPIPE);
    CHECK(ended.err.empty());
}

TEST_CASE("A command that has nothing to say needs no room to say it") {
    Swarm swarm;
    auto const ended = run_full(XFS_PEER_PROGRAM, swarm.peer({"-c", "find nothing"}));
    CHECK(ended.code == 3);
}

TEST_CASE("Standard streams that are closed are opened on nothing, and are no socket's") {
    Swarm swarm;
    bool const is_peer = GENERATE(true, false);
    auto const* const program = is_peer ? XFS_PEER_PROGRAM : XFS_TRACKER_PROGRAM;
    auto options = swarm.peer({"--dir", swarm.directory("a"), "--serve"});
    if (!is_peer) {
        options.arguments = {"--bind", "tcp://" + host() + ":0"};
    }
    Process process("/bin/sh", arranged("<&- >&- 2>&-", program, options));
    eventually("it is busy with its sockets", [&] {
        constexpr int looked_at = 40;
        auto const own = std::views::iota(3, looked_at);
        return std::ranges::any_of(own, [&](int descriptor) {
            return target_of(process, std::to_string(descriptor)).starts_with("socket:");
        });
    });
    for (auto const* descriptor : {"0", "1", "2"}) {
        CHECK(target_of(process, descriptor) == "/dev/null");
    }
    process.signal(SIGTERM);
    CHECK(process.wait() == 0);
}

TEST_CASE("A peer without standard streams runs its commands, and takes none from a closed stdin") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "there");
    Source const a(swarm, "a");
    auto const download =
        swarm.peer({"--dir", swarm.directory("b"), "-c", "download file.txt", "-c", "nonsense"});
    CHECK(run_to_end("/bin/sh", arranged("<&- >&- 2>&-", XFS_PEER_PROGRAM, download)).code == 2);
    CHECK(holds(swarm.directory("b") / "file.txt", "there"));
    CHECK(run_to_end("/bin/sh", arranged("<&-", XFS_PEER_PROGRAM, swarm.peer({}))).code == 0);
}
