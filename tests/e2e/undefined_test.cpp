// What the reference system left undefined.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>
#include <cstdint>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// A file in memory, written to without a call.
class Mapped {
  public:
    explicit Mapped(fs::path const& file)
        : file_(file), size_(fs::file_size(file)), fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
        void* const at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        REQUIRE(at != MAP_FAILED);
        bytes_ = static_cast<char volatile*>(at);
    }

    ~Mapped() {
        ::munmap(const_cast<char*>(bytes_), size_);
        ::close(fd_);
    }

    Mapped(Mapped const&) = delete;
    Mapped& operator=(Mapped const&) = delete;

    void dirty() {
        for (std::size_t i = 0; i < size_; i += 4096) {
            bytes_[i] = bytes_[i];
        }
    }

    void flip(std::size_t at) { bytes_[at] = static_cast<char>(~bytes_[at]); }

    [[nodiscard]] std::vector<std::int64_t> times() const {
        struct stat status {};

        REQUIRE(::stat(file_.c_str(), &status) == 0);
        return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                status.st_ctim.tv_nsec};
    }

  private:
    fs::path file_;
    std::size_t size_;
    int fd_;
    char volatile* bytes_ = nullptr;
};

std::string quoted(std::string const& name) {
    std::string text = "'";
    for (char const c : name) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return text + "'";
}

}  // namespace

TEST_CASE("A download of what is here already fetches nothing") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "the same");
    write_file(swarm.directory("b") / "file.txt", "the same");
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download file.txt"});
    CHECK(ended.code == 0);
    CHECK(ended.event("downloaded").at("present") == true);
    CHECK(ended.event("downloaded").at("bytes_fetched") == 0);
    auto const plain = swarm.run({"--dir", swarm.directory("b"), "-c", "download file.txt"});
    CHECK(plain.out == "file.txt: already here, with equal content\n");
}

TEST_CASE("A download of what only the peer itself has fetches nothing and is no failure") {
    Swarm swarm;
    write_file(swarm.directory("a") / "mine.txt", "mine");
    Shell a(swarm, "a");
    eventually("the own file is announced", [&] {
        auto const found = a.ask("find mine.txt");
        return found.size() == 1 && found[0].value("self", false);
    });
    auto const answers = a.ask("download mine.txt");
    CHECK(answers.back().at("failed") == 0);
    CHECK(holds(a.directory() / "mine.txt", "mine"));
    CHECK(a.ask_one("status").at("bytes_received") == 0);
}

TEST_CASE("A tracker whose address is in use says so and exits with 6") {
    Swarm swarm;
    auto const second = run_to_end(XFS_TRACKER_PROGRAM,
                                   {{"--bind", swarm.endpoint()}, {}, swarm.directory("home"), {}});
    CHECK(second.code == 6);
    CHECK(second.out.empty());
    CHECK(second.says("in use"));
}

TEST_CASE("A peer whose address is in use says so and exits with 6") {
    Swarm swarm;
    Source const a(swarm, "a");
    auto const second = swarm.run({"--bind", at(a.port), "-c", "status"});
    CHECK(second.code == 6);
    CHECK(second.says("the address is in use"));
    auto const foreign = swarm.run({"--bind", "192.0.2.1:0", "-c", "status"});
    CHECK(foreign.code == 6);
}

TEST_CASE("Ctrl-C ends a peer that waits for a tracker with 130, SIGTERM with 143") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const [signal, code] = GENERATE(std::pair(SIGINT, 130), std::pair(SIGTERM, 143));
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"-c", "status"}));
    peer.wait_for_err("waiting for it");
    peer.signal(signal);
    CHECK(peer.wait() == code);
}

