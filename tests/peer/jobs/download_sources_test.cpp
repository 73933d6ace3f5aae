// Whom a download asks, and whom it asks no more.
#include "downloader.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A file of eight chunks at two sources, each of which takes its time.
struct TwoSources {
    TwoSources() {
        for (auto* source : {&first, &second}) {
            sut.share(*source, "file.bin", file);
            source->time_of_a_chunk = 200ms;
        }
    }

    Downloader::Job start() { return sut.start(Downloader::order("file.bin")); }

    Downloader::Job run() { return sut.run(Downloader::order("file.bin")); }

    Downloader sut;
    FakePeer& first = sut.add_peer();
    FakePeer& second = sut.add_peer();
    Sample file = sample(8 * chunk_bytes);
};

}  // namespace

// ---- at the beginning ----

TEST_CASE("A download begins without a source that takes long to answer, which joins it later") {
    TwoSources share;
    share.second.answers_after = 500ms;
    auto const begun = share.sut.time.now();
    auto const job = share.start();
    REQUIRE(share.sut.time.pass_until([&] { return share.first.chunks_sent == 1; }));
    CHECK(share.sut.time.now() - begun < 500ms);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(share.second.chunks_sent > 0);
}

TEST_CASE("A download begins when there is a source for each of its files, and not before") {
    TwoSources share;
    auto const other = sample(8 * chunk_bytes, 2);
    auto& slow = share.sut.add_peer();
    slow.answers_after = 500ms;
    share.sut.share(slow, "other.bin", other);
    auto const begun = share.sut.time.now();
    auto const job = share.sut.start(Downloader::order("*.bin"));
    REQUIRE(share.sut.time.pass_until([&] { return !job.task->status().empty(); }));
    CHECK(share.sut.time.now() - begun >= 500ms);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    for (auto const& file : (**job.result)->files) {
        INFO(file.name << (file.error ? file.error->message : ""));
        CHECK_FALSE(file.error);
    }
    CHECK(share.sut.read("other.bin") == other.bytes);
}

TEST_CASE("A download does not ask its own peer, though the tracker names it") {
    TwoSources share;
    auto& self = share.sut.add_peer();
    self.id = share.sut.self;
    share.sut.list(source_entry(self), "file.bin", share.file);
    CHECK_FALSE(share.run().file().error);
    CHECK(self.probes == 0);
}

TEST_CASE("A download uses no more sources at once than it may") {
    TwoSources share;
    auto order = Downloader::order("file.bin");
    order.sources = 1;
    CHECK_FALSE(share.sut.run(std::move(order)).file().error);
    CHECK(std::min(share.first.chunks_sent, share.second.chunks_sent) <= 1);  // one was tried
}

TEST_CASE("A source that did not answer is not asked again for the files after those at hand") {
    Downloader sut;
    auto& silent = sut.add_peer();
    silent.is_up = false;
    for (int i = 0; i < 600; ++i) {  // more than are looked at together
        sut.share(silent, std::to_string(i) + ".bin", sample(10, static_cast<unsigned>(i)));
    }
    auto const job = sut.run(Downloader::order("*.bin"));
    CHECK((**job.result)->files.size() == 600);
    CHECK(silent.probes == 1);
}

TEST_CASE("A download says of the sources that it could not reach why that is so") {
    Downloader sut;
    auto& silent = sut.add_peer();
    silent.is_up = false;
    sut.share(silent, "file.bin", sample(1000));
    CHECK_THAT(sut.run(Downloader::order("file.bin")).file().error->message,
               ContainsSubstring("nobody answers"));
}

