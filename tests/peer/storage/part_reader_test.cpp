#include "disk_fixture.hpp"

#include <atomic>
#include <thread>

#include <sys/inotify.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

bool reads(PartReader const& reader, Sample const& sample, std::uint32_t chunk) {
    auto const expected = sample.chunk(chunk);
    std::vector<std::byte> buffer(expected.size());
    return reader.read(buffer, sample.manifest->layout().offset(chunk)) &&
           std::ranges::equal(buffer, expected);
}

/// Notices when a file in a directory is closed that was open for writing.
class ClosedWrites {
  public:
    explicit ClosedWrites(fs::path const& directory)
        : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        REQUIRE(::inotify_add_watch(inotify_.get(), directory.c_str(), IN_CLOSE_WRITE) >= 0);
    }

    /// Since the last call. The kernel queues an event before close() returns.
    [[nodiscard]] bool any() const {
        alignas(inotify_event) std::array<char, 4096> events;
        return ::read(inotify_.get(), events.data(), events.size()) > 0;
    }

  private:
    files::Fd inotify_;
};

}  // namespace

TEST_CASE("what is stored can be read while the rest is on its way") {
    TempDisk disk;
    PartFile part(disk.target(four(), "dir/file"));
    REQUIRE(part.open(never));
    auto const reader = part.reader();
    REQUIRE(reader);
    for (std::uint32_t chunk = 4; chunk-- > 0;) {
        CHECK_FALSE(reads(**reader, four(), chunk));
        REQUIRE(part.store(chunk, four().chunk(chunk)));
        CHECK(reads(**reader, four(), chunk));
    }
}

TEST_CASE("a reader goes on when the file has its name, and when nobody else holds it") {
    TempDisk disk;
    std::shared_ptr<PartReader const> reader;
    {
        PartFile part(disk.target(four()));
        REQUIRE(part.open(never));
        reader = part.reader().value();
        store_others(part, four());
        REQUIRE(part.finish());
        CHECK(reads(*reader, four(), 0));
    }
    CHECK(reads(*reader, four(), 1));
    fs::remove(disk.root / "file");
    CHECK(reads(*reader, four(), 3));
}

TEST_CASE("a reader fails beyond the end of the file") {
    TempDisk disk;
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    store_others(part, four());
    auto const reader = part.reader().value();
    auto const size = four().bytes.size();
    std::vector<std::byte> buffer(1000);
    CHECK(reader->read(buffer, size - 1000));
    CHECK_FALSE(reader->read(buffer, size - 999));
    CHECK_FALSE(reader->read(buffer, size));
    CHECK(reader->read({}, size));
}

TEST_CASE("several threads may read while others store") {
    TempDisk disk;
    auto const large = sample(16 * chunk_bytes);
    PartFile part(disk.target(large));
    REQUIRE(part.open(never));
    auto const reader = part.reader().value();
    std::atomic<std::uint32_t> stored{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            for (std::uint32_t chunk = 0; chunk < 16; ++chunk) {
                for (auto there = stored.load(); there <= chunk; there = stored.load()) {
                    stored.wait(there);
                }
                wrong += reads(*reader, large, chunk) ? 0 : 1;
            }
        });
    }
    for (std::uint32_t chunk = 0; chunk < 16; ++chunk) {
        wrong += part.store(chunk, large.chunk(chunk)) ? 0 : 1;
        ++stored;
        stored.notify_all();
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
}

TEST_CASE("a reader that is let go of tells no watcher that the file was written") {
    TempDisk disk;
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    store_others(part, four());
    auto reader = part.reader().value();
    REQUIRE(part.finish());
    ClosedWrites const closed(disk.root);
    reader.reset();
    CHECK_FALSE(closed.any());
    write(disk.root / "file", "x");
    CHECK(closed.any());
}

TEST_CASE("there is no reader before the file is open or after it has its name") {
    TempDisk disk;
    PartFile part(disk.target(four()));
    CHECK_FALSE(part.reader());
    REQUIRE(part.open(never));
    store_others(part, four());
    CHECK(part.reader());
    REQUIRE(part.finish());
    CHECK_FALSE(part.reader());
}

TEST_CASE("a reader is never led to another file") {
    TempDisk disk;
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    auto const path = disk.parts().front();
    write(disk.root / "other", four().bytes);
    fs::remove(path);
    SECTION("nothing has the name") {}
    SECTION("another file") {
        fs::copy(disk.root / "other", path);
    }
    SECTION("a link") {
        fs::create_symlink(disk.root / "other", path);
    }
    auto const reader = part.reader();
    REQUIRE_FALSE(reader);
    refused(reader.error(), "temporary file");
}
