#include "catch.hpp"
#include "index/hash_cache.hpp"
#include "index/hash_file.hpp"
#include "index/sqlite.hpp"
#include "share_fixture.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>

#include <stop_token>

#include <fcntl.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A share of some files that are in the cache.
struct CachedShare : Share {
    Collector first;

    CachedShare() {
        for (auto const* name : {"one", "two", "sub/three"}) {
            write_old(root / name, name);
        }
        scan(first);
    }

    /// The index of a restarted peer finds the same contents; returns how many it had to read.
    std::uint64_t restart(Collector& again, std::string const& hash = "sha256") const {
        scan(again, hash);
        for (auto const& [name, file] : first.files) {
            if (hash == "sha256") {
                CHECK(again.file(name).content == file.content);
            }
        }
        CHECK(again.names().size() == first.files.size());
        return again.last_scan().hashed;
    }

    std::uint64_t restart() const {
        Collector again;
        auto const hashed = restart(again);
        CHECK(again.warned() == 0);
        return hashed;
    }

    void edit(char const* sql) const { SqliteDatabase(cache).execute(sql); }
};

/// Does something each time that a file is about to be read.
class DuringRead : public files::Faults {
  public:
    DuringRead() { files::set_faults(this); }

    ~DuringRead() override { files::set_faults(nullptr); }

    DuringRead(DuringRead const&) = delete;
    DuringRead& operator=(DuringRead const&) = delete;

    files::Fault on_call(std::string_view call, int /*fd*/, std::string_view /*path*/) override {
        if (call == "pread") {
            work();
        }
        return {};
    }

    std::function<void()> work = [] {};
};

}  // namespace

TEST_CASE("After a restart nothing is read again") {
    CachedShare const share;
    CHECK(share.first.summaries.back().hashed == 3);
    CHECK(share.restart() == 0);
    CHECK(share.restart() == 0);
}

TEST_CASE("After a restart only what has changed is read") {
    CachedShare share;
    auto const old = share.first.file("one").content;
    write_old(share.root / "one", "eno", 5s);  // of the same size
    fs::remove(share.root / "two");
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().hashed == 1);
    CHECK(again.names() == std::vector<std::string>{"one", "sub/three"});
    CHECK(again.file("one").content != old);
}

TEST_CASE("After a restart a file is read whose size and time were put back") {
    CachedShare share;
    auto const before = share.first.file("one");
    write_in_place(share.root / "one", "eno");
    REQUIRE(stamp(share.root / "one").like(before.stamp));
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().hashed == 1);
    CHECK(again.file("one").content != before.content);
}

TEST_CASE(
    "After a restart files with other permissions or names are read, and stay what they are") {
    CachedShare share;
    fs::permissions(share.root / "one", fs::perms::owner_read | fs::perms::others_read);
    fs::rename(share.root / "two", share.root / "second");
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().hashed == 2);
    CHECK(again.file("one").content == share.first.file("one").content);
    CHECK(again.file("second").content == share.first.file("two").content);
    Collector third;
    share.scan(third);
    CHECK(third.last_scan().hashed == 0);
    CHECK(third.last_scan().files == 3);
}

TEST_CASE("The cache forgets files that are gone") {
    CachedShare share;
    fs::remove(share.root / "two");
    Collector again;
    share.scan(again);
    CHECK(SqliteDatabase(share.cache).number("SELECT count(*) FROM file") == 2);
}

TEST_CASE("A cache serves several directories and several algorithms") {
    CachedShare const share;
    Share other;
    other.cache = share.cache;
    write_old(other.root / "one", "another");
    Collector of_other;
    other.scan(of_other);
    CHECK(of_other.file("one").content != share.first.files.at("one").content);
    Collector by_other_hash;
    CHECK(share.restart(by_other_hash, "blake2b") == 3);
    CHECK(by_other_hash.file("one").content != share.first.files.at("one").content);
    CHECK(share.restart() == 0);
    Collector of_other_again;
    other.scan(of_other_again);
    CHECK(of_other_again.last_scan().hashed == 0);
}

TEST_CASE("Two peers can use one cache file at the same time") {
    Share share;
    for (int i = 0; i < 3000; ++i) {
        write_old(share.root / std::to_string(i), std::to_string(i));
    }
    Collector one;
    Collector two;
    {
        auto const first = share.start(one);
        auto const second = share.start(two);
        REQUIRE(one.wait_for_scans(1));
        REQUIRE(two.wait_for_scans(1));
    }
    CHECK(one.warned() == 0);
    CHECK(two.warned() == 0);
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().files == 3000);
    CHECK(again.last_scan().hashed == 0);
}

