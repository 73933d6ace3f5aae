#include "disk_fixture.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// A next run's look at what is there, and what it cost.
struct Reopened {
    Chunks chunks;
    std::uintmax_t hashed = 0;
};

Reopened reopen(Disk const& disk, Sample const& sample) {
    CountedHash hash;
    auto target = disk.target(sample);
    target.algorithm = hash.algorithm();
    PartFile part(target);
    auto const present = part.open(never);
    REQUIRE(present);
    return {*present, hash.take()};
}

/// Runs in a process of its own, which has to kill itself.
template <typename Run>
void run_killed(Run run) {
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        run();
        ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
}

/// Puts bytes into a file without touching the rest of it.
void patch(fs::path const& path, std::uint64_t offset, std::span<std::byte const> bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.flush());
}

void put_chunk(fs::path const& part, Sample const& sample, std::uint32_t chunk) {
    patch(part, sample.manifest->layout().offset(chunk), sample.chunk(chunk));
}

/// Whether the file system of this directory can say where a file has holes.
bool tells_holes(fs::path const& directory) {
    auto const path = directory / "sparse";
    write(path, "");
    fs::resize_file(path, 4 * chunk_bytes);
    files::Fd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    bool const tells = ::lseek(fd.get(), 0, SEEK_DATA) < 0 && errno == ENXIO;
    fs::remove(path);
    if (!tells) {
        WARN("SKIPPED: the file system of " << directory << " does not tell holes");
    }
    return tells;
}

/// A journal with no more than these.
std::string first_records(std::string const& journal, std::size_t records) {
    return journal.substr(0, journal_header_bytes + records * journal_record_bytes);
}

}  // namespace

// ---- what is found ----

TEST_CASE("exactly the chunks that were stored are found again") {
    TempDisk disk;
    static_cast<void>(disk.interrupted(four(), {1, 3}));
    PartFile part(disk.target(four()));
    auto const present = part.open(never);
    REQUIRE(present);
    CHECK(*present == Chunks{1, 3});
    store_others(part, four(), *present);
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("a chunk that went bad on disk is fetched again") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 2});
    auto bytes = read(path);
    bytes[chunk_bytes + 5] ^= 1;
    write(path, bytes);
    PartFile part(disk.target(four()));
    auto const present = part.open(never);
    REQUIRE(present);
    CHECK(*present == Chunks{0, 2});
}

TEST_CASE("a temporary of another size is used as far as it is right") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 3});
    Chunks expected;
    SECTION("too long") {
        fs::resize_file(path, four().bytes.size() + 12345);
        expected = {0, 1, 3};
    }
    SECTION("too short by a byte") {
        fs::resize_file(path, four().bytes.size() - 1);
        expected = {0, 1};
    }
    SECTION("cut within a chunk") {
        fs::resize_file(path, chunk_bytes + 10);
        expected = {0};
    }
    SECTION("emptied") {
        fs::resize_file(path, 0);
    }
    SECTION("something else") {
        write(path, std::string(1'000'000, 'x'));
    }
    PartFile part(disk.target(four()));
    auto const present = part.open(never);
    REQUIRE(present);
    CHECK(*present == expected);
    store_others(part, four(), *present);
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("a temporary that is no plain file is refused, and what it leads to is not touched") {
    TempDisk disk;
    TempDisk outside;
    auto const victim = outside.root / "victim";
    write(victim, "precious");
    auto const path = disk.interrupted(four(), {0});
    fs::remove(path);
    SECTION("a symbolic link") {
        fs::create_symlink(victim, path);
    }
    SECTION("a dangling link") {
        fs::create_symlink(outside.root / "new", path);
    }
    SECTION("a hard link") {
        fs::create_hard_link(victim, path);
    }
    SECTION("a directory") {
        fs::create_directory(path);
    }
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
    }
    {
        PartFile part(disk.target(four()));
        auto const present = part.open(never);
        REQUIRE_FALSE(present);
        CHECK(present.error().code == Errc::disk);
    }
    CHECK(fs::symlink_status(path).type() != fs::file_type::not_found);
    CHECK(read(victim) == "precious");
    CHECK_FALSE(fs::exists(outside.root / "new"));
    CHECK_FALSE(fs::exists(disk.root / "file"));
}

