#include "catch.hpp"
#include "descriptor_shortage.hpp"
#include "not_root.hpp"
#include "share_fixture.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <atomic>
#include <future>
#include <mutex>

#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Writes a file whenever the index looks at something. Must outlive the index.
class BusyWriter final : public files::Faults {
  public:
    explicit BusyWriter(fs::path file) : file_(std::move(file)) { files::set_faults(this); }

    ~BusyWriter() override { files::set_faults(nullptr); }

    BusyWriter(BusyWriter const&) = delete;
    BusyWriter& operator=(BusyWriter const&) = delete;

    files::Fault on_call(std::string_view, int, std::string_view) override {
        std::scoped_lock const lock(mutex_);
        if (writes_) {
            write_new(file_, std::string(100, 'x'));
        }
        return {};
    }

    void stop() {
        std::scoped_lock const lock(mutex_);
        writes_ = false;
    }

  private:
    fs::path file_;
    std::mutex mutex_;
    bool writes_ = true;
};

}  // namespace

TEST_CASE("A scan finds files below directories, whatever their names look like") {
    Share share;
    std::vector<std::string> names = {
        "plain",
        "-leading dash",
        "a/b/c/deep",
        "a b/with spaces ",
        "gr\xc3\xbc\xc3\x9f"
        "e/\xe6\x96\x87",
        "quotes\"'`",
        "glob*?[x]",
        "back\\slash",
        "..dots",
        ".hidden/.file",
        "percent%20%s%n",
        "dollar$HOME",
        "a/xfs-not-ours",
    };
    for (auto const& name : names) {
        write_old(share.root / name, "content of " + name);
    }
    Collector collector;
    share.scan(collector);
    std::ranges::sort(names);
    CHECK(collector.names() == names);
    CHECK(collector.last_scan().files == names.size());
    CHECK(collector.last_scan().hashed == names.size());
    CHECK(collector.last_scan().skipped == 0);
    CHECK(collector.warned() == 0);
}

TEST_CASE("What is reported of a file is its manifest, content id and stamp") {
    Share share;
    write_old(share.root / "abc", "abc");
    Collector collector;
    share.scan(collector);
    auto const file = collector.file("abc");
    CHECK(file.stamp == stamp(share.root / "abc"));
    auto const manifest = wire::decode_manifest(*file.manifest);
    REQUIRE(manifest.ok());
    CHECK(manifest->algorithm == "sha256");
    CHECK(manifest->file_bytes == 3);
    CHECK(wire::to_hex(manifest->digests) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    auto const id = digest(*algorithm(), std::as_bytes(std::span(*file.manifest)));
    CHECK(wire::to_hex(file.content) ==
          wire::to_hex(std::string_view(reinterpret_cast<char const*>(id.data()), id.size())));
}

TEST_CASE("A large file has a digest for each chunk, an empty one none") {
    Share share;
    auto const chunk = wire::chunk_size_for(0);
    std::string const bytes = std::string(chunk, 'a') + std::string(chunk, 'b') + "c";
    write_old(share.root / "large", bytes);
    write_old(share.root / "empty", "");
    Collector collector;
    share.scan(collector);
    auto const large = wire::decode_manifest(*collector.file("large").manifest);
    REQUIRE(large.ok());
    REQUIRE(large->layout().chunks == 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        auto const part =
            std::string_view(bytes).substr(large->layout().offset(i), large->layout().length(i));
        auto const expected = digest(*algorithm(), std::as_bytes(std::span(part)));
        CHECK(std::ranges::equal(std::as_bytes(std::span(large->chunk_digest(i))), expected));
    }
    auto const empty = wire::decode_manifest(*collector.file("empty").manifest);
    REQUIRE(empty.ok());
    CHECK(empty->layout().chunks == 0);
}

TEST_CASE("Equal bytes give equal content ids, in whatever file they stand") {
    Share share;
    write_old(share.root / "one", "the same");
    write_old(share.root / "below/two", "the same", 20s);
    write_old(share.root / "other", "the sane");
    Collector collector;
    share.scan(collector);
    CHECK(collector.file("one").content == collector.file("below/two").content);
    CHECK(collector.file("one").content != collector.file("other").content);
}

TEST_CASE("A scan follows no symbolic link") {
    Share share;
    write_old(share.dir.path() / "outside/secret", "secret");
    write_old(share.root / "real/file", "x");
    fs::create_symlink("../outside/secret", share.root / "link to file");
    fs::create_directory_symlink("../outside", share.root / "link to directory");
    fs::create_directory_symlink("real", share.root / "link inside");
    fs::create_symlink("nowhere", share.root / "dangling");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    index->recheck("link to directory/secret");
    index->recheck("link to file");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.names() == std::vector<std::string>{"real/file"});
    CHECK(collector.last_scan().links == 4);
    CHECK(collector.warned("not shared: 4 symbolic links, such as 'dangling'") == 1);
    CHECK(collector.warned() == 1);
}

