// A download that may wait for sources.
#include "downloader.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

jobs::DownloadTask::Order waiting_order(wire::Duration wait) {
    auto order = Downloader::order("file.bin");
    order.wait = wait;
    return order;
}

}  // namespace

TEST_CASE("A download that may not wait ends at once if nobody has the file") {
    Downloader sut;
    auto const begun = sut.time.now();
    CHECK(sut.run(Downloader::order("file.bin")).error() == Errc::not_found);
    CHECK(sut.time.now() == begun);
}

TEST_CASE("A download that may wait asks again every two seconds, and begins when one has it") {
    Downloader sut;
    auto const job = sut.start(waiting_order(1h));
    sut.time.pass(1999ms);
    auto const asked = sut.tracker.asked.size();
    sut.time.pass(2s);
    CHECK(sut.tracker.asked.size() == 2 * asked);
    auto const file = sample(1000);
    sut.share(sut.add_peer(), "file.bin", file);
    sut.time.pass(2s);
    CHECK_FALSE(job.file().error);
    CHECK(sut.read("file.bin") == file.bytes);
}

TEST_CASE("A download waits no longer than it may") {
    Downloader sut;
    auto const job = sut.start(waiting_order(10s));
    sut.time.pass(10s - 1ms);
    CHECK_FALSE(job.done());
    sut.time.pass(2s);
    CHECK(job.error() == Errc::not_found);
}

TEST_CASE("A download that may wait goes on when its only source is back, and waits anew then") {
    Downloader sut;
    auto const file = sample(8 * chunk_bytes);
    auto& source = sut.add_peer();
    sut.share(source, "file.bin", file);
    auto const listed = sut.tracker.files;
    auto const job = sut.start(waiting_order(1h));
    for (std::uint64_t const chunks : {2U, 4U}) {
        sut.pass_until_stored(job, chunks * chunk_bytes);
        source.is_up = false;
        sut.tracker.files.clear();
        sut.time.pass(50min);  // of the hour since something came last, not since it began
        CHECK_FALSE(job.done());
        source.is_up = true;
        sut.tracker.files = listed;
    }
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(sut.read("file.bin") == file.bytes);
    CHECK(source.chunks_sent == 8);
}

TEST_CASE("A download that may wait asks a source again that was silent, as soon as it is back") {
    Downloader sut;
    auto const file = sample(1000);
    auto& source = sut.add_peer();
    sut.share(source, "file.bin", file);
    source.is_up = false;
    auto const job = sut.start(waiting_order(1h));
    sut.time.pass(4s);
    source.is_up = true;
    auto const back = sut.time.now();
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(sut.time.now() - back < 5s);
}

TEST_CASE("A download that may wait waits for the tracker, too") {
    Downloader sut;
    sut.share(sut.add_peer(), "file.bin", sample(1000));
    sut.tracker.is_up = false;
    auto const job = sut.start(waiting_order(1h));
    sut.time.pass(10s);
    CHECK_FALSE(job.done());
    sut.tracker.is_up = true;
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
}

TEST_CASE("A download does not wait for what will not pass, such as a file that is in its way") {
    Downloader sut;
    sut.share(sut.add_peer(), "file.bin", sample(1000));
    std::ofstream(sut.directory.path() / "file.bin", std::ios::binary) << "mine";
    auto const begun = sut.time.now();
    CHECK(sut.run(waiting_order(1h)).file().error->code == Errc::disk);
    CHECK(sut.time.now() - begun < 1s);
}
