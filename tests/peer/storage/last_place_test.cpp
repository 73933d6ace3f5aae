#include "storage/last_place.hpp"

#include "disk_fixture.hpp"

#include <xfsbus/files/system.hpp>

#include <atomic>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// Counts the calls on files of this process, while it lives.
class Calls final : public files::Faults {
  public:
    Calls() { files::set_faults(this); }

    ~Calls() override { files::set_faults(nullptr); }

    Calls(Calls const&) = delete;
    Calls& operator=(Calls const&) = delete;

    files::Fault on_call(std::string_view, int, std::string_view) override {
        ++count;
        return {};
    }

    std::atomic<unsigned> count = 0;
};

files::Fd const* directory(Result<Place> const& place) {
    REQUIRE(place);
    return place->directory.get();
}

}  // namespace

TEST_CASE("a directory is walked to once for what is asked of it within a moment") {
    TempDisk disk;
    fs::create_directories(disk.root / "a/b");
    LastPlace last;
    auto const first = last.place(*disk.tree, "a/b/one", Tree::Make::no);
    auto const second = last.place(*disk.tree, "a/b/two", Tree::Make::no);
    CHECK(directory(first) == directory(second));
    CHECK(first->leaf == "one");
    CHECK(second->leaf == "two");
    auto const later = std::chrono::steady_clock::now() + LastPlace::lasts;
    CHECK(directory(last.place(*disk.tree, "a/b/one", Tree::Make::no, later)) != directory(first));
}

TEST_CASE("each directory has its own place") {
    TempDisk disk;
    fs::create_directories(disk.root / "a/b");
    LastPlace last;
    for (auto const* name : {"a/b/file", "a/file", "file", "a/b/file", "a/other"}) {
        auto const place = last.place(*disk.tree, name, Tree::Make::no);
        auto const walked = disk.tree->place(name, Tree::Make::no);
        REQUIRE(place);
        REQUIRE(walked);
        CHECK(place->leaf == walked->leaf);
        CHECK(fs::read_symlink("/proc/self/fd/" + std::to_string(place->directory->get())) ==
              fs::read_symlink("/proc/self/fd/" + std::to_string(walked->directory->get())));
    }
    CHECK_FALSE(last.place(*disk.tree, "missing/file", Tree::Make::no));
    CHECK(last.place(*disk.tree, "missing/file", Tree::Make::yes));
}

TEST_CASE("a place in a tree whose root was replaced is not given") {
    TempDisk disk;
    fs::create_directories(disk.root / "share/a");
    auto const tree = Tree::open(disk.root / "share").value();
    LastPlace last;
    auto const before = last.place(*tree, "a/file", Tree::Make::no);
    fs::rename(disk.root / "share", disk.root / "old");
    fs::create_directories(disk.root / "share/a");
    auto const later = before->walked + LastPlace::root_lasts;
    CHECK(directory(last.place(*tree, "a/file", Tree::Make::no, later)) != directory(before));
}

TEST_CASE("the root is compared with its path once for what is asked within a moment") {
    TempDisk disk;
    fs::create_directories(disk.root / "share/a");
    auto const tree = Tree::open(disk.root / "share").value();
    LastPlace last;
    auto const place = last.place(*tree, "a/file", Tree::Make::no).value();
    auto const later = place.walked + LastPlace::root_lasts;
    Calls const calls;
    CHECK(last.root_is_there(*tree, place, place.walked));
    CHECK(calls.count == 0);
    CHECK(last.root_is_there(*tree, place, later));
    CHECK(calls.count == 1);
    fs::rename(disk.root / "share", disk.root / "old");
    CHECK(last.root_is_there(*tree, place, later));
    CHECK_FALSE(last.root_is_there(*tree, place, later + LastPlace::root_lasts));
}

TEST_CASE("a small file beside another takes few calls of the system") {
    TempDisk disk;
    auto const small = sample(4096);
    auto const last = std::make_shared<LastPlace>();
    auto const fetch = [&](std::string const& name) {
        auto target = disk.target(small, name);
        target.last_place = last;
        PartFile part(target);
        REQUIRE(part.look(never));
        REQUIRE(part.open(never));
        REQUIRE(part.store(0, small.chunk(0)));
        REQUIRE(part.finish());
    };
    fs::create_directory(disk.root / "dir");
    fetch("dir/first");
    Calls const calls;
    fetch("dir/second");
    // Of which 1 looks, 6 make, lock and write it, 1 sets its time, and 2 give it its name; and 2
    // compare the root with its path, if the first was done a while ago.
    CHECK(calls.count <= 12);
}
