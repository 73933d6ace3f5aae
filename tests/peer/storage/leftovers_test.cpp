// What downloads that did not end have left, and how it is removed.
#include "disk_fixture.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/peer/leftovers.hpp>

#include <functional>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

using Found = std::vector<Leftover>;

Found found(Disk const& disk) {
    return find_leftovers(disk.root).value();
}

Leftover the_only(Disk const& disk) {
    auto const all = found(disk);
    REQUIRE(all.size() == 1);
    return all.front();
}

std::string below(Disk const& disk, fs::path const& path) {
    return path.lexically_relative(disk.root).string();
}

/// Is called before each call of a kind, on the thread that makes it, with how many came before.
class OnCall final : public files::Faults {
  public:
    OnCall(std::string call, std::function<void(std::size_t number)> act)
        : call_(std::move(call)), act_(std::move(act)) {
        files::set_faults(this);
    }

    ~OnCall() override { files::set_faults(nullptr); }

    OnCall(OnCall const&) = delete;
    OnCall& operator=(OnCall const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        if (call == call_ && !acting_) {
            acting_ = true;  // what it does itself is none of them
            act_(count_++);
            acting_ = false;
        }
        return {};
    }

    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    std::string call_;
    std::function<void(std::size_t)> act_;
    std::size_t count_ = 0;
    bool acting_ = false;
};

/// Of one chunk.
Sample const& one() {
    static Sample const one = sample(1000);
    return one;
}

/// A file of one chunk, with something that is done just before its n-th call of a kind.
Result<swarm::IndexedFile> fetch_small(Disk const& disk, std::string const& call,
                                       std::function<void(std::size_t)> act) {
    OnCall const hook(call, std::move(act));
    auto result = download(disk.target(one()), one());
    REQUIRE(hook.count() > 0);
    return result;
}

}  // namespace

// ---- finding ----

TEST_CASE("where no download was there is nothing left") {
    TempDisk const disk;
    CHECK(found(disk).empty());
}

TEST_CASE("what an interrupted download has left is found, with what it was to become") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0, 2});
    auto const left = the_only(disk);
    CHECK(left.path == below(disk, part));
    CHECK(left.name == "file");
    CHECK(left.chunks_here == 2);
    CHECK(left.chunks == 4);
    CHECK(left.bytes >= 2 * chunk_bytes);
    CHECK(left.age < std::chrono::minutes(1));
    CHECK_FALSE(left.in_use);
}

TEST_CASE("a download that goes on is found as one in use, and stays") {
    TempDisk const disk;
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    REQUIRE(part.store(1, four().chunk(1)));
    auto const left = the_only(disk);
    CHECK(left.in_use);
    CHECK(remove_leftover(disk.root, left).value() == Removal::in_use);
    CHECK(found(disk).size() == 1);
    store_others(part, four(), {1});
    REQUIRE(part.finish());
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("leftovers are found in all directories below, but through no link") {
    TempDisk const disk;
    for (auto const* name : {"file", "a/file", "a/b/file"}) {
        PartFile part(disk.target(four(), name));
        REQUIRE(part.open(never));
        REQUIRE(part.store(0, four().chunk(0)));
    }
    fs::create_directory_symlink(disk.root / "a", disk.root / "link");
    std::vector<std::string> names;
    for (auto const& left : found(disk)) {
        names.push_back(left.name);
        CHECK(fs::exists(disk.root / left.path));
    }
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"a/b/file", "a/file", "file"});
}

TEST_CASE("a journal and a claim whose part is gone are found by themselves, and removed") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    auto const claim = fs::path(part).replace_extension(".claim");
    write(claim, "file\n");
    write(disk.root / "file", "");
    CHECK(found(disk).size() == 1);  // they belong to the part
    fs::remove(part);
    auto const left = found(disk);
    REQUIRE(left.size() == 2);
    for (auto const& one : left) {
        CHECK(one.name == "file");
        CHECK(one.chunks_here == 0);
        CHECK_FALSE(one.in_use);
        CHECK(remove_leftover(disk.root, one).value() == Removal::done);
    }
    CHECK(disk.temporaries().empty());
    CHECK_FALSE(fs::exists(disk.root / "file"));  // it was empty, and only held the name
}

