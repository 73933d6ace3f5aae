// The shared directory itself, when it is moved, replaced, unmounted, or a link to it is switched.
#include "bind_mount.hpp"
#include "catch.hpp"
#include "index/mounts.hpp"
#include "share_fixture.hpp"

#include <xfsbus/files/system.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>

#include <sys/mount.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

/// A share of two files whose first scan is over.
struct StandingShare : Share {
    fs::path away = dir.path() / "moved away";
    Collector seen;
    std::unique_ptr<ShareIndex> index;

    explicit StandingShare(bool watch = true) {
        write_old(root / "one", "one");
        write_old(root / "below/two", "two");
        index = start(seen, watch);
        if (!seen.wait_for_scans(1)) {
            throw std::runtime_error("the first scan did not end");
        }
    }

    bool wait_for_none() {
        return seen.wait([&] { return seen.files.empty(); });
    }
};

constexpr auto long_patience = std::chrono::seconds(60);

template <typename T>
T get(std::promise<T>& promise) {
    auto future = promise.get_future();
    REQUIRE(future.wait_for(long_patience) == std::future_status::ready);
    return future.get();
}

/// Holds up the first read of any file until it is let go on.
class HeldRead : public files::Faults {
  public:
    HeldRead() { files::set_faults(this); }

    ~HeldRead() override { files::set_faults(nullptr); }

    HeldRead(HeldRead const&) = delete;
    HeldRead& operator=(HeldRead const&) = delete;

    files::Fault on_call(std::string_view call, int /*fd*/, std::string_view /*path*/) override {
        if (call == "pread" && !held_.exchange(true)) {
            begun.set_value();
            go_on.get_future().wait_for(long_patience);
        }
        return {};
    }

    std::promise<void> begun;
    std::promise<void> go_on;

  private:
    std::atomic<bool> held_ = false;
};

}  // namespace

TEST_CASE("A shared directory that is replaced by another is told of, and the other is shared") {
    StandingShare share(GENERATE(true, false));
    fs::rename(share.root, share.away);
    write_old(share.root / "three", "three");
    CHECK(share.seen.wait_for("three"));
    CHECK(share.seen.wait_gone("one"));
    CHECK(share.seen.wait_gone("below/two"));
    CHECK(share.seen.wait_warning("'" + share.root.string() + "'"));
}

TEST_CASE("The directory that took the place of another is watched, and that one no more") {
    StandingShare share;
    fs::rename(share.root, share.away);
    write_old(share.root / "sub/three", "three");
    REQUIRE(share.seen.wait_for("sub/three"));
    auto const scans = share.seen.summaries.size();
    REQUIRE(share.seen.wait_for_scans(scans));
    write_new(share.away / "below/old", "x");
    write_new(share.root / "sub/new", "x");
    CHECK(share.seen.wait_for("sub/new"));
    CHECK(share.seen.reports("below/old") == 0);
}

TEST_CASE("Of a shared directory that was moved away nothing is offered, until it is back") {
    StandingShare share(GENERATE(true, false));
    fs::rename(share.root, share.away);
    REQUIRE(share.wait_for_none());
    CHECK(share.seen.wait_warning("the directory '" + share.root.string() + "' is gone"));
    CHECK(share.seen.warned("2 files of it are not shared") == 1);
    fs::rename(share.away, share.root);
    CHECK(share.seen.wait_for("one"));
    CHECK(share.seen.wait_for("below/two"));
    CHECK(share.seen.wait_warning("is there again"));
    REQUIRE(share.seen.wait([&] { return share.seen.summaries.back().files == 2; }));
    CHECK(share.seen.last_scan().hashed == 0);
}

TEST_CASE("A shared directory that is removed and made again is shared again") {
    StandingShare share;
    fs::remove_all(share.root);
    REQUIRE(share.wait_for_none());
    REQUIRE(share.seen.wait_warning("is gone"));
    write_old(share.root / "new", "x");
    CHECK(share.seen.wait_for("new"));
    write_new(share.root / "later", "x");
    CHECK(share.seen.wait_for("later"));
}

TEST_CASE("A shared directory above which one is moved is missed, though it did not move itself") {
    Share share;
    write_old(share.root / "above/share/file", "x");
    Collector seen;
    auto const index = ShareIndex::start(
        {share.root / "above/share", share.cache, algorithm(), true, 1}, seen.events());
    REQUIRE(seen.wait_for("file"));
    fs::rename(share.root / "above", share.root / "elsewhere");
    CHECK(seen.wait_gone("file"));
}

TEST_CASE("A link to the shared directory that is switched leads to the other directory") {
    Share share;
    for (auto const* version : {"v1", "v2"}) {
        write_old(share.root / version / "which", version);
        write_old(share.root / version / version, version);
    }
    auto const link = share.root / "current";
    fs::create_directory_symlink("v1", link);
    Collector seen;
    auto const index = ShareIndex::start({link, share.cache, algorithm(), true, 1}, seen.events());
    REQUIRE(seen.wait_for_scans(1));
    auto const first = seen.file("which").content;
    fs::create_directory_symlink("v2", share.root / "next");
    fs::rename(share.root / "next", link);
    CHECK(seen.wait_changed("which", first));
    CHECK(seen.wait_for("v2"));
    CHECK(seen.wait_gone("v1"));
    CHECK(seen.warned("'" + link.string() + "' has been replaced") == 1);
}

