#include "catch.hpp"
#include "index/change_batch.hpp"
#include "index/watcher.hpp"
#include "not_root.hpp"
#include "share_fixture.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <future>

#include <sys/inotify.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A share that is watched, and whose first scan is over.
struct WatchedShare : Share {
    Collector seen;
    std::unique_ptr<ShareIndex> index;

    WatchedShare() {
        write_old(root / "first", "first");
        write_old(root / "sub/below", "below");
        index = start(seen, true);
        if (!seen.wait_for_scans(1)) {
            throw std::runtime_error("the first scan did not end");
        }
    }

    /// All that has happened so far has been seen when this file is.
    bool all_seen() {
        auto const name = "mark " + std::to_string(++marks_);
        write_new(root / name, "x");
        return seen.wait_for(name);
    }

  private:
    int marks_ = 0;
};

}  // namespace

TEST_CASE("A watched share shows new files") {
    WatchedShare share;
    write_new(share.root / "new", "x");
    write_new(share.root / "sub/new", "y");
    CHECK(share.seen.wait_for("new"));
    CHECK(share.seen.wait_for("sub/new"));
    CHECK(share.seen.reports("first") == 1);
}

TEST_CASE("A watched share shows files that are written anew, even with the same size") {
    WatchedShare share;
    auto content = share.seen.file("first").content;
    for (auto const* text : {"tsrif", "again", "third"}) {
        write_new(share.root / "first", text);
        CHECK(share.seen.wait_changed("first", content));
        content = share.seen.file("first").content;
    }
}

TEST_CASE("A file that was open for writing is read again, even if its stamp is the same") {
    Share share;
    auto file = std::make_optional<Unstamped>(share.root / "file", "old");
    Collector seen;
    auto const index = share.start(seen, true);
    REQUIRE(seen.wait_for_scans(1));
    auto const before = seen.file("file");
    file->change("new");
    REQUIRE(stamp(share.root / "file") == before.stamp);
    file.reset();
    CHECK(seen.wait_changed("file", before.content));
}

TEST_CASE("A watched share shows files that are renamed, replaced and deleted") {
    WatchedShare share;
    auto const first = share.seen.file("first").content;
    auto const below = share.seen.file("sub/below").content;
    fs::rename(share.root / "first", share.root / "sub/second");
    CHECK(share.seen.wait_gone("first"));
    CHECK(share.seen.wait_for("sub/second"));
    CHECK(share.seen.file("sub/second").content == first);
    fs::rename(share.root / "sub/second", share.root / "sub/below");
    CHECK(share.seen.wait_changed("sub/below", below));
    CHECK(share.seen.wait_gone("sub/second"));
    fs::remove(share.root / "sub/below");
    CHECK(share.seen.wait_gone("sub/below"));
}

TEST_CASE("A file that is still being written is not shown until it is closed") {
    WatchedShare share;
    {
        std::ofstream file(share.root / "growing");
        for (int i = 0; i < 3; ++i) {
            file << "part" << std::flush;
            REQUIRE(share.all_seen());
        }
        CHECK(share.seen.reports("growing") == 0);
    }
    CHECK(share.seen.wait_for("growing"));
    CHECK(share.seen.file("growing").stamp.size == 12);
}

TEST_CASE("A file that is made readable, or unreadable, is shown or taken back") {
    NotRoot const not_root;
    WatchedShare share;
    auto const file = share.root / "sub/below";
    for (int round = 1; round <= 2; ++round) {
        fs::permissions(file, fs::perms::none);
        CHECK(share.seen.wait_gone("sub/below"));
        CHECK(share.seen.wait([&] {
            return std::ranges::count(share.seen.warnings,
                                      "'sub/below' is left out: Permission denied") == round;
        }));
        fs::permissions(file, fs::perms::owner_read);
        CHECK(share.seen.wait_for("sub/below"));
    }
}

TEST_CASE("A file that was unreadable from the beginning is shown once it can be read") {
    NotRoot const not_root;
    Share share;
    write_old(share.root / "file", "x");
    fs::permissions(share.root / "file", fs::perms::none);
    Collector seen;
    auto const index = share.start(seen, true);
    REQUIRE(seen.wait_for_scans(1));
    CHECK(seen.names().empty());
    fs::permissions(share.root / "file", fs::perms::owner_read);
    CHECK(seen.wait_for("file"));
}

