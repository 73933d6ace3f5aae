// Files that the index takes over from their downloads.
#include "catch.hpp"
#include "share_fixture.hpp"

#include <xfsbus/files/system.hpp>

#include <map>
#include <mutex>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Counts the calls on files of this process by the last part of the path, while it lives.
class CallsByPath final : public files::Faults {
  public:
    CallsByPath() { files::set_faults(this); }

    ~CallsByPath() override { files::set_faults(nullptr); }

    CallsByPath(CallsByPath const&) = delete;
    CallsByPath& operator=(CallsByPath const&) = delete;

    files::Fault on_call(std::string_view, int, std::string_view path) override {
        std::scoped_lock const lock(mutex_);
        ++counts_[std::string(path)];
        return {};
    }

    int count(std::string const& path) {
        std::scoped_lock const lock(mutex_);
        return counts_[path];
    }

  private:
    std::mutex mutex_;
    std::map<std::string, int> counts_;
};

}  // namespace

TEST_CASE("A file that was just downloaded is taken over without being read") {
    Share share;
    write_old(share.root / "known", "the content");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    // Other bytes than it is said to have show that nobody looks.
    write_old(share.root / "added", "not content");
    auto file = collector.file("known");
    file.name = "added";
    file.stamp = stamp(share.root / "added");
    index->add(file);
    CHECK(collector.wait_for("added"));
    index->add(file);
    index->rescan({});
    REQUIRE(collector.wait_for_scans(2));
    CHECK(collector.last_scan().hashed == 0);
    CHECK(collector.last_scan().files == 2);
    CHECK(collector.file("added").content == collector.file("known").content);
    CHECK(collector.reports("added") == 1);
}

TEST_CASE("A file that is not what its download left is read") {
    Share share;
    write_old(share.root / "known", "the content");
    Collector collector;
    auto const index = share.start(collector);
    REQUIRE(collector.wait_for_scans(1));
    write_old(share.root / "added", "not content");
    auto file = collector.file("known");
    file.name = "added";
    index->add(file);  // with the stamp of another file
    CHECK(collector.wait_for("added"));
    CHECK(collector.file("added").content != file.content);
}

TEST_CASE(
    "Of many downloads in one directory each is looked at once, and the directory walked to") {
    constexpr int files = 100;
    auto const name = [](int i) { return "file" + std::to_string(i); };
    Share share;
    write_old(share.root / "known", "the content");
    fs::create_directory(share.root / "dir");
    CallsByPath calls;
    Collector collector;
    auto const index = share.start(collector, true);
    REQUIRE(collector.wait_for_scans(1));
    std::vector<swarm::IndexedFile> downloads(files, collector.file("known"));
    for (int i = 0; i < files; ++i) {
        auto& download = downloads[static_cast<std::size_t>(i)];
        auto const part = share.root / "dir" / (".xfs-" + name(i));
        write_old(part, "the content");
        download.name = "dir/" + name(i);
        download.stamp = stamp(part);
    }
    int const walks = calls.count("dir");
    for (int i = 0; i < files; ++i) {
        fs::rename(share.root / "dir" / (".xfs-" + name(i)), share.root / "dir" / name(i));
        index->add(downloads[static_cast<std::size_t>(i)]);
    }
    write_old(share.root / "last", "x");  // what is known of it comes after what moved
    REQUIRE(collector.wait_for("last"));
    for (int i = 0; i < files; ++i) {
        CHECK(collector.wait_for("dir/" + name(i)));
        CHECK(calls.count(name(i)) == 1);
    }
    CHECK(calls.count("dir") - walks <= files / 2);
}