TEST_CASE("SIGTERM ends a peer whenever it comes, also just before a command") {
    Swarm swarm;
    write_file(swarm.directory("a") / "big.bin", noise(8 * mib));
    Source const a(swarm, "a");
    using Clock = std::chrono::steady_clock;
    auto const begin = Clock::now();
    CHECK(swarm.in("b", {"status"}).code == 0);
    auto const whole = Clock::now() - begin;
    constexpr int moments = 60;
    for (int moment = 0; moment < moments; ++moment) {
        INFO(moment);
        auto const peer = swarm.start("b" + std::to_string(moment), {"download big.bin"},
                                      {"--max-download-limit", "100K"});
        auto const comm = "/proc/" + std::to_string(peer->pid()) + "/comm";
        while (read_file(comm) != "xfs-peer\n") {  // before, it is this program
        }
        auto const then = Clock::now() + moment * whole / moments;
        while (Clock::now() < then) {
        }
        peer->signal(SIGTERM);
        auto const code = peer->wait();
        CAPTURE(code);
        REQUIRE((code == 143 || code == -SIGTERM));  // it was there to hear it, or not yet
    }
}

TEST_CASE("A second Ctrl-C does not disturb a peer that is leaving, nor its download's remains") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Source const a(swarm, "a");
    auto const download = swarm.start("b", {"download big.bin"}, {"--max-download-limit", "1M"});
    wait_for_progress(*download);
    download->signal(SIGINT);
    download->signal(SIGINT);
    auto const code = download->wait();
    CHECK((code == 7 || code == 130));
    CHECK_FALSE(fs::exists(swarm.directory("b") / "big.bin"));
    auto const again = swarm.in("b", {"download big.bin"});
    CHECK(again.code == 0);
    CHECK(again.event("downloaded").at("bytes_resumed") > 0);
    CHECK(holds(swarm.directory("b") / "big.bin", bytes));
}

TEST_CASE("A file that is rewritten while it is served never arrives as a mixture") {
    Swarm swarm;
    auto const before = noise(6 * mib, 1);
    auto const after = noise(6 * mib, 2);
    write_file(swarm.directory("a") / "file.bin", before);
    Source const a(swarm, "a");
    auto const sink = swarm.directory("b");
    auto const download = swarm.start("b", {"download file.bin"}, {"--max-download-limit", "1M"});
    wait_for_progress(*download);
    write_file(a.directory / "file.bin", after);
    CHECK(download->wait(2 * patience) == 0);  // it goes on with what has the name now
    INFO(download->out());
    CHECK(holds(sink / "file.bin", after));
    CHECK_THAT(
        download->err(),
        ContainsSubstring("'file.bin' has changed at its sources; fetching its new version"));
}

TEST_CASE("Bytes that change behind the back of their source are noticed when a sink says so") {
    Swarm swarm;
    auto const file = swarm.directory("a") / "file.bin";
    write_file(file, noise(3 * mib));
    Mapped mapped(file);
    mapped.dirty();  // from now on a write leaves no trace in the file's times
    Source const a(swarm, "a");
    auto const before = mapped.times();
    mapped.flip(mib + 5);
    if (mapped.times() != before) {
        WARN("not tested: this file system notices each write through a mapping");
        return;
    }
    auto const ended = swarm.in("b", {"download file.bin"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", read_file(file)));
    CHECK(ended.says("about 'file.bin': it sent corrupt data"));
    CHECK(ended.says("fetching its new version"));
}

TEST_CASE("A version that is asked for by its id is not taken for another, however it ends") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(6 * mib, 1));
    Source const a(swarm, "a");
    auto const id =
        swarm.in("x", {"find file.bin"}).event("source").at("content").get<std::string>();
    auto const download =
        swarm.start("b", {"download file.bin@" + id}, {"--max-download-limit", "1M"});
    wait_for_progress(*download);
    write_file(a.directory / "file.bin", noise(6 * mib, 2));
    auto const code = download->wait(2 * patience);
    CHECK((code == 3 || code == 5));
    CHECK_FALSE(fs::exists(swarm.directory("b") / "file.bin"));
}

TEST_CASE("A file that is rewritten at one source is completed from the other") {
    Swarm swarm;
    auto const before = noise(6 * mib, 1);
    for (auto const* name : {"a", "c"}) {
        write_file(swarm.directory(name) / "file.bin", before);
    }
    Source const a(swarm, "a");
    Source const c(swarm, "c");
    auto const sink = swarm.directory("b");
    auto const download = swarm.start("b", {"download file.bin"}, {"--max-download-limit", "1M"});
    wait_for_progress(*download);
    write_file(a.directory / "file.bin", noise(6 * mib, 2));
    CHECK(download->wait(2 * patience) == 0);
    CHECK(holds(sink / "file.bin", before));
}

