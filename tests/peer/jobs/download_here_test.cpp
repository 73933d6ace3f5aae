// What a download makes of that which is here already, and how it puts files there.
#include "downloader.hpp"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A file of eight chunks at a source.
struct Target {
    Target() : Target(Downloader::Options()) {}

    explicit Target(Downloader::Options const& options) : sut(options) {
        sut.share(source, "file.bin", file);
    }

    Downloader::Job run() { return sut.run(Downloader::order("file.bin")); }

    [[nodiscard]] mode_t mode() const {
        struct stat status {};

        REQUIRE(::stat((sut.directory.path() / "file.bin").c_str(), &status) == 0);
        return status.st_mode;
    }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    Sample file = sample(8 * chunk_bytes);
    std::string other_bytes = sample(8 * chunk_bytes, 2).bytes;
};

}  // namespace

// ---- this peer's own files ----

TEST_CASE("A file that the index knows as it stands there is not read again") {
    Target share;
    // So that to read it would tell: its bytes are others than the index says.
    share.sut.put_own("file.bin", share.other_bytes, share.file);
    auto const job = share.run();
    CHECK_FALSE(job.file().error);
    CHECK(job.file().present);
    CHECK(share.source.chunks_sent == 0);
}

TEST_CASE("A file that has changed since the index knew it is read") {
    Target share;
    share.sut.put_own("file.bin", share.other_bytes, share.file);
    std::ofstream(share.sut.directory.path() / "file.bin", std::ios::binary) << share.other_bytes;
    auto const job = share.run();
    CHECK_FALSE(job.file().present);
    CHECK(job.file().error->code == Errc::disk);
}