TEST_CASE("What was mounted and is not any more is not offered, and is when it is mounted again") {
    Share share;
    auto const source = share.dir.path() / "disk";
    write_old(source / "file", "x");
    std::optional<BindMount> mount(std::in_place, source, share.root);
    if (!mount->problem().empty()) {
        WARN("SKIPPED: cannot mount here: " << mount->problem());
        return;
    }
    Collector seen;
    auto const index = share.start(seen, true);
    REQUIRE(seen.wait_for("file"));
    mount->unmount();
    CHECK(seen.wait_gone("file"));
    CHECK(seen.wait_warning("nothing is mounted at '" + share.root.string() + "' any more"));
    mount.emplace(source, share.root);
    CHECK(seen.wait_for("file"));
}

TEST_CASE("What is mounted below the shared directory is shared as long as it is mounted") {
    StandingShare share;
    auto const source = share.dir.path() / "disk";
    write_old(source / "on the disk", "x");
    std::optional<BindMount> mount(std::in_place, source, share.root / "below");
    if (!mount->problem().empty()) {
        WARN("SKIPPED: cannot mount here: " << mount->problem());
        return;
    }
    CHECK(share.seen.wait_for("below/on the disk"));
    CHECK(share.seen.wait_gone("below/two"));
    write_new(source / "later", "x");
    CHECK(share.seen.wait_for("below/later"));
    mount->unmount();
    CHECK(share.seen.wait_for("below/two"));
    CHECK(share.seen.wait_gone("below/on the disk"));
    CHECK(share.seen.wait_gone("below/later"));
    CHECK(share.seen.warned("nothing is mounted at 'below'") == 1);
    write_new(share.root / "below/three", "x");
    CHECK(share.seen.wait_for("below/three"));
}

TEST_CASE("A file system within the share whose last mount goes is missed at once") {
    StandingShare share;
    auto const at = share.root / "below";
    if (::mount("xfs-test", at.c_str(), "tmpfs", 0, "size=1m") != 0) {
        WARN("SKIPPED: cannot mount here: " << std::strerror(errno));
        return;
    }
    write_new(at / "in memory", "x");
    bool const found = share.seen.wait_for("below/in memory");
    ::umount2(at.c_str(), MNT_DETACH);
    CHECK(found);
    CHECK(share.seen.wait_gone("below/in memory"));
    CHECK(share.seen.wait_for("below/two"));
    CHECK(share.seen.wait_warning("nothing is mounted at 'below'"));
}

TEST_CASE("A table of mounts is read with all that names may hold") {
    constexpr auto table =
        "36 35 98:0 / /srv rw - ext4 /dev/sda rw\n"
        "40 36 98:1 / /srv/share rw,noatime master:1 - ext4 /dev/sdb rw\n"
        "41 40 98:2 / /srv/share/disk rw - ext4 /dev/sdc rw\n"
        "42 40 98:3 / /srv/share/a\\040b/c\\134d rw - nfs4 host:/x rw\n"
        "43 40 98:4 / /srv/share/disk rw - tmpfs tmpfs rw\n"
        "44 36 98:5 / /srv/shared rw - ext4 /dev/sdd rw\n"
        "half a li";
    using Found = std::map<std::string, std::string>;
    CHECK(Mounts::below("/srv/share", table) == Found{{"disk", "43"}, {"a b/c\\d", "42"}});
    CHECK(Mounts::below("/", table).size() == 5);
    CHECK(Mounts::below("/srv/share", "").empty());
}

TEST_CASE("A scan that is asked for says when there is no directory") {
    StandingShare share(false);
    fs::rename(share.root, share.away);
    std::promise<ScanSummary> answer;
    share.index->rescan([&](auto const& summary) { answer.set_value(summary); });
    auto const summary = get(answer);
    CHECK(summary.files == 0);
    CHECK_THAT(summary.problem, ContainsSubstring("'" + share.root.string() + "' is gone"));
    CHECK(share.seen.names().empty());
}

TEST_CASE("A scan that is under way when the directory is replaced ends with that of the other") {
    Share share;
    HeldRead held;
    write_old(share.root / "file", "old");
    write_old(share.dir.path() / "other/file", "new");
    Collector seen;
    auto const index = share.start(seen);
    std::promise<ScanSummary> answer;
    index->rescan([&](auto const& summary) { answer.set_value(summary); });
    held.begun.get_future().wait_for(long_patience);
    fs::rename(share.root, share.dir.path() / "moved away");
    fs::rename(share.dir.path() / "other", share.root);
    auto const summary = get(answer);
    CHECK(summary.files == 1);
    CHECK(summary.problem.empty());
    // What is read of the old directory comes in only now, and is of no interest any more.
    auto const content = seen.file("file").content;
    held.go_on.set_value();
    write_old(share.root / "later", "x");
    index->rescan({});
    CHECK(seen.wait_for("later"));
    CHECK(seen.file("file").content == content);
    CHECK(seen.reports("file") == 1);
}

TEST_CASE("A download that is not there any more is taken back") {
    StandingShare share;
    auto file = share.seen.file("one");
    file.name = "fetched";
    SECTION("the file was removed") {}
    SECTION("the directory was moved away") {
        fs::rename(share.root, share.away);
    }
    share.index->add(file);
    CHECK(share.seen.wait_removed("fetched"));
    CHECK(share.seen.reports("fetched") == 0);
}