TEST_CASE("what only looks like a leftover is not one") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    auto const bytes = read(part);
    fs::remove(journal_of(part));
    auto const stem = part.stem().string();
    fs::rename(part, disk.root / "elsewhere");
    auto const shape = GENERATE(as<std::string>{}, "link", "directory", "fifo", "other name");
    INFO(shape);
    if (shape == "link") {
        fs::create_symlink("elsewhere", part);
    } else if (shape == "directory") {
        fs::create_directory(part);
    } else if (shape == "fifo") {
        REQUIRE(::mkfifo(part.c_str(), 0600) == 0);
    } else {
        for (auto const& name : {stem + ".part~", stem + ".parts", stem, stem.substr(1) + ".part",
                                 std::string(".xfs-notes.part"), ".xfs-" + stem.substr(6) + ".part",
                                 std::string(".part"), stem + ".PART"}) {
            write(disk.root / name, "mine");
        }
    }
    CHECK(found(disk).empty());
    CHECK(read(disk.root / "elsewhere") == bytes);
}

TEST_CASE("a leftover that became something else since it was found is not removed") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    auto const left = the_only(disk);
    fs::rename(part, disk.root / "elsewhere");
    auto const shape = GENERATE(as<std::string>{}, "link", "directory");
    if (shape == "link") {
        fs::create_symlink("elsewhere", part);
    } else {
        fs::create_directory(part);
    }
    refused(remove_leftover(disk.root, left).error(), left.path);
    CHECK(fs::exists(fs::symlink_status(part)));
    CHECK(fs::exists(disk.root / "elsewhere"));
}

TEST_CASE("nothing but leftovers is removed") {
    TempDisk const disk;
    write(disk.root / "file", "mine");
    Leftover left;
    left.path = "file";
    refused(remove_leftover(disk.root, left).error(), "is no file of a download");
    CHECK(read(disk.root / "file") == "mine");
}

TEST_CASE("of a part without a journal is known only that it is there") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    fs::remove(journal_of(part));
    auto const left = the_only(disk);
    CHECK(left.name.empty());
    CHECK(left.chunks == 0);
    CHECK(left.bytes > 0);
}

TEST_CASE("the oldest leftovers come first") {
    TempDisk const disk;
    for (auto const* name : {"young", "old"}) {
        PartFile part(disk.target(four(), name));
        REQUIRE(part.open(never));
        REQUIRE(part.store(0, four().chunk(0)));
    }
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto all = found(disk);
    while (all.back().age < std::chrono::seconds(1)) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        all = found(disk);
    }
    PartFile part(disk.target(four(), "young"));
    REQUIRE(part.open(never));
    REQUIRE(part.store(1, four().chunk(1)));
    all = found(disk);
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "old");
    CHECK(all[0].age >= std::chrono::seconds(1));
    CHECK(all[1].name == "young");
}

TEST_CASE("a leftover is no older than the last change of it, though its file has an old time") {
    TempDisk const disk;
    auto target = disk.target(four());
    target.mtime_ns = 1;  // of the year 1970, and it is given when all its bytes are here
    {
        PartFile part(target);
        REQUIRE(part.open(never));
        store_others(part, four());
        REQUIRE(part.begin_end());
    }
    CHECK(the_only(disk).age < std::chrono::minutes(1));
}

TEST_CASE("a directory that cannot be read is told, and the others are searched") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    fs::create_directory(disk.root / "closed");
    std::vector<std::string> told;
    auto const on_unread = [&](Error const& error) { told.push_back(error.message); };

    class Closed final : public files::Faults {
      public:
        Closed() { files::set_faults(this); }

        ~Closed() override { files::set_faults(nullptr); }

        files::Fault on_call(std::string_view call, int, std::string_view path) override {
            return {call == "openat" && path == "closed" ? EACCES : 0};
        }
    };

    auto const all = [&] {
        Closed const closed;
        return find_leftovers(disk.root, on_unread);
    }();
    CHECK(all.value().size() == 1);
    REQUIRE(told.size() == 1);
    CHECK_THAT(told[0], ContainsSubstring("'closed'") && ContainsSubstring("Permission denied"));
    refused(find_leftovers(disk.root / "nowhere").error(), "nowhere");
}

// ---- removing ----

TEST_CASE("a leftover is removed with all that belongs to it, and nothing else") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    write(fs::path(part).replace_extension(".claim"), "file\n");
    write(disk.root / "file", "");
    write(disk.root / "other", "mine");
    CHECK(remove_leftover(disk.root, the_only(disk)).value() == Removal::done);
    CHECK(disk.temporaries().empty());
    CHECK_FALSE(fs::exists(disk.root / "file"));
    CHECK(read(disk.root / "other") == "mine");
}