TEST_CASE("Names of every allowed kind are found, downloaded and kept as they are") {
    Swarm swarm;
    std::vector<std::string> const names = {"two words.txt",
                                            " leading and trailing ",
                                            "Größe-数据-🐟.bin",
                                            "it's \"quoted\".txt",
                                            "back\\slash.txt",
                                            "deep/er/and deeper/file.txt",
                                            "-leading-dash",
                                            "--force",
                                            "star*.txt",
                                            "what?[a-z]{x,y}!.txt",
                                            "[ab]",
                                            "#hash",
                                            "name@1234abcd",
                                            "$HOME;echo `x`|&>",
                                            "...",
                                            ".hidden/.file"};
    for (auto const& name : names) {
        write_file(swarm.directory("a") / name, "content of " + name);
    }
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    for (auto const& name : names) {
        INFO(name);
        auto const found = b.ask("find " + quoted(name));
        REQUIRE(found.size() == 1);
        CHECK(found[0].value("name", "") == name);
        auto const answers = b.ask("download -- " + quoted(name));
        CHECK(answers.back().value("failed", 9) == 0);
        CHECK(holds(b.directory() / name, "content of " + name));
    }
}

TEST_CASE("Names that cannot be shared are left out, with a word about it") {
    Swarm swarm;
    auto const directory = swarm.directory("a");
    write_file(directory / "good.txt", "good");
    write_file(directory / "new\nline.txt", "bad");
    write_file(directory / "escape\x1b[31m.txt", "bad");
    write_file(directory / "latin1-\xe9.txt", "bad");
    auto const updated = swarm.in("a", {"updatelist", "files"});
    CHECK(updated.code == 0);
    CHECK(updated.event("file").at("name") == "good.txt");
    CHECK(updated.event("updated").at("skipped") == 3);
    CHECK(updated.err.find('\x1b') == std::string::npos);
}

TEST_CASE("A link that leaves the directory is not shared, nor is anything written through it") {
    Swarm swarm;
    auto const outside = swarm.directory("outside");
    write_file(outside / "secret.txt", "secret");
    fs::create_symlink(outside / "secret.txt", swarm.directory("a") / "link.txt");
    fs::create_directory_symlink(outside, swarm.directory("a") / "way");
    write_file(swarm.directory("a") / "plain.txt", "plain");
    CHECK(swarm.in("a", {"updatelist"}).event("updated").at("files") == 1);

    write_file(swarm.directory("c") / "way/in.txt", "should not get out");
    Source const c(swarm, "c");
    auto const ended = swarm.in("a", {"download way/in.txt"});
    CHECK(ended.code == 9);
    CHECK_FALSE(fs::exists(outside / "in.txt"));
}

TEST_CASE("A file keeps its time, and with --keep-mode what is executable stays so") {
    Swarm swarm;
    auto const at_a = [&](char const* name) { return swarm.directory("a") / name; };
    write_file(at_a("tool"), "#!/bin/sh\n");
    write_file(at_a("text"), "text");
    fs::permissions(at_a("tool"), fs::perms::owner_all);
    using namespace std::chrono_literals;
    auto const then = fs::file_time_type::clock::now() - 1000h;
    fs::last_write_time(at_a("tool"), then);
    Source const a(swarm, "a");
    bool const keep = GENERATE(false, true);
    auto const ended = swarm.in("b", {"download *"}, keep ? Words{"--keep-mode"} : Words{});
    CHECK(ended.code == 0);
    auto const mode = [&](char const* name) {
        return fs::status(swarm.directory("b") / name).permissions();
    };
    CHECK(((mode("tool") & fs::perms::owner_exec) != fs::perms::none) == keep);
    CHECK((mode("text") & fs::perms::owner_exec) == fs::perms::none);
    CHECK(fs::last_write_time(swarm.directory("b") / "tool") == fs::last_write_time(at_a("tool")));
}
