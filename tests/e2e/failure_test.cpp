// Programs and disks that fail while others depend on them.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// One file at two sources (or one), and a download of it that takes some seconds.
class SlowDownload {
  public:
    explicit SlowDownload(std::uint64_t size, bool two_sources = true) : bytes(noise(size)) {
        for (auto const* name : {"a", "b"}) {
            if (two_sources || *name == 'a') {
                write_file(swarm.directory(name) / "big.bin", bytes);
            }
        }
        a = std::make_unique<Source>(swarm, "a");
        if (two_sources) {
            b = std::make_unique<Source>(swarm, "b");
        }
        sink = swarm.directory("sink");
        download = start();
        wait_for_progress(*download);
    }

    [[nodiscard]] std::unique_ptr<Process> start() const {
        return swarm.start("sink", {"download big.bin"}, {"--max-download-limit", "2M"});
    }

    int wait() { return download->wait(2 * patience); }

    [[nodiscard]] bool complete() const { return holds(sink / "big.bin", bytes); }

    [[nodiscard]] bool absent() const { return !fs::exists(sink / "big.bin"); }

    Swarm swarm;
    std::string bytes;
    fs::path sink;
    std::unique_ptr<Source> a;
    std::unique_ptr<Source> b;
    std::unique_ptr<Process> download;
};

/// A small file system of its own; not mounted where that is not allowed.
class SmallDisk {
  public:
    SmallDisk(fs::path path, std::uint64_t bytes) : path_(std::move(path)), problem_(own_mounts()) {
        auto const options = "size=" + std::to_string(bytes);
        if (problem_.empty() &&
            ::mount("xfs-test", path_.c_str(), "tmpfs", 0, options.c_str()) != 0) {
            problem_ = std::strerror(errno);
        }
    }

    ~SmallDisk() {
        if (problem_.empty()) {
            ::umount2(path_.c_str(), MNT_DETACH);
        }
    }

    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;

    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    fs::path path_;
    std::string problem_;
};

/// From now on the program may write no larger file (`ulimit -f`).
void limit_files(Process const& program, std::uint64_t bytes) {
    rlimit const limit{bytes, bytes};
    REQUIRE(::prlimit(program.pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
}

constexpr auto const* too_large =
    "it is larger than the file size limit of this process (ulimit -f)";

/// Whether some peer is told of the file.
bool is_found(Swarm const& swarm, std::string const& name) {
    return swarm.run({"-c", "find " + name}).code == 0;
}

}  // namespace

TEST_CASE("A download survives that one of its two sources is killed") {
    SlowDownload test(8 * mib);
    test.a->process.signal(SIGKILL);
    CHECK(test.wait() == 0);
    CHECK(test.complete());
}

TEST_CASE("A download survives that one of its two sources stops answering") {
    SlowDownload test(8 * mib);
    test.a->process.signal(SIGSTOP);
    CHECK(test.wait() == 0);
    CHECK(test.complete());
    // Four for the bytes, and some until what was asked of it is asked of the other.
    CHECK(events_of(test.download->out(), "summary").at(0).at("seconds") < 15);
    test.a->process.signal(SIGCONT);
    test.a->process.signal(SIGTERM);
    CHECK(test.a->process.wait() == 0);
}

TEST_CASE("A download whose only source is killed ends with 5, and goes on when it is back") {
    SlowDownload test(8 * mib, false);
    test.a->process.signal(SIGKILL);
    CHECK(test.wait() == 5);
    CHECK(test.absent());
    auto const failed = events_of(test.download->out(), "downloaded");
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].at("ok") == false);
    CHECK(
        failed[0].at("error").get<std::string>().starts_with("no source is left: " + host() + ":"));
    Source const again(test.swarm, "a");
    auto const resumed = test.swarm.in("sink", {"download big.bin"});
    CHECK(resumed.code == 0);
    CHECK(resumed.event("downloaded").at("bytes_resumed") > 0);
    CHECK(test.complete());
}

TEST_CASE("A download whose only source is restarted goes on by itself") {
    SlowDownload test(12 * mib, false);
    test.a->process.signal(SIGKILL);
    test.a->process.wait();
    Source const again(test.swarm, "a");
    CHECK(test.wait() == 0);
    CHECK(test.complete());
}

TEST_CASE("A download does not need the tracker once it has begun") {
    SlowDownload test(8 * mib);
    test.swarm.kill_tracker();
    CHECK(test.wait() == 0);
    CHECK(test.complete());
}

TEST_CASE("Peers register again by themselves when the tracker is back, with their files") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "still here");
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    CHECK(b.ask_one("find file.txt").at("port") == a.port);
    swarm.kill_tracker();
    auto const lost = b.ask_one("find file.txt");
    CHECK(lost.at("code") == 4);
    swarm.start_tracker();
    eventually("the file is found again",
               [&] { return b.ask_one("find file.txt").value("port", 0) == a.port; });
}

