#include "disk_fixture.hpp"

#include <cstring>

#include <sys/mount.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// A file system of one mebibyte, if this process may mount one.
class SmallDisk {
  public:
    SmallDisk()
        : mounted_(::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=1m") == 0),
          error_(errno) {}

    ~SmallDisk() {
        if (mounted_) {
            ::umount2(dir_.path().c_str(), MNT_DETACH);
        }
    }

    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;

    [[nodiscard]] bool usable() const {
        if (!mounted_) {
            WARN("SKIPPED: cannot mount a small file system here: " << std::strerror(error_));
        }
        return mounted_;
    }

    [[nodiscard]] fs::path const& path() const { return dir_.path(); }

  private:
    xfsbus::test::TempDir dir_;
    bool mounted_;
    int error_;
};

void is_full(Error const& error) {
    CHECK(error.code == Errc::disk);
    CHECK_THAT(error.message, ContainsSubstring("the disk is full"));
}

/// Takes all the space that is left.
void fill(fs::path const& path) {
    std::ofstream file(path, std::ios::binary);
    std::string const block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
}

}  // namespace

TEST_CASE("a file that the disk has no room for is refused at once and leaves nothing") {
    SmallDisk const small;
    if (!small.usable()) {
        return;
    }
    Disk const disk(small.path());
    auto const large = sample(16 * chunk_bytes);
    {
        PartFile part(disk.target(large));
        auto const present = part.open(never);
        REQUIRE_FALSE(present);
        is_full(present.error());
        CHECK_THAT(present.error().message, ContainsSubstring("needs 2 MiB"));
    }
    CHECK(fs::is_empty(disk.root));
}

TEST_CASE("what was fetched stays when the disk is full, and is used when there is room again") {
    SmallDisk const small;
    if (!small.usable()) {
        return;
    }
    Disk const disk(small.path());
    auto const file = sample(2 * chunk_bytes);
    auto const path = disk.interrupted(file, {0});
    fs::resize_file(path, chunk_bytes);  // as on a file system that does not preallocate
    fill(disk.root / "ballast");
    {
        PartFile part(disk.target(file));
        auto const present = part.open(never);
        REQUIRE_FALSE(present);
        is_full(present.error());
    }
    CHECK(disk.parts().size() == 1);
    CHECK_FALSE(fs::exists(disk.root / "file"));
    fs::remove(disk.root / "ballast");
    PartFile part(disk.target(file));
    CHECK(part.open(never).value() == Chunks{0});
    CHECK(part.store(1, file.chunk(1)).value() == Stored::last);
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == file.bytes);
}

TEST_CASE("a disk that fills up while chunks are written is an error, and the chunks stay") {
    SmallDisk const small;
    if (!small.usable()) {
        return;
    }
    Disk const disk(small.path());
    auto const file = sample(3 * chunk_bytes);
    {
        PartFile part(disk.target(file));
        REQUIRE(part.open(never));
        REQUIRE(part.store(0, file.chunk(0)));
        // As on a file system that does not preallocate: the space is given back, and gone.
        auto const path = disk.parts().front();
        fs::resize_file(path, chunk_bytes);
        fs::resize_file(path, file.bytes.size());
        fill(disk.root / "ballast");
        auto const stored = part.store(1, file.chunk(1));
        REQUIRE_FALSE(stored);
        is_full(stored.error());
    }
    CHECK_FALSE(fs::exists(disk.root / "file"));
    fs::remove(disk.root / "ballast");
    PartFile part(disk.target(file));
    CHECK(part.open(never).value() == Chunks{0});
}

TEST_CASE("a disk without room for a journal does not disturb a download") {
    SmallDisk const small;
    if (!small.usable()) {
        return;
    }
    Disk const disk(small.path());
    auto const file = sample(2 * chunk_bytes);
    auto const path = disk.interrupted(file, {0});
    fs::remove(journal_of(path));
    write(path, file.bytes.substr(0, chunk_bytes) + std::string(chunk_bytes, 'x'));
    fill(disk.root / "ballast");
    {
        PartFile part(disk.target(file));
        CHECK(part.open(never).value() == Chunks{0});
        CHECK_FALSE(fs::exists(journal_of(path)));
        CHECK(part.store(1, file.chunk(1)).value() == Stored::last);
    }
    PartFile part(disk.target(file));
    CHECK(part.open(never).value() == Chunks{0, 1});
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == file.bytes);
}

TEST_CASE("a journal that cannot grow is given up, so that the next run reads everything") {
    SmallDisk const small;
    if (!small.usable()) {
        return;
    }
    JournalSubject const subject{chunk_bytes, 1000, 1000 * chunk_bytes, 1, 2, {}};
    auto const tree = Tree::open(small.path()).value();
    Journal journal(tree->place("journal", Tree::Make::no).value(), subject);
    journal.begin({});
    fill(small.path() / "ballast");
    for (std::uint32_t chunk = 0; chunk < subject.chunk_count; ++chunk) {
        journal.append(chunk);
    }
    CHECK_FALSE(fs::exists(small.path() / "journal"));
}
