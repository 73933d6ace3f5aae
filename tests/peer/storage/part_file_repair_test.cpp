#include "disk_fixture.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// What is under the final name, wrong in these chunks.
std::string damaged(Sample const& sample, Chunks const& chunks) {
    auto bytes = sample.bytes;
    for (auto const chunk : chunks) {
        auto& byte = bytes[sample.manifest->layout().offset(chunk) + 77];
        byte = static_cast<char>(~byte);
    }
    return bytes;
}

class RepairDisk : public TempDisk {
  public:
    [[nodiscard]] fs::path file() const { return root / "file"; }

    [[nodiscard]] PartFile::Target repair(Sample const& sample) const {
        auto target = this->target(sample);
        target.repair = true;
        return target;
    }
};

}  // namespace

TEST_CASE("a repair keeps what is right in the old file, and fetches the rest") {
    RepairDisk disk;
    Chunks wrong;
    SECTION("nothing is wrong") {}
    SECTION("the first chunk") {
        wrong = {0};
    }
    SECTION("two chunks") {
        wrong = {1, 3};
    }
    SECTION("everything") {
        wrong = {0, 1, 2, 3};
    }
    write(disk.file(), damaged(four(), wrong));
    PartFile part(disk.repair(four()));
    auto const present = part.open(never);
    REQUIRE(present);
    Chunks expected{0, 1, 2, 3};
    std::erase_if(expected, [&](auto chunk) { return std::ranges::count(wrong, chunk) > 0; });
    CHECK(*present == expected);
    store_others(part, four(), *present);
    REQUIRE(part.finish());
    CHECK(read(disk.file()) == four().bytes);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("the old file stays as it is until the repaired one takes its place") {
    RepairDisk disk;
    auto const old = damaged(four(), {2});
    write(disk.file(), old);
    {
        PartFile part(disk.repair(four()));
        REQUIRE(part.open(never));
        CHECK(read(disk.file()) == old);
    }
    CHECK(read(disk.file()) == old);  // and if the repair is given up
    PartFile part(disk.repair(four()));
    REQUIRE(part.open(never));
    REQUIRE(part.store(2, four().chunk(2)).value() == Stored::last);
    CHECK(read(disk.file()) == old);
    REQUIRE(part.finish());
    CHECK(read(disk.file()) == four().bytes);
}

TEST_CASE("a repair that was interrupted goes on with what it has, and looks for the rest alone") {
    RepairDisk disk;
    static_cast<void>(disk.interrupted(four(), {1, 2}));
    write(disk.file(), damaged(four(), {1, 3}));
    {
        CountedHash hash;
        auto target = disk.repair(four());
        target.algorithm = hash.algorithm();
        PartFile part(target);
        CHECK(part.open(never).value() == Chunks{0, 1, 2});
        CHECK(hash.take() == 4);  // two in the temporary file, two in the old one
    }
    // What was copied is there for a run that does not repair, too.
    PartFile part(disk.target(four()));
    CHECK(part.open(never).value() == Chunks{0, 1, 2});
}

TEST_CASE("a repair that is stopped keeps what it copied") {
    RepairDisk disk;
    write(disk.file(), damaged(four(), {3}));
    {
        PartFile part(disk.repair(four()));
        int calls = 0;
        CHECK(part.open([&] { return calls++ == 2; }).value() == Chunks{0, 1});
    }
    PartFile part(disk.target(four()));
    CHECK(part.open(never).value() == Chunks{0, 1});
}

TEST_CASE("nothing is taken from what is not a plain file of the same size, and it is replaced") {
    RepairDisk disk;
    auto const elsewhere = disk.root / "elsewhere";
    write(elsewhere, four().bytes);
    SECTION("nothing is there") {}
    SECTION("it is shorter") {
        write(disk.file(), four().bytes.substr(0, four().bytes.size() - 1));
    }
    SECTION("it is longer") {
        write(disk.file(), four().bytes + "x");
    }
    SECTION("it is a link") {
        fs::create_symlink(elsewhere, disk.file());
    }
    PartFile part(disk.repair(four()));
    CHECK(part.open(never).value().empty());
    store_others(part, four());
    REQUIRE(part.finish());
    CHECK(fs::is_regular_file(fs::symlink_status(disk.file())));
    CHECK(read(disk.file()) == four().bytes);
    CHECK(read(elsewhere) == four().bytes);
}

TEST_CASE("without a repair nothing is taken from the old file") {
    RepairDisk disk;
    bool const replace = GENERATE(false, true);
    write(disk.file(), damaged(four(), {2}));
    PartFile part(disk.target(four(), "file", replace));
    CHECK(part.open(never).value().empty());
}

TEST_CASE("a file of one chunk is repaired by replacing it") {
    RepairDisk disk;
    auto const small = sample(1000);
    write(disk.file(), damaged(small, {0}));
    REQUIRE(download(disk.repair(small), small));
    CHECK(read(disk.file()) == small.bytes);
}