TEST_CASE("A directory that is made readable, or unreadable, is shown or taken back") {
    NotRoot const not_root;
    WatchedShare share;
    fs::permissions(share.root / "sub", fs::perms::none);
    CHECK(share.seen.wait_gone("sub/below"));
    CHECK(share.seen.wait_warning("'sub' is left out: Permission denied"));
    fs::permissions(share.root / "sub", fs::perms::owner_all);
    CHECK(share.seen.wait_for("sub/below"));
    fs::permissions(share.root / "sub", fs::perms::owner_read);  // its names, and no more
    CHECK(share.seen.wait_gone("sub/below"));
    fs::permissions(share.root / "sub", fs::perms::owner_all);
    CHECK(share.seen.wait_for("sub/below"));
    fs::permissions(share.root, fs::perms::none);
    CHECK(share.seen.wait_gone("first"));
    CHECK(share.seen.wait_warning("the shared directory is left out: Permission denied"));
    fs::permissions(share.root, fs::perms::owner_all);
    CHECK(share.seen.wait_for("first"));
    CHECK(share.seen.wait_for("sub/below"));
}

TEST_CASE("A file that is still being written is not shown because its permissions change") {
    WatchedShare share;
    {
        std::ofstream file(share.root / "growing");
        file << "part" << std::flush;
        fs::permissions(share.root / "growing", fs::perms::owner_all);
        set_age(share.root / "growing", 10s);
        REQUIRE(share.all_seen());
        CHECK(share.seen.reports("growing") == 0);
    }
    CHECK(share.seen.wait_for("growing"));
}

TEST_CASE("A watched share shows new directories with all that is in them") {
    WatchedShare share;
    write_new(share.root / "new/directory/of/file", "x");
    CHECK(share.seen.wait_for("new/directory/of/file"));
    write_new(share.root / "new/directory/of/later", "y");
    CHECK(share.seen.wait_for("new/directory/of/later"));
    write_new(share.root / "new/directory/more/file", "z");
    CHECK(share.seen.wait_for("new/directory/more/file"));
}

TEST_CASE("A watched share shows directories that are moved in, about and out") {
    WatchedShare share;
    auto const outside = share.dir.path() / "outside";
    write_old(outside / "a/file", "x");
    fs::rename(outside, share.root / "inside");
    CHECK(share.seen.wait_for("inside/a/file"));

    fs::rename(share.root / "inside", share.root / "sub/moved");
    CHECK(share.seen.wait_gone("inside/a/file"));
    CHECK(share.seen.wait_for("sub/moved/a/file"));
    write_new(share.root / "sub/moved/a/later", "y");
    CHECK(share.seen.wait_for("sub/moved/a/later"));

    fs::rename(share.root / "sub/moved", outside);
    CHECK(share.seen.wait_gone("sub/moved/a/file"));
    CHECK(share.seen.wait_gone("sub/moved/a/later"));
    write_new(outside / "a/unseen", "z");
    REQUIRE(share.all_seen());
    CHECK(share.seen.reports("sub/moved/a/unseen") == 0);
}

TEST_CASE("A directory that is replaced by another is watched") {
    WatchedShare share;
    for (int i = 0; i < 5; ++i) {
        fs::remove_all(share.root / "sub");
        auto const name = "sub/file " + std::to_string(i);
        write_new(share.root / name, "x");
        CHECK(share.seen.wait_for(name));
    }
    CHECK(share.seen.wait_gone("sub/below"));
    CHECK(share.seen.wait_gone("sub/file 0"));
}

TEST_CASE("A watched share forgets directories that are deleted") {
    WatchedShare share;
    fs::remove_all(share.root / "sub");
    CHECK(share.seen.wait_gone("sub/below"));
}

TEST_CASE("A new name of an old file is shown, a symbolic link is not") {
    WatchedShare share;
    fs::create_symlink("first", share.root / "symbolic");
    fs::create_hard_link(share.root / "first", share.root / "hard");
    write_new(share.root / "ignored~", "x");
    CHECK(share.seen.wait_for("hard"));
    REQUIRE(share.all_seen());
    CHECK(share.seen.reports("symbolic") == 0);
    CHECK(share.seen.reports("ignored~") == 0);
}

TEST_CASE("A watched share follows the file of patterns at its top") {
    WatchedShare share;
    write_new(share.root / ".xfsignore", "sub\n");
    CHECK(share.seen.wait_gone("sub/below"));
    write_new(share.root / "sub/later", "x");
    REQUIRE(share.all_seen());
    CHECK(share.seen.reports("sub/later") == 0);
    write_new(share.dir.path() / "rules", "first\n");
    fs::rename(share.dir.path() / "rules", share.root / ".xfsignore");
    CHECK(share.seen.wait_for("sub/later"));
    CHECK(share.seen.wait_gone("first"));
    fs::remove(share.root / ".xfsignore");
    CHECK(share.seen.wait_for("first"));
    write_new(share.root / "sub/last", "x");
    CHECK(share.seen.wait_for("sub/last"));
}

TEST_CASE("A watched share does not enter new directories that are to be ignored") {
    WatchedShare share;
    write_new(share.root / ".git/config", "x");
    write_new(share.root / "sub/.git/config", "x");
    fs::permissions(share.root / ".git", fs::perms::owner_all);
    REQUIRE(share.all_seen());
    CHECK(share.seen.names() == std::vector<std::string>{"first", "mark 1", "sub/below"});
}

