#include "storage/journal.hpp"

#include "disk_fixture.hpp"

#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

JournalSubject subject() {
    JournalSubject subject{chunk_bytes, 40, 40 * chunk_bytes, 7, 4711, {}};
    subject.content.bytes.fill(0xab);
    return subject;
}

Chunks const some{5, 0, 39, 17};
Chunks const some_sorted{0, 5, 17, 39};

std::string encoded() {
    return encode_journal(subject(), some);
}

/// The first records of `some`, as they are claimed.
Chunks first(std::size_t records) {
    Chunks chunks(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(records));
    std::ranges::sort(chunks);
    return chunks;
}

/// A directory with a journal, or what is taken for one.
class JournalDisk {
  public:
    [[nodiscard]] Journal journal(JournalSubject const& about = subject()) const {
        return Journal(place(), about);
    }

    [[nodiscard]] fs::path path() const { return dir_.path() / "journal"; }

    [[nodiscard]] fs::path other() const { return dir_.path() / "other"; }

    /// What the next run reads there.
    [[nodiscard]] std::optional<Chunks> loaded() const { return journal().load(); }

  private:
    [[nodiscard]] Place place() const {
        return Tree::open(dir_.path()).value()->place("journal", Tree::Make::no).value();
    }

    xfsbus::test::TempDir dir_;
};

}  // namespace

// ---- the bytes ----

TEST_CASE("a journal claims what was put into it, once each and in order") {
    auto const claims = parse_journal(encoded(), subject());
    REQUIRE(claims);
    CHECK(claims->chunks == some_sorted);
    CHECK(claims->bytes == encoded().size());
    auto const doubled = parse_journal(encode_journal(subject(), Chunks{3, 1, 3, 3}), subject());
    REQUIRE(doubled);
    CHECK(doubled->chunks == Chunks{1, 3});
    auto const empty = parse_journal(encode_journal(subject(), {}), subject());
    REQUIRE(empty);
    CHECK(empty->chunks.empty());
}

TEST_CASE("a journal that is cut off anywhere claims its whole records") {
    auto const whole = encoded();
    REQUIRE(whole.size() == journal_header_bytes + some.size() * journal_record_bytes);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto const claims = parse_journal(std::string_view(whole).substr(0, size), subject());
        REQUIRE(claims.has_value() == (size >= journal_header_bytes));
        if (claims) {
            auto const records = (size - journal_header_bytes) / journal_record_bytes;
            REQUIRE(claims->chunks == first(records));
            REQUIRE(claims->bytes == journal_header_bytes + records * journal_record_bytes);
        }
    }
}

TEST_CASE("a journal with any other bit in its header is none") {
    for (std::size_t bit = 0; bit < 8 * journal_header_bytes; ++bit) {
        auto bytes = encoded();
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        REQUIRE_FALSE(parse_journal(bytes, subject()));
    }
}

TEST_CASE("a record with any other byte ends what the journal claims") {
    for (std::size_t at = journal_header_bytes; at < encoded().size(); ++at) {
        for (int change = 1; change < 256; ++change) {
            auto bytes = encoded();
            bytes[at] = static_cast<char>(bytes[at] ^ change);
            auto const claims = parse_journal(bytes, subject());
            REQUIRE(claims);
            auto const before = (at - journal_header_bytes) / journal_record_bytes;
            REQUIRE(claims->chunks == first(before));
        }
    }
}

TEST_CASE("a journal about anything else is none") {
    auto other = subject();
    SECTION("another content") {
        other.content.bytes.back() ^= 1;
    }
    SECTION("another size") {
        ++other.file_bytes;
    }
    SECTION("chunks of another size") {
        other.chunk_bytes *= 2;
    }
    SECTION("another number of chunks") {
        ++other.chunk_count;
    }
    SECTION("another temporary file") {
        ++other.inode;
    }
    SECTION("another disk") {
        ++other.device;
    }
    CHECK_FALSE(parse_journal(encoded(), other));
    CHECK(parse_journal(encode_journal(other, some), other));
}

TEST_CASE("a record of another journal is not taken for one of this") {
    auto other = subject();
    other.content.bytes.back() ^= 1;
    auto const foreign = encode_journal(other, some).substr(journal_header_bytes);
    auto const claims = parse_journal(encoded() + foreign, subject());
    REQUIRE(claims);
    CHECK(claims->chunks == some_sorted);
    CHECK(claims->bytes == encoded().size());
}

TEST_CASE("a chunk that the file does not have is not claimed") {
    auto const last = subject().chunk_count - 1;
    auto const bytes = encode_journal(subject(), Chunks{last, last + 1, 0});
    auto const claims = parse_journal(bytes, subject());
    REQUIRE(claims);
    CHECK(claims->chunks == Chunks{last});
}

TEST_CASE("a journal is read no further than a file's chunks can make it") {
    Chunks const many(subject().chunk_count + 1, 3);
    auto const claims = parse_journal(encode_journal(subject(), many), subject());
    REQUIRE(claims);
    CHECK(claims->chunks == Chunks{3});
    CHECK(claims->bytes == journal_header_bytes + subject().chunk_count * journal_record_bytes);
}