TEST_CASE("Without a tracker updatelist says so and keeps nobody waiting for ever") {
    Swarm swarm;
    Shell a(swarm, "a");
    swarm.kill_tracker();
    auto const answer = a.ask_one("updatelist");
    CHECK(answer.at("code") == 4);
    swarm.start_tracker();
    eventually("the tracker is there again",
               [&] { return a.ask_one("updatelist").at("event") == "updated"; });
}

TEST_CASE("A peer that stops answering is found no more, until it answers again") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "sleepy");
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    CHECK(b.ask_one("find file.txt").at("event") == "source");
    a.process.signal(SIGSTOP);
    eventually("it is not found",
               [&] { return b.ask_one("find file.txt").at("event") == "error"; });
    a.process.signal(SIGCONT);
    eventually("it is found again",
               [&] { return b.ask_one("find file.txt").at("event") == "source"; });
}

TEST_CASE("Ctrl-C ends a download with 7, and the same command goes on where it stopped") {
    SlowDownload test(8 * mib, false);
    wait_for_progress(*test.download, mib);
    test.download->signal(SIGINT);
    CHECK(test.wait() == 7);
    CHECK(test.absent());
    auto const again = test.start();
    CHECK(again->wait(2 * patience) == 0);
    auto const file = events_of(again->out(), "downloaded").at(0);
    CHECK(file.at("bytes_resumed") >= mib);
    CHECK(file.at("bytes_resumed").get<std::uint64_t>() +
              file.at("bytes_fetched").get<std::uint64_t>() ==
          test.bytes.size());
    CHECK(test.complete());
}

TEST_CASE("A sink that is killed leaves nothing under the name, and goes on after that") {
    SlowDownload test(8 * mib, false);
    wait_for_progress(*test.download, mib);
    test.download->signal(SIGKILL);
    test.wait();
    CHECK(test.absent());
    auto const again = test.swarm.in("sink", {"download big.bin"});
    CHECK(again.code == 0);
    CHECK(again.event("downloaded").at("bytes_resumed") > 0);
    CHECK(test.complete());
    CHECK(again.event("downloaded").at("chunks_rejected") == 0);
}

TEST_CASE("A full disk ends a download with 9, with nothing under the name") {
    Swarm swarm;
    SmallDisk const disk(swarm.directory("sink"), 4 * mib);
    if (!disk.problem().empty()) {
        WARN("not tested: cannot mount a tmpfs: " << disk.problem());
        return;
    }
    write_file(swarm.directory("a") / "big.bin", noise(8 * mib));
    Source const a(swarm, "a");
    auto const ended = swarm.in("sink", {"download big.bin"});
    CHECK(ended.code == 9);
    auto const error = ended.event("downloaded").at("error").get<std::string>();
    CHECK(error.find("the disk is full") != std::string::npos);
    CHECK_FALSE(fs::exists(swarm.directory("sink") / "big.bin"));
    CHECK(swarm.in("sink", {"status"}).code == 0);
}