TEST_CASE("Entries of the cache that are damaged are not believed") {
    CachedShare const share;
    SECTION("a content id") {
        share.edit("UPDATE file SET content = zeroblob(32)");
    }
    SECTION("a digest in a manifest") {
        share.edit("UPDATE file SET manifest = substr(manifest, 1, length(manifest) - 1) || x'00'");
    }
    SECTION("not a manifest") {
        share.edit("UPDATE file SET manifest = x'', content = 'abc'");
    }
    SECTION("a size") {
        share.edit("UPDATE file SET size = size + 1");
    }
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned("has damaged entries") == 1);
    CHECK(share.restart() == 0);
}

TEST_CASE("Stamps of the cache that are damaged do not match") {
    CachedShare const share;
    SECTION("mtime") {
        share.edit("UPDATE file SET mtime_ns = mtime_ns + 1");
    }
    SECTION("inode") {
        share.edit("UPDATE file SET inode = -1");
    }
    SECTION("ctime") {
        share.edit("UPDATE file SET ctime_ns = ctime_ns - 1");
    }
    CHECK(share.restart() == 3);
    CHECK(share.restart() == 0);
}

TEST_CASE("A damaged cache file is replaced") {
    CachedShare const share;
    {
        std::fstream file(share.cache, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(100);  // behind the header
        file << std::string(fs::file_size(share.cache) - 100, '\x55');
    }
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned("is damaged") == 1);
    CHECK(share.restart() == 0);
}

TEST_CASE("A cache file that was cut off is replaced") {
    CachedShare const share;
    fs::resize_file(share.cache, fs::file_size(share.cache) / 2);
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned() == 1);
    CHECK(share.restart() == 0);
}

TEST_CASE("A cache file of a later version is replaced") {
    CachedShare const share;
    share.edit("PRAGMA user_version = 99");
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned("is of a later version") == 1);
    CHECK(share.restart() == 0);
}

TEST_CASE("A cache file of an earlier version is replaced without a word") {
    CachedShare const share;
    share.edit("PRAGMA user_version = 1; ALTER TABLE file DROP COLUMN ctime_ns");
    CHECK(share.restart() == 3);
    CHECK(share.restart() == 0);
}

TEST_CASE("A file that is no cache of ours is left alone, and done without") {
    CachedShare const share;
    fs::remove(share.cache);
    SECTION("another program's database") {
        share.edit("CREATE TABLE precious (data); INSERT INTO precious VALUES (42)");
    }
    SECTION("no database") {
        write_new(share.cache, std::string(5000, 'p'));
    }
    auto const size = fs::file_size(share.cache);
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned("cannot be used") == 1);
    CHECK(again.warned() == 1);
    CHECK(fs::file_size(share.cache) == size);
}

TEST_CASE("A place where no cache can be is warned of, and done without") {
    CachedShare share;
    SECTION("a directory") {
        share.cache = share.dir.path();
    }
    SECTION("no such directory") {
        share.cache = share.dir.path() / "missing/cache";
    }
    Collector again;
    CHECK(share.restart(again) == 3);
    CHECK(again.warned("cannot be used") == 1);
    CHECK(again.warned() == 1);
}

TEST_CASE("Without a cache file nothing is remembered, and nothing warned of") {
    CachedShare share;
    share.cache.clear();
    CHECK(share.restart() == 3);
}

TEST_CASE("A stamp is settled when no later write can leave the same") {
    auto const now = std::chrono::system_clock::now();
    auto const mtime = [&](std::chrono::nanoseconds age) {
        auto const ns = (now - age).time_since_epoch();
        return swarm::FileStamp{1, std::chrono::nanoseconds(ns).count() | 1, 1};
    };
    CHECK(!is_settled(mtime(0s), now));
    CHECK(!is_settled(mtime(10ms), now));
    CHECK(is_settled(mtime(1s), now));
    CHECK(!is_settled(mtime(-1h), now));
    // Whole seconds come from a clock of seconds, or of two.
    auto const second = std::chrono::floor<std::chrono::seconds>(now);
    swarm::FileStamp const coarse{1, std::chrono::nanoseconds(second.time_since_epoch()).count(),
                                  1};
    CHECK(!is_settled(coarse, second + 2s));
    CHECK(is_settled(coarse, second + 3s));
}

