// Small files that are fetched together, and what becomes of one that cannot be.
#include "downloader.hpp"

#include <algorithm>
#include <string>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// So many small files, each another, at one source.
struct SmallFiles {
    explicit SmallFiles(std::size_t count, Downloader::Options const& options = {}) : sut(options) {
        for (std::size_t i = 0; i < count; ++i) {
            files.push_back(sample(1000 + i, static_cast<unsigned>(i)));
            sut.share(source, name(i), files.back());
        }
    }

    static std::string name(std::size_t i) { return "small" + std::to_string(100 + i) + ".bin"; }

    Downloader::Job run() { return sut.run(Downloader::order("small*")); }

    [[nodiscard]] std::size_t right_files() const {
        std::size_t right = 0;
        for (std::size_t i = 0; i < files.size(); ++i) {
            right += sut.read(name(i)) == files[i].bytes ? 1 : 0;
        }
        return right;
    }

    /// What was said of this one.
    static DownloadedFile const& told(Downloader::Job const& job, std::string const& name) {
        auto const& all = (*job.result)->value().files;
        return *std::ranges::find(all, name, &DownloadedFile::name);
    }

    static std::size_t failed(Downloader::Job const& job) {
        auto const& all = (*job.result)->value().files;
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [](auto const& file) { return file.error.has_value(); }));
    }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    std::vector<Sample> files;
};

}  // namespace

TEST_CASE("Small files come as few chunks, and each is told of as if it had come alone") {
    SmallFiles share(100);
    auto const job = share.run();
    CHECK(share.right_files() == 100);
    CHECK(SmallFiles::failed(job) == 0);
    CHECK(share.source.chunks_sent == 2);
    REQUIRE(share.source.bundles.size() == 2);
    CHECK(share.source.bundles[0].size() == wire::limits::contents_per_bundle);
    CHECK(share.sut.fetched.size() == 100);
    auto const& report = (*job.result)->value();
    CHECK(report.files.size() == 100);
    auto const& seventh = SmallFiles::told(job, SmallFiles::name(7));
    CHECK(seventh.bytes_fetched == 1007);
    CHECK(seventh.content == wire::to_hex(share.files[7].content));
    REQUIRE(seventh.sources.size() == 1);
    CHECK(seventh.sources[0].endpoint == share.source.listens.to_string());
    CHECK(seventh.sources[0].bytes == 1007);
    CHECK(report.bytes_fetched == 100 * 1000 + 99 * 100 / 2);
    CHECK(share.sut.chunks.open() == 0);
}

TEST_CASE("One damaged file of a bundle is fetched again alone, and the others are not") {
    SmallFiles share(10);
    share.source.damaged_in_bundles = {share.files[3].content};
    auto const job = share.run();
    CHECK(share.right_files() == 10);
    CHECK(SmallFiles::failed(job) == 0);
    CHECK(share.source.chunks_sent == 2);
    CHECK(share.sut.has_logged("source-lied"));
    CHECK(share.sut.counters[telemetry::Counter::chunks_rejected] == 1);
}

TEST_CASE("A file that no source has right fails alone, for the same reason as if it were alone") {
    SmallFiles share(10);
    share.source.contents.at(share.files[3].content).bytes[0] ^= 1;
    auto const job = share.run();
    CHECK(share.right_files() == 9);
    CHECK(SmallFiles::failed(job) == 1);
    SmallFiles alone(1);
    alone.source.contents.at(alone.files[0].content).bytes[0] ^= 1;
    auto const error = alone.run().file().error;
    REQUIRE(error);
    auto const& told = SmallFiles::told(job, SmallFiles::name(3)).error;
    REQUIRE(told);
    CHECK(told->code == error->code);
    CHECK(told->message == error->message);
    CHECK(share.sut.leftovers(".part").empty());
}

TEST_CASE("A source that refuses bundles gives each file alone, and is soon not asked for them") {
    SmallFiles share(1000);
    share.source.refuses_bundles = true;
    auto const job = share.run();
    CHECK(share.right_files() == 1000);
    CHECK(SmallFiles::failed(job) == 0);
    CHECK(share.source.bundles.size() < 13);
}

TEST_CASE("What is here already is not fetched, and what is in the way is said and kept") {
    SmallFiles share(6);
    std::ofstream(share.sut.directory.path() / SmallFiles::name(1), std::ios::binary)
        << share.files[1].bytes;
    std::ofstream(share.sut.directory.path() / SmallFiles::name(2), std::ios::binary) << "mine";
    auto const job = share.run();
    CHECK(SmallFiles::told(job, SmallFiles::name(1)).present);
    REQUIRE(SmallFiles::told(job, SmallFiles::name(2)).error);
    CHECK(SmallFiles::told(job, SmallFiles::name(2)).error->code == Errc::disk);
    CHECK(share.sut.read(SmallFiles::name(2)) == "mine");
    CHECK(share.right_files() == 5);
    REQUIRE(share.source.bundles.size() == 1);
    CHECK(share.source.bundles[0].size() == 4);
}

TEST_CASE("A source that is busy is waited for, and then gives the bundle") {
    SmallFiles share(10);
    share.source.refuses = wire::ErrorCode::busy;
    auto const job = share.sut.start(Downloader::order("small*"));
    share.sut.time.pass(5s);
    CHECK_FALSE(job.done());
    share.source.refuses.reset();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(share.right_files() == 10);
    CHECK(share.source.chunks_sent == 1);
}

TEST_CASE("Where a source dies with a bundle, the others give its files") {
    SmallFiles share(10);
    auto& other = share.sut.add_peer();
    for (std::size_t i = 0; i < share.files.size(); ++i) {
        share.sut.share(other, SmallFiles::name(i), share.files[i]);
    }
    share.source.time_of_a_chunk = 1h;
    other.answers_after = 50ms;  // so that it is not the first choice
    auto const job = share.run();
    CHECK(share.right_files() == 10);
    CHECK(SmallFiles::failed(job) == 0);
}

TEST_CASE("Only files that the same peers have are bundled") {
    SmallFiles share(4);
    auto& other = share.sut.add_peer();
    share.sut.share(other, SmallFiles::name(0), share.files[0]);
    share.sut.share(other, SmallFiles::name(1), share.files[1]);
    share.run();
    CHECK(share.right_files() == 4);
    for (auto const* const peer : {&share.source, &other}) {
        CHECK(std::ranges::all_of(peer->bundles,
                                  [](auto const& bundle) { return bundle.size() == 2; }));
    }
    CHECK(share.source.bundles.size() + other.bundles.size() == 2);
}

TEST_CASE("A download that is cancelled reports the files of its bundles, and leaves nothing") {
    SmallFiles share(10);
    share.source.time_of_a_chunk = 1h;
    auto const job = share.sut.start(Downloader::order("small*"));
    share.sut.time.pass(1s);
    CHECK(job.task->status().size() == 10);
    job.task->cancel();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(SmallFiles::failed(job) == 10);
    CHECK(share.sut.leftovers(".part").empty());
    CHECK(share.sut.chunks.open() == 0);
}

TEST_CASE("With a limit for each file, and where files are replaced, each comes alone") {
    SmallFiles limited(3, {.bytes_per_second = 1'000'000});
    limited.run();
    CHECK(limited.right_files() == 3);
    CHECK(limited.source.bundles.empty());
    SmallFiles forced(3);
    auto order = Downloader::order("small*");
    order.force = true;
    forced.sut.run(std::move(order));
    CHECK(forced.right_files() == 3);
    CHECK(forced.source.bundles.empty());
}