TEST_CASE("A watched share says nothing of temporary files of downloads") {
    WatchedShare share;
    write_new(share.root / ".xfs-part", "x");
    write_new(share.root / ".xfs-dir/file", "x");
    REQUIRE(share.all_seen());
    CHECK(share.seen.names() == std::vector<std::string>{"first", "mark 1", "sub/below"});
    fs::rename(share.root / ".xfs-part", share.root / "done");
    CHECK(share.seen.wait_for("done"));
    CHECK(share.seen.warned() == 0);
}

TEST_CASE("A download that is moved into place and added is reported once") {
    WatchedShare share;
    auto file = share.seen.file("first");
    write_old(share.root / ".xfs-part", "first");
    fs::rename(share.root / ".xfs-part", share.root / "done");
    file.name = "done";
    file.stamp = stamp(share.root / "done");
    share.index->add(file);
    CHECK(share.seen.wait_for("done"));
    REQUIRE(share.all_seen());
    CHECK(share.seen.reports("done") == 1);
}

TEST_CASE("A name that cannot be shared is warned of when it appears") {
    WatchedShare share;
    write_new(share.root / "bad \xff", "x");
    CHECK(share.seen.wait_warning("'bad \\xff' is left out"));
    CHECK(share.seen.names().size() == 2);
}

TEST_CASE("When events are lost the share is scanned again") {
    std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
    int limit = 0;
    limit_file >> limit;
    if (limit == 0 || limit > 20000) {
        return;  // would take too long
    }
    Share share;
    write_old(share.root / "first", "x");
    Collector collector;
    std::promise<void> written;
    auto events = collector.events();
    // The index's thread reads no events while it reports.
    events.on_changed = [&, inner = events.on_changed, go_on = written.get_future().share()](
                            auto added, auto removed) {
        inner(std::move(added), std::move(removed));
        go_on.wait();
    };
    auto const index = ShareIndex::start({share.root, {}, algorithm(), true, 2}, events);
    REQUIRE(collector.wait_for("first"));
    for (int i = 0; i <= limit / 2; ++i) {  // each a creation and a closing
        write_new(share.root / "many", std::to_string(i));
        fs::remove(share.root / "many");
    }
    write_new(share.root / "unheard of/file", "x");
    write_new(share.root / "unheard", "x");
    written.set_value();
    CHECK(collector.wait_for("unheard"));
    CHECK(collector.wait_for("unheard of/file"));
    CHECK(collector.wait_for_scans(2));
    write_new(share.root / "unheard of/later", "x");
    CHECK(collector.wait_for("unheard of/later"));
}

TEST_CASE("A watcher understands that events were lost, and nothing of half an event") {
    threads::Lookout lookout("test");
    SharedWatch const watch(lookout);
    Watcher watcher(
        watch, [] {}, [](std::string const&) {});
    inotify_event event{};
    event.wd = -1;
    event.mask = IN_Q_OVERFLOW;
    std::array<std::byte, sizeof event> bytes{};
    std::memcpy(bytes.data(), &event, sizeof event);
    Watcher::Changes changes;
    watcher.consume(std::span(bytes).first(sizeof event - 1), changes);
    CHECK(changes.empty());
    watcher.consume(bytes, changes);
    CHECK(changes.lost);
    CHECK(changes.written.empty());
}

TEST_CASE("Somebody whose watches are used up is told what to raise") {
    CHECK(watch_advice(ENOSPC).find("fs.inotify.max_user_watches") != std::string::npos);
    CHECK(watch_advice(EMFILE).find("fs.inotify.max_user_instances") != std::string::npos);
}

TEST_CASE("A batch of changes holds each name once, with its last state") {
    ChangeBatch batch;
    swarm::IndexedFile file;
    file.name = "file";
    auto const add = [&](std::uint64_t size, bool known) {
        file.stamp.size = size;
        batch.add(file, known);
    };
    SECTION("added twice") {
        add(1, false);
        add(2, true);
        auto const changes = batch.take();
        REQUIRE(changes.added.size() == 1);
        CHECK(changes.added[0].stamp.size == 2);
    }
    SECTION("added and removed before anybody knew") {
        add(1, false);
        batch.remove("file");
        CHECK(batch.size() == 0);
    }
    SECTION("changed and removed") {
        add(2, true);
        batch.remove("file");
        auto const changes = batch.take();
        CHECK(changes.added.empty());
        CHECK(changes.removed == std::vector<std::string>{"file"});
    }
    SECTION("removed and added and removed") {
        batch.remove("file");
        add(1, false);
        CHECK(batch.size() == 1);
        batch.remove("file");
        CHECK(batch.take().removed.size() == 1);
    }
    CHECK(batch.size() == 0);
}