TEST_CASE("A scan leaves out what is to be ignored, counts it, and does not enter it") {
    Share share;
    for (auto const* name :
         {"kept", "build/a", "build/b", "a/b.o", ".git/config", "file~", "a/c"}) {
        write_old(share.root / name, name);
    }
    ShareIndex::Options options{share.root, share.cache, algorithm(), false, 2};
    options.ignore = {"build", "*.o"};
    Collector collector;
    {
        auto const index = ShareIndex::start(options, collector.events()).value();
        REQUIRE(collector.wait_for_scans(1));
        CHECK(collector.names() == std::vector<std::string>{"a/c", "kept"});
        CHECK(collector.last_scan().ignored == 4);
        CHECK(collector.last_scan().skipped == 0);
        CHECK(collector.warned() == 0);
        CHECK(collector.notices == std::vector<std::string>{"ignored: 4 names, such as '.git'"});
        index->recheck("build/a");
        index->recheck(".git/config");
        index->rescan({});
        REQUIRE(collector.wait_for_scans(2));
        CHECK(collector.names() == std::vector<std::string>{"a/c", "kept"});
        CHECK(collector.notices.size() == 1);
    }
    options.ignore.clear();
    options.default_ignores = false;
    Collector all;
    auto const index = ShareIndex::start(options, all.events()).value();
    REQUIRE(all.wait_for_scans(1));
    CHECK(all.names().size() == 7);
    CHECK(all.last_scan().ignored == 0);
}

TEST_CASE("A pattern that is none is an error at the start") {
    Share share;
    Collector collector;
    ShareIndex::Options options{share.root, {}, algorithm(), false, 2};
    options.ignore = {"good", ""};
    auto const index = ShareIndex::start(options, collector.events());
    REQUIRE_FALSE(index);
    CHECK(index.error().code == Errc::usage);
    CHECK_THAT(index.error().message, ContainsSubstring("'' of what is not shared is empty"));
}

TEST_CASE("The next scan follows a file of patterns that has changed") {
    Share share;
    write_old(share.root / "one", "1");
    write_old(share.root / "two", "2");
    write_old(share.root / ".xfsignore", "one\n");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    CHECK(collector.names() == std::vector<std::string>{"two"});
    write_old(share.root / ".xfsignore", "two\n!three\n");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.names() == std::vector<std::string>{"one"});
    CHECK(collector.warned("line 2 of '.xfsignore'") == 1);
    fs::remove(share.root / ".xfsignore");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(3));
    CHECK(collector.names() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("A file of patterns that cannot be read is told of, and what it said before holds") {
    Share share;
    write_old(share.root / "one", "1");
    write_old(share.root / "two", "2");
    write_old(share.root / ".xfsignore", "one");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const make = GENERATE(0, 1, 2);
    fs::rename(share.root / ".xfsignore", share.dir.path() / "rules");
    if (make == 0) {
        fs::create_symlink("../rules", share.root / ".xfsignore");
    } else if (make == 1) {
        fs::create_directory(share.root / ".xfsignore");
    } else {
        write_old(share.root / ".xfsignore", std::string(1024 * 1024 + 1, '\n'));
    }
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.names() == std::vector<std::string>{"two"});
    CHECK(collector.warned("'.xfsignore' cannot be read") == 1);
}

TEST_CASE("A download that is to be ignored is taken back") {
    Share share;
    write_old(share.root / "known", "the content");
    write_old(share.root / "fetched~", "the content");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto file = collector.file("known");
    file.name = "fetched~";
    file.stamp = stamp(share.root / "fetched~");
    index->add(file);
    CHECK(collector.wait_removed("fetched~"));
    CHECK(collector.reports("fetched~") == 0);
}

TEST_CASE("A scan says once that files are shared which only their owner may read") {
    Share share;
    for (auto const* name : {"key", "below/other", "open", "of the group"}) {
        write_old(share.root / name, name);
    }
    fs::permissions(share.root / "key", fs::perms::owner_read | fs::perms::owner_write);
    fs::permissions(share.root / "below/other", fs::perms::owner_read);
    fs::permissions(share.root / "open", fs::perms::owner_read | fs::perms::others_read);
    fs::permissions(share.root / "of the group", fs::perms::owner_read | fs::perms::group_read);
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.names().size() == 4);
    CHECK(collector.last_scan().private_files == 2);
    CHECK(collector.warned(
              "shared: 2 files that only their owner may read, such as 'below/other'") == 1);
    CHECK(collector.warned() == 1);
}