TEST_CASE("a run that stored nothing leaves nothing behind") {
    TempDisk disk;
    {
        PartFile part(disk.target(four()));
        REQUIRE(part.open(never));
        CHECK(disk.parts().size() == 1);
    }
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a run that is stopped while it looks at what is there loses nothing of it") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {1, 2, 3});
    auto const looked_at = GENERATE(0, 1, 2, 4);
    {
        PartFile part(disk.target(four()));
        int calls = 0;
        auto const present = part.open([&] { return calls++ == looked_at; });
        CHECK(present);
    }
    PartFile part(disk.target(four()));
    auto const present = part.open(never);
    REQUIRE(present);
    CHECK(*present == Chunks{1, 2, 3});
}

// ---- the journal ----

TEST_CASE("only what the journal claims is read again") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {1, 3});
    CHECK(fs::exists(journal_of(path)));
    put_chunk(path, four(), 0);  // as if killed before it was recorded
    auto const found = reopen(disk, four());
    CHECK(found.chunks == Chunks{1, 3});
    CHECK(found.hashed == 2);
}

TEST_CASE("what a run stored before it was killed is found again, whenever that is") {
    TempDisk disk;
    auto const count = GENERATE(0U, 1U, 2U, 3U, 4U);
    Chunks stored;
    for (std::uint32_t chunk = 0; chunk < count; ++chunk) {
        stored.push_back(chunk);
    }
    run_killed([&] {
        PartFile part(disk.target(four()));
        static_cast<void>(part.open(never));
        for (auto const chunk : stored) {
            static_cast<void>(part.store(chunk, four().chunk(chunk)));
        }
        ::raise(SIGKILL);
    });
    auto const found = reopen(disk, four());
    CHECK(found.chunks == stored);
    CHECK(found.hashed == count);
}

TEST_CASE("a run that is killed as it writes the journal again loses nothing") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 2});
    auto const journal = read(journal_of(path));
    // The records come first, the header last.
    auto const written =
        GENERATE(std::size_t{0}, std::size_t{1}, journal_record_bytes, 2 * journal_record_bytes);
    auto bytes =
        std::string(journal_header_bytes, '\0') + journal.substr(journal_header_bytes, written);
    SECTION("before the header") {}
    SECTION("within the header") {
        bytes.replace(0, journal_header_bytes / 2, journal, 0, journal_header_bytes / 2);
    }
    SECTION("before anything") {
        bytes.clear();
    }
    write(journal_of(path), bytes);
    CHECK(reopen(disk, four()).chunks == Chunks{0, 2});
}

TEST_CASE("several threads store at once, and the next run finds all of it") {
    TempDisk disk;
    auto const large = sample(24 * chunk_bytes + 5);
    auto const count = large.manifest->layout().chunks;
    {
        PartFile part(disk.target(large));
        REQUIRE(part.open(never));
        std::atomic<std::uint32_t> next{0};
        std::atomic<int> failures{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                for (auto chunk = next++; chunk < count; chunk = next++) {
                    failures += part.store(chunk, large.chunk(chunk)) ? 0 : 1;
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        REQUIRE(failures == 0);
    }
    auto const found = reopen(disk, large);
    CHECK(found.chunks.size() == count);
    CHECK(found.hashed == count);
}

TEST_CASE("a journal with a torn end is used up to there, and gone on with") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {3, 0, 2});
    auto const journal = read(journal_of(path));
    for (std::size_t cut = 0; cut <= 2 * journal_record_bytes; ++cut) {
        write(journal_of(path), journal.substr(0, journal.size() - cut));
        auto const lost = (cut + journal_record_bytes - 1) / journal_record_bytes;
        auto const claimed = lost == 0 ? Chunks{0, 2, 3} : lost == 1 ? Chunks{0, 3} : Chunks{3};
        {
            CountedHash hash;
            auto target = disk.target(four());
            target.algorithm = hash.algorithm();
            PartFile part(target);
            REQUIRE(part.open(never).value() == claimed);
            REQUIRE(hash.take() == claimed.size());
            REQUIRE(fs::file_size(journal_of(path)) ==
                    journal_header_bytes + claimed.size() * journal_record_bytes);
            REQUIRE(part.store(1, four().chunk(1)));
        }
        auto expected = claimed;
        expected.insert(std::ranges::upper_bound(expected, 1U), 1);
        auto const found = reopen(disk, four());
        REQUIRE(found.chunks == expected);
        REQUIRE(found.hashed == expected.size());
    }
}