TEST_CASE("zeros and noise are no journal") {
    CHECK_FALSE(parse_journal({}, subject()));
    CHECK_FALSE(parse_journal(std::string(4096, '\0'), subject()));
    CHECK_FALSE(parse_journal(sample(4096).bytes, subject()));
    auto const zeros = parse_journal(encoded() + std::string(4096, '\0'), subject());
    REQUIRE(zeros);
    CHECK(zeros->chunks == some_sorted);
}

// ---- the file ----

TEST_CASE("a journal remembers what it began with and what was added") {
    JournalDisk const disk;
    {
        auto journal = disk.journal();
        CHECK_FALSE(journal.load());
        journal.begin({4, 9});
        journal.append(30);
        journal.append(2);
    }
    CHECK(disk.loaded() == Chunks{2, 4, 9, 30});
}

TEST_CASE("a journal of an earlier run is gone on with, not written again") {
    JournalDisk const disk;
    write(disk.path(), encoded());
    auto const before = fs::last_write_time(disk.path());
    {
        auto journal = disk.journal();
        REQUIRE(journal.load() == some_sorted);
        journal.begin(some_sorted);
        CHECK(read(disk.path()) == encoded());
        CHECK(fs::last_write_time(disk.path()) == before);
        journal.append(1);
    }
    CHECK(read(disk.path()) == encode_journal(subject(), Chunks{5, 0, 39, 17, 1}));
}

TEST_CASE("nothing is added before it is known what stands in the journal") {
    JournalDisk const disk;
    write(disk.path(), "something else");
    auto journal = disk.journal();
    journal.append(1);
    CHECK_FALSE(journal.load());
    journal.append(2);
    CHECK(read(disk.path()) == "something else");
    journal.begin({});
    journal.append(3);
    CHECK(disk.loaded() == Chunks{3});
}

TEST_CASE("a journal in which something is wrong is written again") {
    JournalDisk const disk;
    Chunks verified = some_sorted;
    SECTION("it claims too much") {
        write(disk.path(), encoded());
        verified = {0, 17};
    }
    SECTION("its end is torn") {
        write(disk.path(), encoded() + "torn");
    }
    SECTION("its header is damaged") {
        write(disk.path(), "-" + encoded().substr(1));
    }
    SECTION("it is empty") {
        write(disk.path(), "");
    }
    SECTION("a longer one of another file is there") {
        write(disk.path(), std::string(100'000, 'x'));
    }
    {
        auto journal = disk.journal();
        static_cast<void>(journal.load());
        journal.begin(verified);
        journal.append(20);
    }
    auto expected = verified;
    expected.push_back(20);
    CHECK(read(disk.path()) == encode_journal(subject(), expected));
}

TEST_CASE("whatever else has the journal's name is replaced, and what it leads to is not touched") {
    JournalDisk const disk;
    write(disk.other(), encoded());
    bool const expected = GENERATE(true, false);  // so that it could even be taken for one
    auto const precious = expected ? encoded() : std::string("precious");
    write(disk.other(), precious);
    SECTION("a symbolic link") {
        fs::create_symlink(disk.other(), disk.path());
    }
    SECTION("a hard link") {
        fs::create_hard_link(disk.other(), disk.path());
    }
    SECTION("a dangling link") {
        fs::create_symlink(disk.other().string() + "-2", disk.path());
    }
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(disk.path().c_str(), 0666) == 0);
    }
    {
        auto journal = disk.journal();
        CHECK_FALSE(journal.load());
        journal.begin({6});
        journal.append(7);
    }
    CHECK(read(disk.other()) == precious);
    CHECK_FALSE(fs::exists(disk.other().string() + "-2"));
    CHECK(fs::is_regular_file(fs::symlink_status(disk.path())));
    CHECK(disk.loaded() == Chunks{6, 7});
}

TEST_CASE("a directory of the journal's name leaves the file without a journal") {
    JournalDisk const disk;
    fs::create_directory(disk.path());
    auto journal = disk.journal();
    CHECK_FALSE(journal.load());
    journal.begin({6});
    journal.append(7);
    journal.remove();
    CHECK(fs::is_directory(disk.path()));
}

TEST_CASE("a journal that is removed is gone and takes nothing more") {
    JournalDisk const disk;
    auto journal = disk.journal();
    journal.begin({1});
    journal.remove();
    journal.append(2);
    CHECK_FALSE(fs::exists(disk.path()));
}

TEST_CASE("several threads may add to a journal at once") {
    JournalDisk const disk;
    auto about = subject();
    about.chunk_count = 4000;
    auto journal = disk.journal(about);
    journal.begin({});
    std::vector<std::thread> threads;
    for (std::uint32_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&journal, thread] {
            for (std::uint32_t chunk = thread; chunk < 4000; chunk += 4) {
                journal.append(chunk);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    auto const bytes = read(disk.path());
    auto const claims = parse_journal(bytes, about);
    REQUIRE(claims);
    CHECK(claims->chunks.size() == 4000);
    CHECK(claims->bytes == bytes.size());
}
