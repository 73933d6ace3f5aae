// Which version of a name a download fetches.
#include "downloader.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A source of an old version, and what the file will be.
struct Changing {
    Changing() { sut.share(source, "file.bin", before); }

    /// While it is fetched; the tracker hears of it later.
    void change() {
        source.contents.clear();
        sut.tracker.files.clear();
    }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    Sample before = sample(8 * chunk_bytes, 1);
    Sample after = sample(8 * chunk_bytes, 2);
};

}  // namespace

TEST_CASE("Of several versions of a name the one that most peers have is fetched") {
    Downloader sut;
    auto const rare = sample(1000, 1);
    auto const common = sample(1000, 2);
    sut.share(sut.add_peer(), "file.bin", rare);
    sut.share(sut.add_peer(), "file.bin", common);
    sut.share(sut.add_peer(), "file.bin", common);
    CHECK(sut.run(Downloader::order("file.bin")).file().content == wire::to_hex(common.content));
    CHECK(sut.read("file.bin") == common.bytes);
}

TEST_CASE("What only this peer has does not take the place of what is here") {
    Downloader sut;
    auto const own = sample(1000, 1);
    auto const others = sample(1000, 2);
    sut.list(source_entry(sut.self, {"10.0.0.1", 99}), "file.bin", own);
    sut.share(sut.add_peer(), "file.bin", others);
    sut.tracker.files.front().source_count = 2;  // it is the one that most peers have
    sut.put_own("file.bin", own.bytes, own);
    auto order = Downloader::order("file.bin");
    order.force = true;
    auto const job = sut.run(std::move(order));
    CHECK(job.file().content == wire::to_hex(others.content));
    CHECK(sut.read("file.bin") == others.bytes);
}

TEST_CASE("A version that nobody can describe gives way to another of its name") {
    Downloader sut;
    auto const right = sample(1000, 1);
    auto const lie = sample(1000, 2);
    auto const& liar = sut.add_peer();
    sut.list(source_entry(liar), "file.bin", lie);
    sut.tracker.files.front().source_count = 100;
    sut.share(sut.add_peer(), "file.bin", right);
    auto const job = sut.run(Downloader::order("file.bin"));
    CHECK_FALSE(job.file().error);
    CHECK(sut.read("file.bin") == right.bytes);
}

TEST_CASE("A version that the tracker names twice is one, and no other than itself") {
    Downloader sut;
    sut.share(sut.add_peer(), "file.bin", sample(1000));
    sut.tracker.files.push_back(sut.tracker.files.front());
    CHECK_FALSE(sut.run(Downloader::order("file.bin")).file().error);
    CHECK(sut.logged_with("has another version") == 0);
}

TEST_CASE("Of one name no more than nine versions are tried, whoever registers how many of them") {
    Downloader sut;
    auto const& liar = sut.add_peer();
    for (unsigned version = 0; version < 20; ++version) {
        sut.list(source_entry(liar), "file.bin", sample(1000, version));
    }
    CHECK(sut.run(Downloader::order("file.bin")).file().error);
    CHECK(sut.logged_with("cannot be fetched") == 8);
}

TEST_CASE("The progress of a download has the size of the version that takes another's place") {
    Downloader sut;
    auto const right = sample(1000, 1);
    sut.list(source_entry(sut.add_peer()), "file.bin", sample(5000, 2));
    sut.tracker.files.front().source_count = 100;
    sut.share(sut.add_peer(), "file.bin", right);
    DownloadProgress last;
    auto order = Downloader::order("file.bin");
    order.on_progress = [&](auto const& progress) { last = progress; };
    CHECK_FALSE(sut.run(std::move(order)).file().error);
    CHECK(last.bytes_total == right.bytes.size());
}

TEST_CASE("A file that changes at its source meanwhile is fetched as what it is then") {
    Changing share;
    auto const job = share.sut.start(Downloader::order("file.bin"));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.change();
    share.sut.time.pass(5s);  // its source has to read it
    CHECK_FALSE(job.done());
    share.sut.share(share.source, "file.bin", share.after);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(share.sut.read("file.bin") == share.after.bytes);
}

TEST_CASE("A new version of a file that has changed is looked for no longer than ten seconds") {
    Changing share;
    auto const job = share.sut.start(Downloader::order("file.bin"));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.change();
    auto const changed = share.sut.time.now();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(share.sut.time.now() - changed >= 10s);
    CHECK(share.sut.time.now() - changed < 20s);
    CHECK(job.file().error->code == Errc::not_found);
    CHECK_THAT(job.file().error->message, ContainsSubstring("it has changed at its sources"));
}

TEST_CASE("A version that was asked for by its id is not taken for another that comes later") {
    Changing share;
    auto const id = wire::to_hex(share.before.content);
    auto const job = share.sut.start(Downloader::order("file.bin@" + id));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.change();
    share.sut.share(share.source, "file.bin", share.after);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(job.file().content == id);
    CHECK(job.file().error);
}

TEST_CASE("A name that looks as if it asked for a version is still the name of what is there now") {
    Changing share;
    auto const name = "file.bin@" + wire::to_hex(share.before.content).substr(0, 8);
    share.sut.tracker.files.front().name = name;
    auto const job = share.sut.start(Downloader::order(name));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.change();
    share.sut.share(share.source, name, share.after);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(share.sut.read(name) == share.after.bytes);
}

TEST_CASE("An old version that the tracker still names is not fetched once more") {
    Changing share;
    auto const job = share.sut.start(Downloader::order("file.bin"));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.source.contents.clear();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_THAT(job.file().error->message, ContainsSubstring("it has changed at its sources"));
}

TEST_CASE("A file that goes on changing is followed from version to version, four times") {
    Changing share;
    auto const job = share.sut.start(Downloader::order("file.bin"));
    unsigned version = 1;
    while (version < 10 && !job.done()) {
        auto const sent = share.source.chunks_sent;
        // In the middle of this version, if it is fetched at all.
        REQUIRE(share.sut.time.pass_until(
            [&] { return job.done() || share.source.chunks_sent >= sent + 4; }));
        if (!job.done()) {
            share.change();
            share.sut.share(share.source, "file.bin", sample(8 * chunk_bytes, ++version));
        }
    }
    CHECK(job.file().error);
    CHECK(version == 6);
}

TEST_CASE("A file whose source is gone, but which has not changed, is not looked for anew") {
    Changing share;
    auto const job = share.sut.start(Downloader::order("file.bin"));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.source.is_up = false;
    auto const asked = share.sut.tracker.asked.size();
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK(job.file().error);
    auto const& questions = share.sut.tracker.asked;
    CHECK(std::none_of(questions.begin() + static_cast<std::ptrdiff_t>(asked), questions.end(),
                       [](auto const& find) { return find.by == wire::FindBy::name; }));
}

TEST_CASE("The progress of a download has the size of the version that it fetches by now") {
    Changing share;
    auto const larger = sample(12 * chunk_bytes, 3);
    DownloadProgress last;
    auto order = Downloader::order("file.bin");
    order.on_progress = [&](auto const& progress) { last = progress; };
    auto const job = share.sut.start(std::move(order));
    share.sut.pass_until_stored(job, 2 * chunk_bytes);
    share.change();
    share.sut.share(share.source, "file.bin", larger);
    REQUIRE(share.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(last.bytes_total == larger.bytes.size());
    CHECK(last.bytes_done == larger.bytes.size());
}
