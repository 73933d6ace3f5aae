// What others may have of a file while it is fetched.
#include "downloader.hpp"

#include <algorithm>
#include <array>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

/// A file of eight chunks at a source that takes its time.
struct Offering {
    Offering() : Offering(Downloader::Options()) {}

    explicit Offering(Downloader::Options const& options) : sut(options) {
        sut.share(source, "file.bin", file);
        source.time_of_a_chunk = 100ms;
    }

    /// One that fetches the same file, and has it by now; the tracker does not know.
    FakePeer& add_fellow() {
        auto& fellow = sut.add_peer();
        fellow.contents.emplace(file.content, file);
        return fellow;
    }

    Downloader::Job begin() {
        auto const job = sut.start(Downloader::order("file.bin"));
        sut.pass_until_stored(job, chunk_bytes);
        return job;
    }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    Sample file = sample(8 * chunk_bytes);
};

}  // namespace

TEST_CASE("What is here of a file is offered while it is fetched, and stays offered as a whole") {
    Offering share;
    auto const job = share.begin();
    REQUIRE(share.sut.server.records.size() == 1);
    auto const& offer = share.sut.server.records.front();
    CHECK(offer.name == "file.bin");
    CHECK_FALSE(offer.complete);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(offer.complete);
    CHECK_FALSE(offer.withdrawn);
    CHECK(share.sut.given_up.empty());
    CHECK(share.sut.fetched == Names{"file.bin"});
}

TEST_CASE("The tracker is told how much is here of a file as it grows, with its manifest") {
    Offering share;
    share.sut.run(Downloader::order("file.bin"));
    auto const& told = share.sut.announced;
    REQUIRE(told.size() >= 2);
    CHECK(std::ranges::is_sorted(told, {}, &swarm::PartialFile::have_ppm));
    CHECK(told.front().have_ppm < wire::complete_ppm);
    CHECK(told.front().name == "file.bin");
    CHECK(told.front().content == share.file.content);
    CHECK(told.front().size == share.file.bytes.size());
    CHECK(*told.front().manifest == wire::encode_manifest(*share.file.manifest));
}

TEST_CASE("What is here of a file is not offered any more once its download is cancelled") {
    Offering share;
    auto const job = share.begin();
    CHECK_FALSE(share.sut.server.records.front().withdrawn);
    job.task->cancel();
    CHECK(share.sut.server.records.front().withdrawn);
    CHECK(share.sut.given_up == Names{"file.bin"});
    CHECK(share.sut.fetched.empty());
}

TEST_CASE("A peer that shares nothing fetches without offering anything") {
    Offering share({.shares = false});
    auto const job = share.sut.run(Downloader::order("file.bin"));
    CHECK_FALSE(job.file().error);
    CHECK(share.sut.server.records.empty());
    CHECK(share.sut.announced.empty());
    CHECK(share.sut.fetched == Names{"file.bin"});
}

TEST_CASE("A file that is too small to have a swarm is not offered before it is whole") {
    Offering share;
    share.sut.share(share.source, "small.bin", sample(1000));
    auto order = Downloader::order("small.bin");
    order.stream = std::make_shared<jobs::Stream>();  // somebody reads it
    CHECK_FALSE(share.sut.run(std::move(order)).file().error);
    CHECK(share.sut.server.records.empty());
    CHECK(share.sut.fetched == Names{"small.bin"});
}

TEST_CASE("Of two downloads of one content the first offers it, and the second does not end that") {
    Offering share;
    share.sut.share(share.source, "copy.bin", share.file);
    auto const first = share.begin();
    auto const second = share.sut.start(Downloader::order("copy.bin"));
    share.sut.pass_until_stored(second, chunk_bytes);
    second.task->cancel();
    REQUIRE(share.sut.server.records.size() == 1);
    CHECK_FALSE(share.sut.server.records.front().withdrawn);
    CHECK(share.sut.given_up.empty());
    REQUIRE(share.sut.time.pass_until([&] { return first.done(); }));
    CHECK(share.sut.server.records.front().complete);
}

TEST_CASE("What is offered is read from what is here, and what is not there is no part of it") {
    Offering share;
    auto const job = share.begin();
    auto const& offer = share.sut.server.records.front();
    auto const chunk = [&] {
        std::uint32_t first = 0;
        while (!offer.content->has().contains(first)) {
            ++first;
        }
        return first;
    }();
    std::array<std::byte, 100> buffer{};
    REQUIRE(offer.read(buffer, chunk * chunk_bytes) == index::ReadOutcome::good);
    CHECK(std::ranges::equal(buffer, share.file.chunk(chunk).first(buffer.size())));
    CHECK(offer.read(buffer, share.file.bytes.size()) == index::ReadOutcome::changed);
    job.task->cancel();
}

// ---- fellows ----

TEST_CASE("Who asks for a file that is fetched here is asked for it, too") {
    Offering share;
    auto const job = share.begin();
    auto const& fellow = share.add_fellow();
    share.sut.offers.on_fellow(share.file.content, fellow.listens);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(fellow.chunks_sent > 0);
    CHECK(share.sut.read("file.bin") == share.file.bytes);
}

TEST_CASE("A source that asks for the file, too, gets no second connection") {
    Offering share;
    auto const job = share.begin();
    auto const before = share.sut.links.asked_for;
    share.sut.offers.on_fellow(share.file.content, share.source.listens);
    CHECK(share.sut.links.asked_for == before);
    job.task->cancel();
}

TEST_CASE("Who asks for what is not fetched here, or not any more, is no source") {
    Offering share;
    auto const job = share.begin();
    auto const& fellow = share.add_fellow();
    auto const before = share.sut.links.asked_for;
    share.sut.offers.on_fellow(sample(1000).content, fellow.listens);
    job.task->cancel();
    share.sut.time.pass(1h);
    share.sut.offers.on_fellow(share.file.content, fellow.listens);
    CHECK(share.sut.links.asked_for == before);
}