TEST_CASE("A scan leaves out, with one warning each, what cannot be shared") {
    Share share;
    write_old(share.root / "good", "x");
    write_old(share.root / "control\n\x1b[31m", "x");
    write_old(share.root / "not utf8 \xff", "x");
    write_old(share.root / "bad \xff directory/file", "x");
    REQUIRE(::mkfifo((share.root / "fifo").c_str(), 0600) == 0);
    write_old(share.root / "huge", "x");
    std::error_code no_such_large_files;
    fs::resize_file(share.root / "huge", (std::uintmax_t{4} << 40U) + 1, no_such_large_files);
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const bad = no_such_large_files ? 4U : 5U;
    CHECK(collector.last_scan().skipped == bad);
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.last_scan().skipped == bad);
    CHECK(collector.warned() == bad);
    CHECK(collector.warned("control\\x0a\\x1b[31m") == 1);
    CHECK(collector.warned("'not utf8 \\xff'") == 1);
    CHECK(collector.warned("'bad \\xff directory'") == 1);
    CHECK(collector.warned("'fifo' is left out: is not a regular file") == 1);
    CHECK(collector.wait_for("good"));
}

TEST_CASE("A scan leaves out what is too deep for a name") {
    Share share;
    fs::path deep = share.root;
    for (int i = 0; i < 31; ++i) {
        deep /= "d";
    }
    write_old(deep / "file", "at the limit");
    write_old(deep / "d" / "file", "below it");
    Collector collector;
    share.scan(collector);
    CHECK(collector.last_scan().files == 1);
    CHECK(collector.last_scan().skipped == 1);
    CHECK(collector.warned("deep") == 1);
}

TEST_CASE("A scan says nothing of temporary files of downloads") {
    Share share;
    write_old(share.root / ".xfs-part-1", "x");
    write_old(share.root / ".xfs-dir/file", "x");
    write_old(share.root / "a/.xfs-part-2", "x");
    Collector collector;
    share.scan(collector);
    CHECK(collector.names().empty());
    CHECK(collector.last_scan().skipped == 0);
    CHECK(collector.warned() == 0);
}

TEST_CASE("A scan leaves out unreadable files and directories") {
    NotRoot const not_root;
    Share share;
    write_old(share.root / "file", "x");
    write_old(share.root / "directory/file", "x");
    fs::permissions(share.root / "file", fs::perms::none);
    fs::permissions(share.root / "directory", fs::perms::none);
    Collector collector;
    share.scan(collector);
    fs::permissions(share.root / "directory", fs::perms::owner_all);
    CHECK(collector.names().empty());
    CHECK(collector.last_scan().skipped == 2);
    CHECK(collector.warned("'file' is left out: Permission denied") == 1);
    CHECK(collector.warned("'directory' is left out: Permission denied") == 1);
}

TEST_CASE("A directory that cannot be shared is an error at the start") {
    Share share;
    Collector collector;
    auto const missing =
        ShareIndex::start({share.root / "missing", {}, algorithm(), false, 1}, collector.events());
    REQUIRE(!missing.ok());
    CHECK(missing.error().code == Errc::disk);
    CHECK(missing.error().message.find("missing") != std::string::npos);
    write_old(share.root / "file", "x");
    auto const file =
        ShareIndex::start({share.root / "file", {}, algorithm(), false, 1}, collector.events());
    CHECK(!file.ok());
}

TEST_CASE("Many files are reported while the scan goes on") {
    Share share;
    constexpr std::size_t count = 5000;
    for (std::size_t i = 0; i < count; ++i) {
        write_old(share.root / std::to_string(i % 7) / std::to_string(i), std::to_string(i));
    }
    Collector collector;
    std::atomic<std::size_t> batches = 0;
    auto events = collector.events();
    events.on_changed = [&, inner = events.on_changed](auto added, auto removed) {
        ++batches;
        inner(std::move(added), std::move(removed));
    };
    auto const index = ShareIndex::start({share.root, {}, algorithm(), false, 2}, events);
    REQUIRE(collector.wait_for_scans(1));
    CHECK(collector.names().size() == count);
    CHECK(batches >= 3);
}

TEST_CASE("A rescan finds what has changed, and tells when all of it is reported") {
    Share share;
    write_old(share.root / "kept", "x");
    write_old(share.root / "changed", "old");
    write_old(share.root / "deleted", "x");
    write_old(share.root / "gone/with/all", "x");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const old = collector.file("changed").content;

    write_old(share.root / "changed", "new", 5s);  // of the same size
    fs::remove(share.root / "deleted");
    fs::remove_all(share.root / "gone");
    write_old(share.root / "added", "x");
    std::promise<std::pair<ScanSummary, std::vector<std::string>>> done;
    index->rescan([&](auto const& summary) { done.set_value({summary, collector.names()}); });
    auto const [summary, names] = done.get_future().get();
    CHECK(names == std::vector<std::string>{"added", "changed", "kept"});
    CHECK(summary.files == 3);
    CHECK(summary.bytes == 5);
    CHECK(summary.hashed == 2);
    CHECK(collector.file("changed").content != old);
    CHECK(collector.reports("kept") == 1);
}