TEST_CASE("a file that took the claimed name stays when the claim is removed") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    write(fs::path(part).replace_extension(".claim"), "file\n");
    write(disk.root / "file", "mine");
    CHECK(remove_leftover(disk.root, the_only(disk)).value() == Removal::done);
    CHECK(read(disk.root / "file") == "mine");
}

TEST_CASE("a leftover that is gone meanwhile needs no removing") {
    TempDisk const disk;
    auto const part = disk.interrupted(four(), {0});
    auto const left = the_only(disk);
    fs::remove(part);
    fs::remove(journal_of(part));
    CHECK(remove_leftover(disk.root, left).value() == Removal::done);
}

TEST_CASE("a part that a download holds since it was found stays") {
    TempDisk const disk;
    static_cast<void>(disk.interrupted(four(), {0}));
    auto const left = the_only(disk);
    PartFile part(disk.target(four()));
    CHECK(part.open(never).value() == Chunks{0});
    CHECK(remove_leftover(disk.root, left).value() == Removal::in_use);
    store_others(part, four(), {0});
    CHECK(part.finish().ok());
}

TEST_CASE("a journal whose part is there since it was found stays") {
    TempDisk const disk;
    fs::remove(disk.interrupted(four(), {0}));
    auto const left = the_only(disk);
    PartFile part(disk.target(four()));
    REQUIRE(part.open(never));
    REQUIRE(part.store(1, four().chunk(1)));
    CHECK(remove_leftover(disk.root, left).value() == Removal::in_use);
    CHECK(disk.temporaries().size() == 2);
}

TEST_CASE("a part that is made anew in the moment of its removal stays") {
    TempDisk const disk;
    auto const path = disk.interrupted(four(), {0});
    auto const left = the_only(disk);
    PartFile part(disk.target(four()));
    OnCall const hook("flock", [&](std::size_t number) {
        if (number == 0) {
            fs::remove(path);
            REQUIRE(part.open(never));
        }
    });
    CHECK(remove_leftover(disk.root, left).value() == Removal::in_use);
    CHECK(hook.count() > 0);
    store_others(part, four());
    CHECK(part.finish().ok());
}

TEST_CASE("a part that takes its final name in the moment of its removal is a file") {
    TempDisk const disk;
    static_cast<void>(disk.interrupted(four(), {0}));
    auto const left = the_only(disk);
    // Before it is locked; the part is open by then.
    OnCall const hook("fstat", [&](std::size_t number) {
        if (number == 0) {
            REQUIRE(download(disk.target(four()), four()));
        }
    });
    REQUIRE(remove_leftover(disk.root, left));
    CHECK(hook.count() > 0);
    CHECK(read(disk.root / "file") == four().bytes);
}

TEST_CASE("a part that is being looked at for a moment can be taken up all the same") {
    TempDisk const disk;
    auto const path = disk.interrupted(four(), {0});
    files::Fd const other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    OnCall const hook("flock", [&](std::size_t number) {
        REQUIRE(::flock(other.get(), number == 0 ? LOCK_EX | LOCK_NB : LOCK_UN) == 0);
    });
    PartFile part(disk.target(four()));
    auto const chunks = part.open(never);
    REQUIRE(chunks);
    CHECK(*chunks == Chunks{0});
    CHECK(hook.count() > 1);
}

TEST_CASE("a file of one chunk survives that its part is removed before it is locked") {
    TempDisk const disk;
    auto const result = fetch_small(disk, "flock", [&](std::size_t number) {
        if (number == 0) {
            CHECK(remove_leftover(disk.root, the_only(disk)).value() == Removal::done);
        }
    });
    CHECK(result.ok());
    CHECK(read(disk.root / "file") == one().bytes);
    CHECK(disk.temporaries().empty());
}

TEST_CASE("a part is in use until it has its final name") {
    TempDisk const disk;
    auto const& which = GENERATE(as<int>{}, 0, 1) == 0 ? one() : four();
    OnCall const hook("renameat2", [&](std::size_t) {
        auto const left = the_only(disk);
        CHECK(left.in_use);
        CHECK(remove_leftover(disk.root, left).value() == Removal::in_use);
    });
    CHECK(download(disk.target(which), which).ok());
    CHECK(hook.count() == 1);
    CHECK(read(disk.root / "file") == which.bytes);
}
