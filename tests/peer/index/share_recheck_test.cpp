// Files that somebody doubts, and that are read again.
#include "catch.hpp"
#include "share_fixture.hpp"

#include <memory>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST_CASE("A recheck reads a file again even if its stamp says that nothing has changed") {
    Share share;
    Unstamped file(share.root / "file", "old");
    write_old(share.root / "same", "same");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const before = collector.file("file");
    file.change("new");
    REQUIRE(stamp(share.root / "file") == before.stamp);
    index->recheck("same");
    index->recheck("file");
    CHECK(collector.wait_changed("file", before.content));
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.reports("same") == 1);
}

TEST_CASE("A file that is said to be corrupt is read again, but not again within a minute") {
    Share share;
    Unstamped file(share.root / "file", "good");
    Collector collector;
    auto const minute = GENERATE(true, false);
    ShareIndex::Options options{share.root, share.cache, algorithm(), false, 2};
    if (!minute) {
        options.verify_every = 0s;
    }
    auto const index = ShareIndex::start(options, collector.events()).value();
    REQUIRE(collector.wait_for_scans(1));
    auto const good = collector.file("file").content;
    file.change("rot!");
    index->verify("file");
    REQUIRE(collector.wait_changed("file", good));
    CHECK(collector.wait_warning("'file' has other bytes than before"));
    auto const rotten = collector.file("file").content;
    file.change("good");
    index->verify("file");
    index->verify("no such file");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK((collector.file("file").content == rotten) == minute);
    CHECK(collector.names() == std::vector<std::string>{"file"});
}

TEST_CASE("A file that is said to be corrupt and is not is offered as before") {
    Share share;
    write_old(share.root / "file", "good");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    index->verify("file");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.reports("file") == 1);
    CHECK(collector.warned() == 0);
}

TEST_CASE("Nobody has more than so many files read again") {
    Share share;
    constexpr auto most = ShareIndex::verified_most;
    std::vector<std::unique_ptr<Unstamped>> files;
    for (std::size_t i = 0; i <= most; ++i) {
        files.push_back(std::make_unique<Unstamped>(share.root / std::to_string(i), "good"));
    }
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    for (auto const& file : files) {
        file->change("rot!");
    }
    for (std::size_t i = 0; i <= most; ++i) {
        index->verify(std::to_string(i));
    }
    REQUIRE(collector.wait([&] {
        return static_cast<std::size_t>(std::ranges::count(
                   collector.reported, 2, [](auto const& item) { return item.second; })) == most;
    }));
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.reports(std::to_string(most)) == 1);
}

TEST_CASE("A recheck of a file that is gone reports it as removed") {
    Share share;
    write_old(share.root / "file", "x");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for("file"));
    fs::remove(share.root / "file");
    index->recheck("file");
    CHECK(collector.wait_gone("file"));
    index->recheck("../outside");
    CHECK(collector.wait_warning("'../outside' is left out"));
}