TEST_CASE("with any byte of the journal wrong, nothing is found that is not there") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 2});
    auto journal = read(journal_of(path));
    REQUIRE(journal.size() == journal_header_bytes + 2 * journal_record_bytes);
    for (std::size_t at = 0; at < journal.size(); ++at) {
        auto bytes = journal;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x11);
        write(journal_of(path), bytes);
        auto const found = reopen(disk, four());
        // A header that is wrong: all of the file is read. A record: only those before it are.
        auto const expected = at < journal_header_bytes                          ? Chunks{0, 2}
                              : at < journal_header_bytes + journal_record_bytes ? Chunks{}
                                                                                 : Chunks{0};
        REQUIRE(found.chunks == expected);
        if (expected.empty()) {  // a run that finds nothing clears up
            REQUIRE(disk.temporaries().empty());
            journal = read(journal_of(disk.interrupted(four(), {0, 2})));
        } else {
            REQUIRE(read(journal_of(path)) == first_records(journal, expected.size()));
        }
    }
}

TEST_CASE("a chunk that the journal claims and the file does not hold is not there") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 3});
    Chunks expected;
    SECTION("its bytes were changed") {
        std::byte const other{static_cast<unsigned char>(~four().bytes[chunk_bytes + 9])};
        patch(path, chunk_bytes + 9, std::span(&other, 1));
        expected = {0, 3};
    }
    SECTION("the file is shorter") {
        fs::resize_file(path, 2 * chunk_bytes);
        expected = {0, 1};
    }
    CHECK(reopen(disk, four()).chunks == expected);
    // The journal claims it no longer.
    auto const again = reopen(disk, four());
    CHECK(again.chunks == expected);
    CHECK(again.hashed == expected.size());
}

TEST_CASE("an emptied file is not believed to hold what its journal claims") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 3});
    fs::resize_file(path, 0);
    auto const found = reopen(disk, four());
    CHECK(found.chunks.empty());
    CHECK(found.hashed == 0);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("without a journal about this very file all of it is read, and there is one then") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {1, 2});
    auto const journal = journal_of(path);
    SECTION("it is missing") {
        fs::remove(journal);
    }
    SECTION("it is about another content") {
        fs::remove(journal);
        auto const other = sample(four().bytes.size(), 2);
        TempDisk elsewhere;
        fs::copy(journal_of(elsewhere.interrupted(other, {0, 3})), journal);
    }
    SECTION("the file was replaced by a copy") {
        fs::copy(path, path.string() + "-2");
        fs::rename(path.string() + "-2", path);
    }
    SECTION("it may not be read") {
        fs::permissions(journal, fs::perms::none);
    }
    SECTION("it is a link") {
        fs::rename(journal, disk.root / "moved");
        fs::create_symlink(disk.root / "moved", journal);
    }
    CHECK(reopen(disk, four()).chunks == Chunks{1, 2});
    CHECK(fs::is_regular_file(fs::symlink_status(journal)));
    auto const again = reopen(disk, four());
    CHECK(again.chunks == Chunks{1, 2});
    CHECK(again.hashed == 2);
}