TEST_CASE("A source that answers late describes the file where those before it do not") {
    TwoSources share;
    share.first.describes = false;
    share.second.answers_after = 500ms;
    CHECK_FALSE(share.run().file().error);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("Where no known source describes a file one that has come since does, and gives it") {
    TwoSources share;
    share.first.contents.clear();
    auto& sources = share.sut.tracker.files.front().sources;
    auto const come = sources.back();
    sources.pop_back();
    share.first.answers_after = 100ms;
    share.second.time_of_a_chunk = 10ms;
    auto const job = share.start();
    share.sut.time.pass(50ms);
    sources.push_back(come);
    REQUIRE(share.sut.time.pass_until([&] { return share.second.chunks_sent == 1; }));
    CHECK(share.first.probes == 1);
    CHECK(share.second.probes == 1);  // what the search has found need not be looked for again
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
}

TEST_CASE("How much of a file a source has is what the tracker says of that file, not of another") {
    Downloader sut;
    auto& source = sut.add_peer();
    auto const first = sample(8 * chunk_bytes, 1);
    auto const second = sample(8 * chunk_bytes, 2);
    sut.share(source, "a.bin", first);
    sut.share(source, "b.bin", second);
    sut.tracker.files.back().sources.front().have_ppm = 1;
    auto const job = sut.run(Downloader::order("*.bin"));
    CHECK(sut.read("b.bin") == second.bytes);
    REQUIRE(source.opened_with.size() == 2);
    CHECK(source.opened_with[0] > 0);
    CHECK(source.opened_with[1] == 0);  // what it has it says first
}

// ---- lies ----

TEST_CASE("A source that describes a content wrongly is not used for it") {
    TwoSources share;
    share.first.contents.at(share.file.content) = sample(8 * chunk_bytes, 2);
    auto const job = share.run();
    CHECK_FALSE(job.file().error);
    CHECK(share.first.wanted.empty());
    CHECK(share.sut.has_logged("source-lied"));
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("A source that has described a content wrongly is not found again when others are gone") {
    TwoSources share;
    share.first.contents.at(share.file.content) = sample(8 * chunk_bytes, 2);
    auto const job = share.start();
    share.sut.pass_until_stored(job, chunk_bytes);
    share.second.is_up = false;
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(job.file().error);
    CHECK(share.first.wanted.empty());
}

TEST_CASE("A source that has described a content wrongly stays out while a download waits") {
    TwoSources share;
    share.first.contents.at(share.file.content) = sample(8 * chunk_bytes, 2);
    auto order = Downloader::order("file.bin");
    order.wait = 1h;
    auto const job = share.sut.start(std::move(order));
    share.sut.pass_until_stored(job, chunk_bytes);
    share.second.is_up = false;
    share.sut.time.pass(10min);
    CHECK_FALSE(job.done());
    CHECK(share.first.manifests_asked == 1);
    share.second.is_up = true;
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
}

TEST_CASE("A chunk that does not stand where its source says is counted as a lie, and no stray") {
    TwoSources share;
    share.first.misplaces_chunks = true;
    CHECK_FALSE(share.run().file().error);
    CHECK(share.sut.counters[telemetry::Counter::chunks_rejected] == 1);
    CHECK(share.sut.counters[telemetry::Counter::chunks_unsolicited] == 0);
}

TEST_CASE("Chunks that are not those of the file are counted, and thrown away") {
    TwoSources share;
    share.first.damaged_chunks = {0, 1, 2, 3, 4, 5, 6, 7};
    auto const job = share.run();
    CHECK(share.sut.counters[telemetry::Counter::chunks_rejected] == job.file().chunks_rejected);
    CHECK(share.sut.counters[telemetry::Counter::chunks_rejected] >= 1);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

// ---- while it runs ----

TEST_CASE("When its source goes away a download finds one that has come since") {
    TwoSources share;
    auto const come = share.sut.tracker.files.front().sources.back();
    share.sut.tracker.files.front().sources.pop_back();
    auto const job = share.start();
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    CHECK(share.second.probes == 0);
    share.sut.tracker.files.front().sources = {come};
    share.first.is_up = false;
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(share.second.chunks_sent >= 5);
}

TEST_CASE("A source that is in use is not asked how it is when another is looked for") {
    TwoSources share;
    auto const job = share.start();
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    auto const before = share.second.probes;
    share.first.is_up = false;
    auto const asked = share.sut.tracker.asked.size();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(share.sut.tracker.asked.size() > asked);
    // Once a second for as long as it is in use, as ever, and not once more.
    auto const seconds = static_cast<std::size_t>((**job.result)->seconds);
    CHECK(share.second.probes <= before + seconds + 1);
}

TEST_CASE("A source that takes long for a chunk, and says that it is there, is waited for") {
    TwoSources share;
    share.second.is_up = false;
    share.first.time_of_a_chunk = 5s;
    CHECK_FALSE(share.run().file().error);
    CHECK(share.first.chunks_sent == 8);
}

TEST_CASE("What came twice is counted, by source and in all") {
    std::uint64_t in_all = 0;
    for (auto time = 300ms; time < 3s; time += 100ms) {
        TwoSources share;
        share.second.time_of_a_chunk = time;
        auto const job = share.run();
        std::uint64_t twice = 0;
        for (auto const& source : job.file().sources) {
            twice += source.bytes_duplicate;
        }
        CHECK(share.sut.counters[telemetry::Counter::bytes_duplicate] == twice);
        in_all += twice;
    }
    CHECK(in_all > 0);
}

TEST_CASE("A file is over when all of it is here, though the word of its last chunk comes first") {
    TwoSources share;
    Downloader sut({.last_first = true});
    for (int i = 0; i < 4; ++i) {
        sut.share(sut.add_peer(), "file.bin", share.file);
    }
    auto const job = sut.run(Downloader::order("file.bin"));
    CHECK_FALSE(job.file().error);
    CHECK(job.file().bytes_fetched == share.file.bytes.size());
    CHECK(sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("Without a tracker a download asks those again that it knew at the beginning") {
    TwoSources share;
    share.second.is_up = false;
    auto const job = share.start();
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.sut.tracker.is_up = false;
    share.second.is_up = true;
    share.first.is_up = false;
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(share.second.chunks_sent >= 5);
}

TEST_CASE("A source that has no place now is shown as busy, and is no reason to give up") {
    TwoSources share;
    share.second.refuses = wire::ErrorCode::busy;
    auto const job = share.start();
    bool busy = false;
    REQUIRE(share.sut.time.pass_until([&] {
        auto const files = job.task->status();
        busy = busy || (!files.empty() &&
                        std::ranges::find(files.front().sources, SourceState::busy,
                                          &SourceStatus::state) != files.front().sources.end());
        return job.done();
    }));
    CHECK(busy);
    CHECK_FALSE(job.file().error);
}

TEST_CASE("A source that cannot reach us is named to the user, who can mend that") {
    TwoSources share;
    share.second.refuses = wire::ErrorCode::unreachable;
    CHECK_FALSE(share.run().file().error);
    CHECK(share.sut.has_logged("unreachable-here"));
}

TEST_CASE("What each source has delivered is kept, for policies that give like for like") {
    TwoSources share;
    share.second.is_up = false;
    share.run();
    auto const now = share.sut.time.now();
    CHECK(share.sut.deliveries.bytes_per_second(share.first.listens, now) > 0);
    CHECK(share.sut.deliveries.bytes_per_second(share.second.listens, now) == 0);
}

TEST_CASE("A download ends with the fault of a policy that may not be stood in for") {
    TwoSources share;
    auto const job = share.start();
    share.sut.pass_until_stored(job, chunk_bytes);
    share.sut.policy->fail("it has thrown");
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(job.file().error->code == Errc::plugin);
    CHECK(job.file().error->message == "it has thrown");
}

TEST_CASE("Nobody waits for chunks of a download that is over") {
    TwoSources share;
    auto const job = share.start();
    share.sut.pass_until_stored(job, chunk_bytes);
    CHECK(share.sut.chunks.open() == 2);
    job.task->cancel();
    CHECK(share.sut.chunks.open() == 0);
}

TEST_CASE("A file comes no faster than its limit allows") {
    Downloader sut({.bytes_per_second = chunk_bytes});
    auto& source = sut.add_peer();
    auto const file = sample(8 * chunk_bytes);
    sut.share(source, "file.bin", file);
    auto const begun = sut.time.now();
    CHECK_FALSE(sut.run(Downloader::order("file.bin")).file().error);
    CHECK(sut.time.now() - begun >= 6s);
    CHECK(sut.time.now() - begun < 12s);
}
