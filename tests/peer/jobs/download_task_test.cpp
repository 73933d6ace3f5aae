#include "downloader.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A file of eight chunks at a source.
struct OneSource {
    OneSource() : OneSource(Downloader::Options()) {}

    explicit OneSource(Downloader::Options const& options) : sut(options) {
        sut.share(source, "file.bin", file);
    }

    Downloader::Job start() { return sut.start(Downloader::order("file.bin")); }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    Sample file = sample(8 * chunk_bytes);
};

}  // namespace

// ---- several downloads ----

TEST_CASE("A second download of a name begins nothing until the first is over, and finds it here") {
    OneSource share;
    auto const first = share.start();
    share.sut.pass_until_stored(first, chunk_bytes);
    auto const second = share.start();
    REQUIRE(share.sut.time.pass_until([&] { return first.done() || second.done(); }));
    CHECK_FALSE(second.done());
    REQUIRE(share.sut.time.pass_until([&] { return second.done(); }));
    CHECK_FALSE(second.file().error);
    CHECK(second.file().present);
    CHECK(share.source.chunks_sent == 8);
}

TEST_CASE("A download that waits for another of its name fetches what that leaves") {
    OneSource share;
    auto const first = share.start();
    share.sut.pass_until_stored(first, 3 * chunk_bytes);
    auto const second = share.start();
    share.sut.time.pass(20ms);
    first.task->cancel();
    REQUIRE(share.sut.time.pass_until([&] { return second.done(); }));
    CHECK_FALSE(second.file().error);
    CHECK(second.file().bytes_resumed >= 3 * chunk_bytes);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("No more files are fetched at once than there are places for, whoever fetches them") {
    OneSource share({.places = 1});
    auto const other = sample(8 * chunk_bytes, 2);
    share.sut.share(share.source, "other.bin", other);
    auto const first = share.start();
    share.sut.pass_until_stored(first, chunk_bytes);
    auto const second = share.sut.start(Downloader::order("other.bin"));
    bool both = false;
    REQUIRE(share.sut.time.pass_until([&] {
        both = both || (first.task->status().size() + second.task->status().size() > 1);
        return second.done();
    }));
    CHECK_FALSE(both);
    CHECK(first.done());
    CHECK(share.sut.read("other.bin") == other.bytes);
}

// ---- what goes wrong ----

TEST_CASE("A source that sends a damaged chunk is not used again, and another completes the file") {
    OneSource share;
    auto& honest = share.sut.add_peer();
    share.sut.share(honest, "file.bin", share.file);
    share.source.damaged_chunks = {0, 1, 2, 3, 4, 5, 6, 7};
    auto const job = share.sut.run(Downloader::order("file.bin"));
    CHECK_FALSE(job.file().error);
    CHECK(job.file().chunks_rejected >= 1);
    CHECK(honest.chunks_sent == 8);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("A damaged chunk from the only source ends a download, and nothing has the name") {
    OneSource share;
    share.source.damaged_chunks = {3};
    // By its id: by its name, what the file is by then would be looked for.
    auto const id = wire::to_hex(share.file.content);
    auto const job = share.sut.run(Downloader::order("file.bin@" + id));
    CHECK(job.file().error->code == Errc::integrity);
    CHECK(share.sut.read("file.bin").empty());
}

TEST_CASE("A journal that is removed from beneath a download costs no chunk that is here") {
    OneSource share;
    auto const first = share.start();
    share.sut.pass_until_stored(first, 3 * chunk_bytes);
    auto const journals = share.sut.leftovers(".journal");
    REQUIRE(journals.size() == 1);
    std::filesystem::remove(journals.front());
    share.sut.pass_until_stored(first, 5 * chunk_bytes);
    first.task->cancel();
    auto const second = share.sut.run(Downloader::order("file.bin"));
    CHECK_FALSE(second.file().error);
    CHECK(second.file().bytes_resumed >= 5 * chunk_bytes);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("A part that is removed from beneath a download is not reported as the file") {
    OneSource share;
    auto const job = share.start();
    share.sut.pass_until_stored(job, 3 * chunk_bytes);
    auto const parts = share.sut.leftovers(".part");
    REQUIRE(parts.size() == 1);
    std::filesystem::remove(parts.front());
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    REQUIRE(job.file().error);
    CHECK(job.file().error->code == Errc::disk);
    CHECK(share.sut.read("file.bin").empty());
}
