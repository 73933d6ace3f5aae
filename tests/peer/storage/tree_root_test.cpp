// The directory of a tree, when its path leads elsewhere all at once.
#include "bind_mount.hpp"
#include "disk_fixture.hpp"
#include "faults.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// A tree whose directory stands below another one, so that it can be moved.
struct MovableTree {
    TempDisk disk;
    fs::path root = disk.root / "share";
    fs::path away = disk.root / "moved away";
    std::shared_ptr<Tree> tree;

    MovableTree() {
        fs::create_directory(root);
        tree = Tree::open(root).value();
    }
};

/// What a download does in the end; the error of the place.
Status put(Tree const& tree, std::string const& name) {
    auto const place = tree.place(name, Tree::Make::yes);
    if (!place) {
        return place.error();
    }
    files::Fd const fd(
        ::openat(place->directory->get(), place->leaf.c_str(), O_CREAT | O_WRONLY, 0666));
    REQUIRE(fd);
    return done();
}

void refuses(Status const& status, std::string const& why) {
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Errc::disk);
    CHECK_THAT(status.error().message, ContainsSubstring(why));
}

/// Changes the working directory until the end of the scope.
class WorkingDirectory {
  public:
    explicit WorkingDirectory(fs::path const& path) : before_(fs::current_path()) {
        fs::current_path(path);
    }

    ~WorkingDirectory() { fs::current_path(before_); }

    WorkingDirectory(WorkingDirectory const&) = delete;
    WorkingDirectory& operator=(WorkingDirectory const&) = delete;

  private:
    fs::path before_;
};

}  // namespace

TEST_CASE("nothing is put into a directory that was moved away, and its name is said") {
    MovableTree test;
    fs::rename(test.root, test.away);
    auto const name = GENERATE(as<std::string>{}, "file", "below/file");
    refuses(put(*test.tree, name), "the directory '" + test.root.string() + "' is gone");
    CHECK(fs::is_empty(test.away));
    CHECK_FALSE(test.tree->open_file("file"));
    CHECK(errno == ENOENT);
}

TEST_CASE("a directory that is put back is used again") {
    MovableTree test;
    fs::rename(test.root, test.away);
    REQUIRE_FALSE(put(*test.tree, "file"));
    fs::rename(test.away, test.root);
    CHECK(put(*test.tree, "file"));
    CHECK(fs::exists(test.root / "file"));
}

TEST_CASE("a directory that takes the place of another is used instead of it") {
    MovableTree test;
    REQUIRE(put(*test.tree, "old/file"));
    fs::rename(test.root, test.away);
    fs::create_directory(test.root);
    CHECK_FALSE(test.tree->open_file("old/file"));
    CHECK(put(*test.tree, "new/file"));
    CHECK(fs::exists(test.root / "new/file"));
    CHECK_FALSE(fs::exists(test.away / "new"));
}

TEST_CASE("something else in the place of the directory is refused") {
    MovableTree test;
    fs::rename(test.root, test.away);
    write(test.root, "a file");
    refuses(put(*test.tree, "file"), "Not a directory");
}

TEST_CASE("a link in the path that is switched leads to the other directory") {
    TempDisk disk;
    for (auto const* version : {"v1", "v2"}) {
        fs::create_directories(disk.root / version / "share");
        write(disk.root / version / "share/file", version);
    }
    fs::create_directory_symlink("v1", disk.root / "current");
    auto const tree = Tree::open(disk.root / "current/share").value();
    CHECK(tree->open_file("file"));
    fs::remove(disk.root / "current");
    fs::create_directory_symlink("v2", disk.root / "current");
    REQUIRE(put(*tree, "new"));
    CHECK(fs::exists(disk.root / "v2/share/new"));
    CHECK_FALSE(fs::exists(disk.root / "v1/share/new"));
}

TEST_CASE("the working directory may be the directory, and be moved") {
    MovableTree test;
    WorkingDirectory const inside(test.root);
    auto const tree = Tree::open(".").value();
    CHECK(tree->root() == ".");
    CHECK(put(*tree, "file"));
    fs::rename(test.root, test.away);
    refuses(put(*tree, "lost"), "'.' is gone");
    CHECK_FALSE(fs::exists(test.away / "lost"));
}