TEST_CASE("A file that the index knows as another content is no reason not to fetch it") {
    Target share;
    auto const other = sample(8 * chunk_bytes, 2);
    share.sut.put_own("file.bin", other.bytes, other);
    auto order = Downloader::order("file.bin");
    order.force = true;
    CHECK_FALSE(share.sut.run(std::move(order)).file().present);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("A file with other content stays as it is unless it is to be replaced") {
    Target share;
    std::ofstream(share.sut.directory.path() / "file.bin", std::ios::binary) << "mine";
    auto const job = share.run();
    CHECK(job.file().error->code == Errc::disk);
    CHECK(share.source.wanted.empty());
    CHECK(share.sut.read("file.bin") == "mine");
    CHECK(share.sut.leftovers(".part").empty());
}

TEST_CASE("What this peer has under another name it need not ask to have described") {
    Target share;
    share.sut.put_own("copy.bin", share.file.bytes, share.file);
    CHECK_FALSE(share.run().file().error);
    CHECK(share.source.manifests_asked == 0);
}

TEST_CASE("Where this peer's own description of a content is wrong another is asked for one") {
    Target share;
    auto own = share.sut.put_own("copy.bin", share.file.bytes, share.file);
    own.manifest = std::make_shared<std::string const>("no manifest");
    share.sut.shared.put(own);
    CHECK_FALSE(share.run().file().error);
    CHECK(share.source.manifests_asked == 1);
}

// ---- attributes ----

TEST_CASE("A file keeps the time of its source, and is executable only where modes are kept") {
    auto const keep = GENERATE(false, true);
    Target share({.keep_mode = keep});
    auto const time = std::filesystem::file_time_type::clock::from_sys(
        std::chrono::sys_time<std::chrono::seconds>(1'000'000'000s));
    share.source.attributes = {1'000'000'000ULL * 1'000'000'000, true};
    CHECK_FALSE(share.run().file().error);
    CHECK(std::filesystem::last_write_time(share.sut.directory.path() / "file.bin") == time);
    CHECK(((share.mode() & S_IXUSR) != 0) == keep);
}

// ---- what is reported ----

TEST_CASE("The size of a file is what its description says, not what the tracker does") {
    Target share;
    share.sut.tracker.files.front().size = 1;
    std::vector<DownloadProgress> told;
    auto order = Downloader::order("file.bin");
    order.on_progress = [&](auto const& progress) { told.push_back(progress); };
    auto const job = share.sut.run(std::move(order));
    CHECK(job.file().size == share.file.bytes.size());
    REQUIRE(told.size() >= 2);
    CHECK(told.front().bytes_total == 1);
    CHECK(told.back().bytes_total == share.file.bytes.size());
    CHECK(told.back().bytes_done == share.file.bytes.size());
}

TEST_CASE("A file that failed is not counted as done") {
    Target share;
    std::ofstream(share.sut.directory.path() / "file.bin", std::ios::binary) << "mine";
    share.sut.share(share.source, "other.bin", sample(1000, 2));
    DownloadProgress last;
    auto order = Downloader::order("*.bin");
    order.on_progress = [&](auto const& progress) { last = progress; };
    auto const job = share.sut.run(std::move(order));
    CHECK((**job.result)->files.size() == 2);
    CHECK(last.bytes_done == 1000);
}

TEST_CASE("The parts of a file that are here are told without gaps and without overlaps") {
    DownloadProgress progress;  // told to the end of the download, which is that of the test
    Target share;
    share.source.time_of_a_chunk = 100ms;
    auto order = Downloader::order("file.bin");
    order.on_progress = [&](auto const& told) { progress = told; };
    auto const job = share.sut.start(std::move(order));
    share.sut.pass_until_stored(job, 4 * chunk_bytes);
    share.sut.time.pass(50ms);
    REQUIRE(progress.running.size() == 1);
    std::uint64_t bytes = 0;
    std::uint64_t end = 0;
    for (auto const& range : progress.running.front().ranges) {
        CHECK((range.begin > end || end == 0));  // else they would be one
        end = range.end;
        bytes += range.end - range.begin;
    }
    CHECK(bytes == progress.running.front().bytes_done);
}

TEST_CASE("A download that is cancelled reports the files that it has, and how the others ended") {
    Target share;
    share.source.time_of_a_chunk = 100ms;
    share.sut.share(share.source, "a.bin", sample(1000, 2));
    auto const job = share.sut.start(Downloader::order("*.bin"));
    REQUIRE(share.sut.time.pass_until([&] { return !share.sut.read("a.bin").empty(); }));
    share.sut.time.pass(50ms);
    job.task->cancel();
    REQUIRE(job.done());
    REQUIRE(**job.result);
    auto const& files = (**job.result)->files;
    REQUIRE(files.size() == 2);
    CHECK(std::ranges::count_if(files, [](auto const& file) { return !file.error; }) == 1);
}

TEST_CASE("Another name is for one file, and so is reading while it comes") {
    Target share;
    share.sut.share(share.source, "other.bin", sample(1000, 2));
    auto named = Downloader::order("*.bin");
    named.out = "new.bin";
    CHECK(share.sut.run(std::move(named)).error() == Errc::usage);
    auto read = Downloader::order("*.bin");
    read.stream = std::make_shared<jobs::Stream>();
    CHECK(share.sut.run(std::move(read)).error() == Errc::usage);
    CHECK(share.source.wanted.empty());
}

// ---- places ----

TEST_CASE("A download that is cancelled while it waits for a place leaves it to the next") {
    Target share({.places = 1});
    share.source.time_of_a_chunk = 100ms;
    for (auto const* name : {"second.bin", "third.bin"}) {
        share.sut.share(share.source, name, sample(1000, static_cast<unsigned>(*name)));
    }
    auto const first = share.sut.start(Downloader::order("file.bin"));
    share.sut.pass_until_stored(first, chunk_bytes);
    auto const second = share.sut.start(Downloader::order("second.bin"));
    auto const third = share.sut.start(Downloader::order("third.bin"));
    share.sut.time.pass(100ms);
    second.task->cancel();
    REQUIRE(share.sut.time.pass_until([&] { return third.done(); }));
    CHECK_FALSE(third.file().error);
}

TEST_CASE("Of many small files no more than 256 are in progress at once") {
    Downloader sut({.places = 1000});
    auto& source = sut.add_peer();
    source.time_of_a_chunk = 1s;
    for (unsigned i = 0; i < 300; ++i) {
        sut.share(source, std::to_string(i) + ".bin", sample(10, i));
    }
    auto const job = sut.start(Downloader::order("*.bin"));
    std::size_t most = 0;
    REQUIRE(sut.time.pass_until([&] {
        most = std::max(most, job.task->status().size());
        return job.done();
    }));
    CHECK(most == 256);
    CHECK((**job.result)->files.size() == 300);
}
