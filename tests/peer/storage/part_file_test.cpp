#include "disk_fixture.hpp"
#include "storage/sight.hpp"

#include <xfsbus/files/system.hpp>

#include <atomic>
#include <cerrno>
#include <thread>

#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;
using Present = PartFile::Present;

// ---- the usual way ----

TEST_CASE("a file appears under its name when it is whole, and not before") {
    TempDisk disk;
    PartFile part(disk.target(four(), "dir/file"));
    auto const present = part.open(never);
    REQUIRE(present);
    CHECK(present->empty());
    for (std::uint32_t chunk = 4; chunk-- > 0;) {
        CHECK_FALSE(fs::exists(disk.root / "dir/file"));
        CHECK(part.store(chunk, four().chunk(chunk)).value() ==
              (chunk == 0 ? Stored::last : Stored::yes));
    }
    CHECK_FALSE(fs::exists(disk.root / "dir/file"));
    auto const file = part.finish();
    REQUIRE(file);
    CHECK(read(disk.root / "dir/file") == four().bytes);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a finished file is known to the index as it stands on disk") {
    TempDisk disk;
    auto const file = download(disk.target(four()), four());
    REQUIRE(file);
    CHECK(file->name == "file");
    CHECK(file->content == four().content);
    CHECK(*file->manifest == wire::encode_manifest(*four().manifest));
    auto const fd = disk.tree->open_file("file");
    REQUIRE(fd);
    CHECK(stamp_of(fd->get()).value().like(file->stamp));
}

TEST_CASE("the temporary file is beside the final one and hidden from the share") {
    TempDisk disk;
    PartFile part(disk.target(four(), "dir/file"));
    REQUIRE(part.open(never));
    REQUIRE(disk.parts().size() == 1);
    CHECK(disk.parts()[0].parent_path() == disk.root / "dir");
    CHECK(disk.parts()[0].filename().string().starts_with(".xfs-"));
    CHECK(fs::file_size(disk.parts()[0]) == four().bytes.size());
}