TEST_CASE("A file that was written a moment ago is not read yet") {
    Share share;
    int const root = ::open(share.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FileHasher hasher(algorithm());
    HashOutcome outcome;
    for (int i = 0; i < 100 && !std::holds_alternative<FileChanging>(outcome); ++i) {
        write_new(share.root / "file", "x");
        outcome = hasher.hash(root, "file", {});  // unless this machine is very slow
    }
    REQUIRE(std::holds_alternative<FileChanging>(outcome));
    CHECK(std::get<FileChanging>(outcome).wait > 0s);
    set_age(share.root / "file", 10s);
    CHECK(std::holds_alternative<HashedFile>(hasher.hash(root, "file", {})));
    std::stop_source stop;
    stop.request_stop();
    CHECK(std::holds_alternative<HashStopped>(hasher.hash(root, "file", stop.get_token())));
    CHECK(std::holds_alternative<HashedFile>(hasher.hash(root, "file", {})));
    ::close(root);
}

TEST_CASE("A file whose permissions are changed while it is read is to be read again") {
    Share share;
    write_old(share.root / "file", "x");
    files::Fd const root(::open(share.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    FileHasher hasher(algorithm());
    DuringRead meanwhile;
    for (bool const written : {false, true}) {
        meanwhile.work = [&] {
            fs::permissions(share.root / "file", fs::perms::owner_read | fs::perms::owner_write);
            if (written) {
                write_old(share.root / "file", "y");
            }
        };
        auto const outcome = hasher.hash(root.get(), "file", {});
        REQUIRE(std::holds_alternative<FileChanging>(outcome));
        CHECK(std::get<FileChanging>(outcome).written == written);
    }
    meanwhile.work = [] {};
    CHECK(std::holds_alternative<HashedFile>(hasher.hash(root.get(), "file", {})));
}

TEST_CASE("A stamp that a later write may leave again is not kept") {
    Share share;
    // A clock that comes to this time yet will give it to what is written then.
    write_old(share.root / "future", "x", -1h);
    write_old(share.root / "past", "x");
    Collector first;
    share.scan(first);
    CHECK(first.names() == std::vector<std::string>{"future", "past"});
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().hashed == 1);
    CHECK(SqliteDatabase(share.cache).number("SELECT count(*) FROM file") == 1);
}

TEST_CASE("A download that was moved into place is not read, neither now nor after a restart") {
    Share share;
    write_old(share.root / "known", "the content");
    {
        Collector collector;
        auto const index = share.start(collector, true);
        REQUIRE(collector.wait_for_scans(1));
        auto file = collector.file("known");
        file.name = "fetched";
        write_new(share.root / ".xfs-part", "the content");
        {
            files::Fd const fd(::open((share.root / ".xfs-part").c_str(), O_WRONLY | O_CLOEXEC));
            REQUIRE(storage::settle(fd.get()));
            file.stamp = storage::stamp_of(fd.get()).value();
        }
        fs::rename(share.root / ".xfs-part", share.root / "fetched");
        index->add(file);
        REQUIRE(collector.wait_for("fetched"));
        CHECK(collector.file("fetched").stamp == stamp(share.root / "fetched"));
        index->rescan({});
        REQUIRE(collector.wait_for_scans(2));
        CHECK(collector.last_scan().hashed == 0);
    }
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().files == 2);
    CHECK(again.last_scan().hashed == 0);
}

TEST_CASE("A download that is told of just before the end is not read after a restart") {
    Share share;
    write_old(share.root / "known", "the content");
    for (int i = 0; i < 20; ++i) {
        Collector collector;
        auto index = share.start(collector);
        REQUIRE(collector.wait_for_scans(1));
        CHECK(collector.last_scan().hashed == (i == 0 ? 1 : 0));
        auto file = collector.file("known");
        file.name = "fetched " + std::to_string(i);
        write_old(share.root / file.name, "the content");
        file.stamp = stamp(share.root / file.name);
        index->add(file);
        index.reset();
    }
}

TEST_CASE("A download is kept in the cache only if its stamp is settled") {
    Share share;
    write_old(share.root / "known", "the content");
    {
        Collector collector;
        auto const index = share.start(collector);
        REQUIRE(collector.wait_for_scans(1));
        auto file = collector.file("known");
        for (bool const settled : {false, true}) {
            file.name = settled ? "settled" : "not settled";
            write_old(share.root / file.name, "the content", -1h);
            int const fd = ::open((share.root / file.name).c_str(), O_WRONLY | O_CLOEXEC);
            REQUIRE((!settled || storage::settle(fd)));
            file.stamp = storage::stamp_of(fd).value();
            ::close(fd);
            index->add(file);
            REQUIRE(collector.wait_for(file.name));
        }
    }
    Collector again;
    share.scan(again);
    CHECK(again.last_scan().files == 3);
    CHECK(again.last_scan().hashed == 1);
}