TEST_CASE("an empty mount point is not written to, until something is mounted there again") {
    MovableTree test;
    fs::path const source = test.disk.root / "source";
    fs::create_directory(source);
    xfsbus::test::BindMount mount(source, test.root);
    if (!mount.problem().empty()) {
        WARN("SKIPPED: cannot mount here: " << mount.problem());
        return;
    }
    auto const tree = Tree::open(test.root).value();
    REQUIRE(put(*tree, "before"));
    mount.unmount();
    refuses(put(*tree, "file"), "nothing is mounted at '" + test.root.string() + "' any more");
    CHECK(fs::is_empty(test.root));
    xfsbus::test::BindMount const again(source, test.root);
    REQUIRE(again.problem().empty());
    CHECK(put(*tree, "after"));
    CHECK(fs::exists(source / "after"));
}

TEST_CASE("a place is known to be somewhere else once its directory, or one above, was moved") {
    MovableTree test;
    auto const name = GENERATE(as<std::string>{}, "file", "a/file", "a/b/file");
    auto const place = test.tree->place(name, Tree::Make::yes).value();
    CHECK(test.tree->still_there(place, name));
    auto const moved = GENERATE(as<std::string>{}, "", "a", "a/b");
    if (!fs::exists(test.root / moved) || (moved == "a/b" && name == "a/file")) {
        return;
    }
    fs::rename(test.root / moved, test.away);
    refuses(test.tree->still_there(place, name),
            moved.empty() ? "the directory '" + test.root.string() + "' is gone"
                          : "'" + name + "' has been moved or replaced");
    fs::create_directories((test.root / name).parent_path());
    refuses(test.tree->still_there(place, name), "'" + name + "' has been moved or replaced");
}

TEST_CASE("nobody writes the file that says what is not shared") {
    TempDisk disk;
    refuses(put(*disk.tree, ".xfsignore"), "not taken from others");
    CHECK(fs::is_empty(disk.root));
    CHECK(put(*disk.tree, "below/.xfsignore"));
}

TEST_CASE("a file that is whole is not named in a directory that was moved away meanwhile") {
    MovableTree test;
    auto const sample = peer::storage::test::sample(1000);
    PartFile part({test.tree, "below/file", sample.content, sample.manifest, sha256()});
    REQUIRE(part.open(never));
    REQUIRE(part.store(0, sample.chunk(0)).value() == Stored::last);
    fs::rename(test.root, test.away);
    auto const finished = part.finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().code == Errc::disk);
    CHECK_THAT(finished.error().message, ContainsSubstring("is gone"));
    CHECK_FALSE(fs::exists(test.away / "below/file"));
}

TEST_CASE("a long file is not stored any further once its directory is gone or replaced") {
    MovableTree test;
    PartFile part({test.tree, "below/file", four().content, four().manifest, sha256()});
    REQUIRE(part.open(never));
    REQUIRE(part.store(0, four().chunk(0)));
    fs::rename(test.root, test.away);
    auto const gone = part.store(1, four().chunk(1));
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == Errc::disk);
    CHECK_THAT(gone.error().message, ContainsSubstring("'" + test.root.string() + "' is gone"));
    fs::create_directory(test.root);
    auto const replaced = part.store(1, four().chunk(1));
    REQUIRE_FALSE(replaced);
    CHECK_THAT(replaced.error().message, ContainsSubstring("has been moved or replaced"));
    fs::remove(test.root);
    fs::rename(test.away, test.root);
    CHECK(part.store(1, four().chunk(1)));
}

TEST_CASE("a long file is stored while nobody can say where its directory is") {
    MovableTree test;
    PartFile part({test.tree, "file", four().content, four().manifest, sha256()});
    REQUIRE(part.open(never));
    xfsbus::test::FaultAt const faults(0, {GENERATE(EIO, EACCES, ESTALE, ENOMEM)});
    CHECK(part.store(0, four().chunk(0)));
    CHECK_FALSE(faults.hit().empty());
}