TEST_CASE("A share is scanned by itself as often as is said, and reads nothing twice") {
    Share share;
    write_old(share.root / "file", "x");
    ShareIndex::Options options{share.root, share.cache, algorithm(), false, 2};
    options.rescan = 50ms;
    Collector collector;
    auto const index = ShareIndex::start(options, collector.events()).value();
    REQUIRE(collector.wait_for("file"));
    write_old(share.root / "new", "x");
    REQUIRE(collector.wait_for("new"));
    fs::remove(share.root / "new");
    REQUIRE(collector.wait_gone("new"));
    auto const scans = collector.change([&] { return collector.summaries.size(); });
    REQUIRE(collector.wait_for_scans(scans + 2));
    CHECK(collector.last_scan().hashed == 0);
    CHECK(collector.reports("file") == 1);
}

TEST_CASE("Every rescan that is asked for is answered") {
    Share share;
    write_old(share.root / "file", "x");
    Collector collector;
    auto const index = share.start(collector);
    std::atomic<int> answers = 0;
    for (int i = 0; i < 20; ++i) {
        index->rescan([&](auto const&) { collector.change([&] { ++answers; }); });
    }
    CHECK(collector.wait([&] { return answers == 20; }));
    CHECK(collector.reports("file") == 1);
}

TEST_CASE("A file that was touched without a change is reported with its new stamp") {
    Share share;
    write_old(share.root / "file", "x");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const before = collector.file("file");
    set_age(share.root / "file", 5s);
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.file("file").content == before.content);
    CHECK(collector.file("file").stamp == stamp(share.root / "file"));
    CHECK(collector.file("file").stamp != before.stamp);
}

TEST_CASE("A file that was replaced by another of the same size and time is read again") {
    Share share;
    write_old(share.root / "file", "old");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    auto const old = collector.file("file").content;
    write_new(share.root / "new", "new");
    fs::last_write_time(share.root / "new", fs::last_write_time(share.root / "file"));
    fs::rename(share.root / "new", share.root / "file");
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.file("file").content != old);
}

TEST_CASE("A file that keeps changing is left out until it is quiet") {
    Share share;
    write_old(share.root / "quiet", "x");
    write_new(share.root / "busy", "x");
    Collector collector;
    BusyWriter writer(share.root / "busy");
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    writer.stop();
    CHECK(collector.last_scan().skipped == 1);
    CHECK(collector.warned("'busy' is left out: keeps changing") == 1);
    CHECK(collector.names() == std::vector<std::string>{"quiet"});
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.names() == std::vector<std::string>{"busy", "quiet"});
}

TEST_CASE("An index ends at once, even while it reads a large file") {
    Share share;
    write_old(share.root / "large", "x");
    fs::resize_file(share.root / "large", std::uintmax_t{1} << 40U);  // minutes of reading
    set_age(share.root / "large", 10s);
    write_old(share.root / "small", "x");
    Collector collector;
    auto index = share.start(collector);
    REQUIRE(collector.wait_for("small"));
    auto const begin = std::chrono::steady_clock::now();
    index.reset();
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    CHECK(collector.names() == std::vector<std::string>{"small"});
}

TEST_CASE("An index ends, however busy it is at that moment") {
    Share share;
    for (int i = 0; i < 1000; ++i) {
        Collector collector;
        auto const index = share.start(collector, true);
        REQUIRE(collector.wait_for_scans(1));
        for (int letter = 0; letter < 50; ++letter) {
            index->recheck("not there");
        }
    }
}

TEST_CASE(
    "What cannot be opened for want of descriptors stays shared, and is read when it can be") {
    Share share;
    write_old(share.root / "kept", "content");
    write_old(share.root / "renamed", "of another name");
    write_old(share.root / "a/b/c/deep", "deep");
    fs::create_directories(share.root / "empty");
    Collector collector;
    auto const index = share.start(collector, true);
    REQUIRE(collector.wait_for_scans(1));
    {
        DescriptorShortage const shortage(0);
        index->recheck("kept");
        REQUIRE(collector.wait_warning("(see `ulimit -n`)"));
        index->rescan({});
        fs::rename(share.root / "renamed", share.root / "empty/renamed");
        CHECK(collector.names() == std::vector<std::string>{"a/b/c/deep", "kept", "renamed"});
        collector.change([&] { CHECK(collector.summaries.size() == 1); });
    }
    REQUIRE(collector.wait_for("empty/renamed"));
    REQUIRE(collector.wait_gone("renamed"));
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.last_scan().files == 3);
    CHECK(collector.last_scan().skipped == 0);
    CHECK(collector.names() == std::vector<std::string>{"a/b/c/deep", "empty/renamed", "kept"});
}