TEST_CASE("an empty file is made of nothing") {
    TempDisk disk;
    auto const empty = sample(0);
    PartFile part(disk.target(empty));
    CHECK(part.open(never).value().empty());
    REQUIRE(part.finish());
    CHECK(fs::file_size(disk.root / "file") == 0);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("an empty file that is given up or cannot have its name leaves nothing behind") {
    TempDisk disk;
    auto const empty = sample(0);
    bool const finishes = GENERATE(false, true);
    write(disk.root / "file", "other");
    {
        PartFile part(disk.target(empty));
        REQUIRE(part.open(never));
        CHECK((!finishes || !part.finish()));
    }
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a corrupt chunk is not written") {
    TempDisk disk;
    {
        PartFile part(disk.target(four()));
        REQUIRE(part.open(never));
        std::vector<std::byte> bytes(four().chunk(1).begin(), four().chunk(1).end());
        SECTION("a bit is wrong") {
            bytes[17] ^= std::byte{1};
        }
        SECTION("it is another one") {
            bytes.assign(four().chunk(2).begin(), four().chunk(2).end());
        }
        SECTION("it is too short") {
            bytes.pop_back();
        }
        SECTION("it is too long") {
            bytes.push_back({});
        }
        SECTION("it is empty") {
            bytes.clear();
        }
        CHECK(part.store(1, bytes).value() == Stored::corrupt);
        auto const on_disk = read(disk.parts().front());
        CHECK(on_disk == std::string(four().bytes.size(), '\0'));
        store_others(part, four());
        REQUIRE(part.finish());
    }
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("several threads may store at once") {
    TempDisk disk;
    auto const large = sample(24 * chunk_bytes + 5);
    PartFile part(disk.target(large));
    REQUIRE(part.open(never));
    std::atomic<std::uint32_t> next{0};
    std::atomic<int> lasts{0};
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (auto chunk = next++; chunk < large.manifest->layout().chunks; chunk = next++) {
                auto const garbage = part.store(chunk, large.chunk(0).first(10));
                auto const stored = part.store(chunk, large.chunk(chunk));
                bool const good =
                    garbage && *garbage == Stored::corrupt && stored && *stored != Stored::corrupt;
                failures += good ? 0 : 1;
                lasts += stored && *stored == Stored::last ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(failures == 0);
    CHECK(lasts == 1);
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == large.bytes);
}

// ---- the final name ----

TEST_CASE("a different file of that name is refused and left as it is, unless told to replace it") {
    TempDisk disk;
    bool const replace = GENERATE(false, true);
    write(disk.root / "file", "other");
    auto const file = download(disk.target(four(), "file", replace), four());
    if (replace) {
        REQUIRE(file);
        CHECK(read(disk.root / "file") == four().bytes);
        CHECK(disk.temporaries().empty());
    } else {
        REQUIRE_FALSE(file);
        refused(file.error(), "--repair");
        CHECK(read(disk.root / "file") == "other");
        // What was fetched is there for a next try with another decision.
        fs::remove(disk.root / "file");
        PartFile part(disk.target(four()));
        CHECK(part.open(never).value().size() == 4);
        CHECK(part.finish());
    }
}

TEST_CASE("the same content that got the name meanwhile is taken, and nothing else is left") {
    TempDisk disk;
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    store_others(part, four());
    write(disk.root / "file", four().bytes);
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == four().bytes);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a link of that name is never followed: it is refused or replaced itself") {
    TempDisk disk;
    TempDisk outside;
    bool const replace = GENERATE(false, true);
    write(outside.root / "victim", "precious");
    fs::create_symlink(outside.root / "victim", disk.root / "file");
    auto const file = download(disk.target(four(), "file", replace), four());
    CHECK(file.ok() == replace);
    CHECK(fs::is_symlink(disk.root / "file") == !replace);
    CHECK(read(outside.root / "victim") == "precious");
}

TEST_CASE("a directory of that name is never replaced") {
    TempDisk disk;
    bool const replace = GENERATE(false, true);
    fs::create_directory(disk.root / "file");
    auto const file = download(disk.target(four(), "file", replace), four());
    REQUIRE_FALSE(file);
    CHECK(file.error().code == Errc::disk);
    CHECK(fs::is_directory(disk.root / "file"));
}

TEST_CASE("a look tells what is under the name") {
    TempDisk disk;
    auto const target = disk.target(four());
    Present expected = Present::other;
    SECTION("nothing") {
        expected = Present::nothing;
    }
    SECTION("the content that is wanted") {
        write(disk.root / "file", four().bytes);
        expected = Present::same;
    }
    SECTION("a bit of the last chunk differs") {
        auto bytes = four().bytes;
        bytes.back() = static_cast<char>(bytes.back() ^ 1);
        write(disk.root / "file", bytes);
    }
    SECTION("it is shorter") {
        write(disk.root / "file", four().bytes.substr(1));
    }
    SECTION("it is longer") {
        write(disk.root / "file", four().bytes + "x");
    }
    auto const present = PartFile(target).look(never);
    REQUIRE(present);
    CHECK(*present == expected);
}

TEST_CASE("a look names what no file can take the place of, before anything is fetched") {
    TempDisk disk;
    auto target = disk.target(four());
    std::string expected;
    SECTION("a directory, even with --force") {
        fs::create_directory(disk.root / "file");
        target.replace = true;
        expected = "'file' is a directory here";
    }
    SECTION("a link, without --force") {
        write(disk.root / "real", four().bytes);
        fs::create_symlink("real", disk.root / "file");
        expected = "'file' is a symbolic link here";
    }
    SECTION("a FIFO, even with --force") {
        REQUIRE(::mkfifo((disk.root / "file").c_str(), 0666) == 0);
        target.replace = true;
        expected = "'file' is no regular file here";
    }
    auto const present = PartFile(target).look(never);
    REQUIRE_FALSE(present);
    refused(present.error(), expected);
}

TEST_CASE("with --force a file takes a link's place, and what the link leads to stays") {
    TempDisk disk;
    write(disk.root / "real", "precious");
    fs::create_symlink("real", disk.root / "file");
    auto const target = disk.target(four(), "file", true);
    CHECK(PartFile(target).look(never).value() == Present::other);
    REQUIRE(download(target, four()));
    CHECK_FALSE(fs::is_symlink(disk.root / "file"));
    CHECK(read(disk.root / "file") == four().bytes);
    CHECK(read(disk.root / "real") == "precious");
}

TEST_CASE("a look at a name whose directory is missing, or is none, finds nothing") {
    TempDisk disk;
    write(disk.root / "plain", "x");
    CHECK(PartFile(disk.target(four(), "dir/file")).look(never).value() == Present::nothing);
    CHECK(PartFile(disk.target(four(), "plain/file")).look(never).value() == Present::nothing);
    CHECK_FALSE(fs::exists(disk.root / "dir"));
}

TEST_CASE("a look at an empty file knows it") {
    TempDisk disk;
    auto const empty = sample(0);
    write(disk.root / "file", "");
    CHECK(PartFile(disk.target(empty)).look(never).value() == Present::same);
    write(disk.root / "file", "x");
    CHECK(PartFile(disk.target(empty)).look(never).value() == Present::other);
}

TEST_CASE("a look at a large file stops between chunks when it is told to") {
    TempDisk disk;
    write(disk.root / "file", four().bytes);
    int asked = 0;
    auto const present = PartFile(disk.target(four())).look([&] { return ++asked == 2; });
    REQUIRE(present);
    CHECK(*present != Present::same);
    CHECK(asked == 2);
}

// ---- several at once ----

TEST_CASE("a second download of the same content to the same name is locked out") {
    TempDisk disk;
    auto first = std::make_unique<PartFile>(disk.target(four()));
    REQUIRE(first->open(never));
    {
        PartFile second(disk.target(four()));
        auto const present = second.open(never);
        REQUIRE_FALSE(present);
        refused(present.error(), "is being downloaded");
    }
    CHECK(disk.parts().size() == 1);
    REQUIRE(first->store(0, four().chunk(0)));
    first.reset();
    PartFile second(disk.target(four()));
    CHECK(second.open(never).value() == Chunks{0});
}

TEST_CASE("equal contents side by side, and two contents for one name, do not meet") {
    TempDisk disk;
    auto const other = sample(2 * chunk_bytes, 2);
    PartFile a(disk.target(four(), "a"));
    PartFile b(disk.target(four(), "b"));
    PartFile a_other(disk.target(other, "a"));
    REQUIRE(a.open(never));
    REQUIRE(b.open(never));
    REQUIRE(a_other.open(never));
    CHECK(disk.parts().size() == 3);
    store_others(a, four());
    store_others(b, four());
    store_others(a_other, other);
    REQUIRE(a.finish());
    REQUIRE(b.finish());
    REQUIRE_FALSE(a_other.finish());
    CHECK(read(disk.root / "a") == four().bytes);
    CHECK(read(disk.root / "b") == four().bytes);
}

TEST_CASE("downloads that begin and end at the same moment never meet a file of the other") {
    TempDisk disk;
    std::atomic<int> opened{0};
    std::atomic<int> strange{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                PartFile part(disk.target(four()));
                auto const present = part.open(never);
                if (present) {
                    ++opened;
                    strange += present->empty() ? 0 : 1;
                } else if (present.error().message.find("is being downloaded") ==
                           std::string::npos) {
                    ++strange;
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(opened > 0);
    CHECK(strange == 0);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a directory of the name that cannot be made is an error that names the file") {
    TempDisk disk;
    write(disk.root / "plain", "x");
    PartFile part(disk.target(four(), "plain/file"));
    auto const present = part.open(never);
    REQUIRE_FALSE(present);
    refused(present.error(), "plain");
}

TEST_CASE("one job never replaces what it wrote itself, on a disk where two names are one file") {
    TempDisk disk;
    auto const job = std::make_shared<WrittenFiles>();
    auto first = disk.target(four(), "Name", true);
    first.written = job;
    REQUIRE(download(first, four()));
    fs::create_hard_link(disk.root / "Name", disk.root / "name");  // the same file, as there
    auto const other = sample(2 * chunk_bytes, 7);
    auto second = disk.target(other, "name", true);
    second.written = job;
    {
        auto const finished = download(second, other);
        REQUIRE_FALSE(finished);
        refused(finished.error(), "'name' and 'Name' are one name on this disk");
    }
    CHECK(read(disk.root / "Name") == four().bytes);
    auto third = disk.target(four(), "name");
    third.written = job;
    auto const present = PartFile(third).look(never);
    REQUIRE_FALSE(present);
    refused(present.error(), "'name' and 'Name' are one name on this disk");
    second.written = std::make_shared<WrittenFiles>();  // another job may
    REQUIRE(download(second, other));
    CHECK(read(disk.root / "name") == other.bytes);
}

TEST_CASE("without file locks a download warns, and keeps others of this process out") {
    class NoLocks final : public files::Faults {
      public:
        NoLocks() { files::set_faults(this); }

        ~NoLocks() override { files::set_faults(nullptr); }

        NoLocks(NoLocks const&) = delete;
        NoLocks& operator=(NoLocks const&) = delete;

        files::Fault on_call(std::string_view call, int, std::string_view) override {
            return {call == "flock" ? ENOSYS : 0};
        }
    };

    TempDisk disk;
    NoLocks const no_locks;
    std::string warned;
    auto target = disk.target(four());
    target.warn = [&](std::string const& text) { warned = text; };
    PartFile part(target);
    REQUIRE(part.open(never));
    CHECK_THAT(warned, ContainsSubstring("has no file locks"));
    auto const second = PartFile(disk.target(four())).open(never);
    REQUIRE_FALSE(second);
    refused(second.error(), "is being downloaded to the same place already");
    store_others(part, four());
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("chunks of zeros are holes on disk, and zeros again when they are read") {
    TempDisk disk;
    Sample sparse = sample(4 * chunk_bytes);
    auto const zeros = std::string(2 * chunk_bytes, '\0');
    sparse.bytes.replace(chunk_bytes, zeros.size(), zeros);
    sparse = with_bytes(sparse.bytes);
    REQUIRE(download(disk.target(sparse), sparse));
    CHECK(read(disk.root / "file") == sparse.bytes);

    struct stat status {};

    REQUIRE(::stat((disk.root / "file").c_str(), &status) == 0);
    CHECK(static_cast<std::uint64_t>(status.st_blocks) * 512 < 3 * chunk_bytes);
}
