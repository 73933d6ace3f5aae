// `xfs-peer cleanup`: what downloads that did not end have left.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr auto size = 8 * mib;

/// A download of sub/big.bin that takes four seconds.
struct Slow {
    Slow() : sink(swarm.directory("sink")) {
        write_file(swarm.directory("a") / "sub/big.bin", bytes);
        a = std::make_unique<Source>(swarm, "a", Words{"--max-upload-limit", "2M"});
        download = swarm.start("sink", {"download sub/big.bin"});
        wait_for_progress(*download, mib);
    }

    /// Where the tracker is not asked, since there is none at that address.
    [[nodiscard]] Ended cleanup(Words words = {}) const {
        words.insert(words.begin(), {"--tracker", SilentPort().endpoint(), "cleanup"});
        return run_to_end(
            XFS_PEER_PROGRAM,
            {.arguments = words, .environment = {}, .home = swarm.path(), .directory = sink});
    }

    void kill() const {
        download->signal(SIGKILL);
        download->wait();
    }

    Swarm swarm;
    std::string bytes = noise(size);
    fs::path sink;
    std::unique_ptr<Source> a;
    std::unique_ptr<Process> download;
};

}  // namespace

TEST_CASE("What a killed download has left is listed, and gone after --remove") {
    Slow const test;
    test.kill();
    auto const left = test.cleanup({"--json"});
    CHECK(left.code == 0);
    auto const event = left.event("leftover");
    CHECK(event.at("path").get<std::string>().starts_with("sub/.xfs-"));
    CHECK(event.at("name") == "sub/big.bin");
    CHECK(event.at("chunks") == 64);
    CHECK(event.at("chunks_here") >= 8);
    CHECK(event.at("chunks_here") < 64);
    CHECK(event.at("bytes") >= mib);
    CHECK(event.at("age_seconds") < 60);
    CHECK(event.at("in_use") == false);
    CHECK_THAT(test.cleanup().out, ContainsSubstring("% ") && ContainsSubstring(" sub/big.bin\n"));
    CHECK(test.cleanup({"--older", "1d", "--remove"}).out == "nothing to remove\n");
    CHECK(test.cleanup({"--json"}).events("leftover").size() == 1);
    // From elsewhere, by its path.
    auto const removal =
        run_to_end(XFS_PEER_PROGRAM, {.arguments = {"cleanup", test.sink.string(), "--remove"},
                                      .environment = {},
                                      .home = test.swarm.path(),
                                      .directory = {}});
    CHECK(removal.code == 0);
    CHECK_THAT(removal.out, ContainsSubstring("removed sub/.xfs-"));
    CHECK(fs::is_empty(test.sink / "sub"));
}

TEST_CASE("What a download uses is not removed, and the download ends well") {
    Slow const test;
    CHECK(test.cleanup({"--json"}).event("leftover").at("in_use") == true);
    auto const removal = test.cleanup({"--remove"});
    CHECK(removal.code == 0);
    CHECK_THAT(removal.out, ContainsSubstring("kept, in use: sub/.xfs-"));
    CHECK(test.download->wait(2 * patience) == 0);
    CHECK(holds(test.sink / "sub/big.bin", test.bytes));
    CHECK(test.cleanup({"--json"}).out.empty());
}