TEST_CASE("a journal is not believed about another file that has got the name") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {1, 2});
    auto const other = disk.root / "other";
    write(other, "");
    fs::resize_file(other, four().bytes.size());
    put_chunk(other, four(), 0);
    put_chunk(other, four(), 3);
    fs::rename(other, path);
    CHECK(reopen(disk, four()).chunks == Chunks{0, 3});
    CHECK(reopen(disk, four()).hashed == 2);
}

TEST_CASE("a directory of the journal's name does not disturb a download") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {1, 2});
    fs::remove(journal_of(path));
    fs::create_directory(journal_of(path));
    REQUIRE(download(disk.target(four()), four()));
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("what was never written is not hashed") {
    TempDisk disk;
    if (!tells_holes(disk.root)) {
        return;
    }
    auto const path = disk.interrupted(four(), {2});
    fs::remove(journal_of(path));
    auto const found = reopen(disk, four());
    CHECK(found.chunks == Chunks{2});
    CHECK(found.hashed == 1);
}

TEST_CASE("a file without holes is read to its end when there is no journal") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {2});
    fs::remove(journal_of(path));
    auto bytes = four().bytes;
    bytes[0] = static_cast<char>(~bytes[0]);
    patch(path, 0, std::as_bytes(std::span(bytes)));
    auto const found = reopen(disk, four());
    CHECK(found.chunks == Chunks{1, 2, 3});
    CHECK(found.hashed == 4);
}

TEST_CASE(
    "a run that is stopped while it reads all of the file leaves no journal that knows less") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 2});
    fs::remove(journal_of(path));
    {
        PartFile part(disk.target(four()));
        int calls = 0;
        REQUIRE(part.open([&] { return calls++ == 1; }));
    }
    CHECK_FALSE(fs::exists(journal_of(path)));
    CHECK(reopen(disk, four()).chunks == Chunks{0, 1, 2});
}

TEST_CASE("the journal goes when the file has its name, or nothing was stored") {
    TempDisk disk;
    {
        PartFile part(disk.target(four()));
        REQUIRE(part.open(never));
        CHECK(fs::exists(journal_of(disk.parts().front())));
    }
    CHECK(disk.temporaries().empty());
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    store_others(part, four());
    CHECK(fs::exists(journal_of(disk.parts().front())));
    REQUIRE(part.finish());
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a journal that outlived its file is not believed") {
    TempDisk disk;
    auto const path = disk.interrupted(four(), {0, 1, 2});
    fs::rename(journal_of(path), disk.root / "kept");
    REQUIRE(download(disk.target(four()), four()));
    // As if killed between the two: the file has its name, and the journal is there.
    fs::rename(disk.root / "kept", journal_of(path));
    bool const removed = GENERATE(false, true);
    if (removed) {  // the next temporary file may get its inode
        fs::remove(disk.root / "file");
    }
    auto const found = reopen(disk, four());
    CHECK(found.chunks.empty());
    CHECK(found.hashed == 0);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a file of one chunk needs no journal") {
    TempDisk disk;
    auto const small = sample(1000);
    {
        PartFile part(disk.target(small));
        REQUIRE(part.open(never));
        CHECK(disk.temporaries().empty());
        REQUIRE(part.store(0, small.chunk(0)).value() == Stored::last);
        CHECK(disk.temporaries() == disk.parts());
    }
    CHECK(disk.parts().size() == 1);  // as a run leaves it that is killed just then
    REQUIRE(download(disk.target(small), small));
    CHECK(disk.temporaries().empty());
    CHECK(read(disk.root / "file") == small.bytes);
}

TEST_CASE("a small file that is being fetched by another to the same place is not taken from it") {
    TempDisk disk;
    auto const small = sample(1000);
    PartFile other(disk.target(small));
    REQUIRE(other.open(never));
    REQUIRE(other.store(0, small.chunk(0)));
    PartFile part(disk.target(small));
    REQUIRE(part.open(never));
    auto const stored = part.store(0, small.chunk(0));
    REQUIRE_FALSE(stored);
    refused(stored.error(), "being downloaded to the same place already");
    REQUIRE(other.finish());
    CHECK(read(disk.root / "file") == small.bytes);
}