TEST_CASE("A disk that fills up keeps what was fetched, and with room the same command goes on") {
    Swarm swarm;
    auto const sink = swarm.directory("sink");
    SmallDisk const disk(sink, 24 * mib);
    if (!disk.problem().empty()) {
        WARN("not tested: cannot mount a tmpfs: " << disk.problem());
        return;
    }
    auto const bytes = noise(20 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Source const a(swarm, "a", {"--max-upload-limit", "4M"});
    auto const download = swarm.start("sink", {"download big.bin"});
    wait_for_progress(*download, 4 * mib);
    CHECK_THROWS(write_file(sink / "filler", noise(24 * mib)));
    CHECK(download->wait(2 * patience) == 9);
    auto const failed = events_of(download->out(), "downloaded").at(0);
    CHECK_THAT(failed.at("error").get<std::string>(),
               ContainsSubstring("the disk is full: 'big.bin' needs ") &&
                   ContainsSubstring("what was fetched is kept"));
    CHECK_FALSE(fs::exists(sink / "big.bin"));
    fs::remove(sink / "filler");
    auto const again = swarm.in("sink", {"download big.bin"});
    CHECK(again.code == 0);
    CHECK(again.event("downloaded").at("bytes_resumed") >= 4 * mib);
    CHECK(holds(sink / "big.bin", bytes));
}

TEST_CASE("A file larger than a process may write ends with 9, and the downloads beside it go on") {
    Swarm swarm;
    auto const bytes = noise(2 * mib);
    write_file(swarm.directory("a") / "fits.bin", bytes);
    write_file(swarm.directory("a") / "huge.bin", noise(9 * mib));
    Source const a(swarm, "a");
    Shell sink(swarm, "sink");
    limit_files(sink.process(), 8 * mib);
    for (auto const& answer : sink.ask("download *.bin")) {
        if (answer.at("event") == "downloaded" && answer.at("name") == "huge.bin") {
            CHECK(answer.at("code") == 9);
            CHECK_THAT(answer.at("error").get<std::string>(),
                       ContainsSubstring("'huge.bin'") && ContainsSubstring(too_large));
        }
    }
    CHECK(holds(sink.directory() / "fits.bin", bytes));
    auto const left = fs::directory_iterator(sink.directory());
    CHECK(std::distance(begin(left), end(left)) == 1);
    sink.process().close_input();
    CHECK(sink.process().wait() == 9);
}

TEST_CASE("A push of a file that the other may not write is told at both ends, and harms nobody") {
    Swarm swarm;
    write_file(swarm.directory("a") / "fits.bin", "small");
    write_file(swarm.directory("a") / "huge.bin", noise(9 * mib));
    Source const a(swarm, "a");
    Source b(swarm, "b", {"--accept-push"});
    limit_files(b.process, 8 * mib);
    auto const pushed = swarm.in("p", {"push huge.bin --to all"});
    CHECK(pushed.code == 1);
    auto const told = pushed.event("pushed");
    for (auto const& target : told.at("targets")) {
        if (target.at("port") == b.port) {
            CHECK(target.at("state") == "failed");
            CHECK_THAT(target.at("reason").get<std::string>(), ContainsSubstring(too_large));
        }
    }
    b.process.wait_for_err("'huge.bin', which another peer pushed, could not be fetched");
    CHECK_THAT(b.process.err(), ContainsSubstring(too_large));
    CHECK(swarm.in("p", {"push fits.bin --to all"}).code == 0);
    CHECK(holds(b.directory / "fits.bin", "small"));
}

TEST_CASE("A directory that may not be read is refused with 9") {
    if (::geteuid() == 0) {
        WARN("not tested: root may read everything");
        return;
    }
    Swarm swarm;
    auto const directory = swarm.directory("closed");
    fs::permissions(directory, fs::perms::none);
    auto const ended = swarm.in("closed", {"status"});
    fs::permissions(directory, fs::perms::owner_all);
    CHECK(ended.code == 9);
}

TEST_CASE("A directory that vanishes while it is shared takes its files with it") {
    Swarm swarm;
    write_file(swarm.directory("a") / "sub/file.txt", "gone soon");
    Source const a(swarm, "a");
    CHECK(is_found(swarm, "sub/file.txt"));
    fs::remove_all(swarm.directory("a") / "sub");
    eventually("it is found no more", [&] { return !is_found(swarm, "sub/file.txt"); });
}

TEST_CASE("Sinks that download at once from one limited source get equal parts") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.bin", noise(4 * mib, 1));
    write_file(swarm.directory("a") / "two.bin", noise(4 * mib, 2));
    Source const a(swarm, "a", {"--max-upload-limit", "2M"});
    auto const one = swarm.start("b", {"download one.bin"});
    wait_for_progress(*one);
    auto const two = swarm.start("c", {"download two.bin"});
    wait_for_progress(*two);
    wait_for_progress(*one);  // and has not ended before the other began
    CHECK(one->wait() == 0);
    CHECK(two->wait() == 0);
    auto const seconds = [](Process const& sink) {
        return events_of(sink.out(), "summary").at(0).at("seconds").get<double>();
    };
    CHECK(seconds(*two) < 2 * seconds(*one));
    CHECK(seconds(*one) < 2 * seconds(*two));
    // Together they cannot be faster than the limit, but for what is read ahead at the start.
    CHECK(seconds(*one) + seconds(*two) > 4);
}

TEST_CASE("A tracker is reached by its name, and a name that nobody has is told at once") {
    Swarm const swarm(Swarm::Tracker::down);
    Process tracker(XFS_TRACKER_PROGRAM, {.arguments = {"--bind", "tcp://127.0.0.1:0"},
                                          .environment = {},
                                          .home = swarm.path(),
                                          .directory = {}});
    tracker.wait_for_out("\n");
    auto const out = tracker.out();
    auto const port = out.substr(out.rfind(':'), out.find('\n') - out.rfind(':'));
    auto const peers_of = [&](std::string const& host) {
        return run_to_end(XFS_PEER_PROGRAM,
                          {.arguments = {"--tracker", "tcp://" + host + port, "--tracker-timeout",
                                         "5s", "-c", "peers"},
                           .environment = {},
                           .home = swarm.path(),
                           .directory = {}});
    };
    CHECK(peers_of("localhost").code == 0);
    auto const unknown = peers_of("no-such-host.invalid");
    CHECK(unknown.code == 4);
    CHECK(unknown.says("cannot look up 'no-such-host.invalid'"));
}
