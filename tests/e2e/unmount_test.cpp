// What is mounted where a peer shares or downloads, and goes away and comes back under it.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"

#include <cerrno>
#include <cstring>

#include <sys/mount.h>
#include <sys/stat.h>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr auto size = 8 * mib;
Words const slowly{"--max-download-limit", "2M"};

/// A directory that is mounted at another place and can be taken away, or a disk in memory, of
/// which nothing is left then.
class Removable {
  public:
    Removable(std::string kind, fs::path at)
        : kind_(std::move(kind)), at_(std::move(at)), problem_(own_mounts()) {
        fs::create_directories(at_);
        fs::create_directories(behind());
        if (problem_.empty()) {
            mount();
        }
    }

    ~Removable() {
        while (problem_.empty() && ::umount2(at_.c_str(), MNT_DETACH) == 0) {
        }
    }

    Removable(Removable const&) = delete;
    Removable& operator=(Removable const&) = delete;

    /// Again, too.
    void mount() {
        bool const bind = kind_ == "bind";
        if (::mount(bind ? behind().c_str() : "xfs-test", at_.c_str(), bind ? nullptr : "tmpfs",
                    bind ? MS_BIND : 0, bind ? nullptr : "size=64m") != 0) {
            problem_ = std::string("cannot mount: ") + std::strerror(errno);
        }
    }

    /// umount -l
    void detach() const { REQUIRE(::umount2(at_.c_str(), MNT_DETACH) == 0); }

    /// umount; 0, or errno.
    [[nodiscard]] int unmount() const { return ::umount2(at_.c_str(), 0) == 0 ? 0 : errno; }

    [[nodiscard]] std::string const& problem() const { return problem_; }

    [[nodiscard]] fs::path const& at() const { return at_; }

    /// Whether nothing is lost while it is not mounted.
    [[nodiscard]] bool lasts() const { return kind_ == "bind"; }

    [[nodiscard]] std::string missing() const {
        return "nothing is mounted at '" + at_.string() +
               "' any more: mount it again, or start again";
    }

  private:
    [[nodiscard]] fs::path behind() const { return at_.string() + ".disk"; }

    std::string kind_;
    fs::path at_;
    std::string problem_;
};

/// Of the file system that the path is on.
dev_t device_of(fs::path const& path) {
    struct stat status {};

    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_dev;
}

bool has_open(Process const& program, dev_t device) {
    auto const all = fs::path("/proc") / std::to_string(program.pid()) / "fd";
    return std::ranges::any_of(fs::directory_iterator(all), [&](auto const& entry) {
        struct stat status {};

        return ::stat(entry.path().c_str(), &status) == 0 && status.st_dev == device;
    });
}

/// What a download says of a file.
Json file_of(Ended const& ended, std::string const& name) {
    auto const all = ended.events("downloaded");
    auto const found =
        std::ranges::find_if(all, [&](auto const& file) { return file.at("name") == name; });
    REQUIRE(found != all.end());
    return *found;
}

std::size_t sources_of(Swarm const& swarm, std::string const& name) {
    return swarm.in("looker", {"find " + name}).events("source").size();
}

/// A peer that serves a file from what can be unmounted.
struct Served {
    explicit Served(std::string const& kind) : disk(kind, swarm.path() / "a") {
        if (disk.problem().empty()) {
            fill();
            source.emplace(swarm, "a");
        }
    }

    void fill() const {
        write_file(disk.at() / "file.bin", bytes);
        write_file(disk.at() / "other.bin", "other");
    }

    void put_back() {
        disk.mount();
        if (!disk.lasts()) {
            fill();
        }
        source->process.wait_for_err("'" + disk.at().string() + "' is there again");
        eventually("it is found again", [&] { return sources_of(swarm, "file.bin") == 1; });
    }

    Swarm swarm;
    std::string bytes = noise(size);
    Removable disk;
    std::optional<Source> source;
};

/// A peer that serves, and one that downloads into what can be unmounted.
struct Filled {
    explicit Filled(std::string const& kind) : disk(kind, swarm.path() / "sink") {
        write_file(swarm.directory("a") / "file.bin", bytes);
        write_file(swarm.directory("a") / "other.bin", bytes);
        source.emplace(swarm, "a");
    }

    Swarm swarm;
    std::string bytes = noise(size);
    Removable disk;
    std::optional<Source> source;
};

}  // namespace

TEST_CASE("What is unmounted while it is fetched is fetched to its end, and missed by name") {
    Served test(GENERATE(as<std::string>{}, "bind", "tmpfs"));
    if (!test.disk.problem().empty()) {
        WARN("SKIPPED: " << test.disk.problem());
        return;
    }
    auto const device = device_of(test.disk.at());
    auto const download = test.swarm.start("b", {"download file.bin"}, slowly);
    wait_for_progress(*download);
    CHECK(test.disk.unmount() == EBUSY);
    CHECK(sources_of(test.swarm, "file.bin") >= 1);
    test.disk.detach();
    test.source->process.wait_for_err(test.disk.missing() + "; until then 2 files of it are not");
    CHECK(download->wait() == 0);
    CHECK(holds(test.swarm.path() / "b/file.bin", test.bytes));
    CHECK(sources_of(test.swarm, "other.bin") == 0);
    if (!test.disk.lasts()) {
        eventually("the disk is let go of",
                   [&] { return !has_open(test.source->process, device); });
    }
    test.put_back();
    CHECK(test.swarm.in("c", {"download *.bin"}).code == 0);
    CHECK(holds(test.swarm.path() / "c/file.bin", test.bytes));
}

TEST_CASE("What is unmounted while nobody fetches it is let go of, and found when it is back") {
    Served test(GENERATE(as<std::string>{}, "bind", "tmpfs"));
    if (!test.disk.problem().empty()) {
        WARN("SKIPPED: " << test.disk.problem());
        return;
    }
    auto const device = device_of(test.disk.at());
    REQUIRE(test.swarm.in("b", {"download file.bin"}).code == 0);
    test.disk.detach();
    auto const gone = test.swarm.in("c", {"download other.bin"});
    CHECK(gone.code == 3);
    CHECK_THAT(gone.event("error").at("message").get<std::string>(),
               ContainsSubstring("no peer that is up has 'other.bin'"));
    test.source->process.wait_for_err(test.disk.missing());
    if (!test.disk.lasts()) {
        eventually("the disk is let go of",
                   [&] { return !has_open(test.source->process, device); });
    }
    test.put_back();
    CHECK(test.swarm.in("c", {"download other.bin"}).code == 0);
}

TEST_CASE("What is mounted below a share can be unmounted when nothing is fetched from it") {
    Swarm swarm;
    write_file(swarm.directory("a") / "above.bin", "above");
    Removable const disk("tmpfs", swarm.path() / "a/disk");
    if (!disk.problem().empty()) {
        WARN("SKIPPED: " << disk.problem());
        return;
    }
    auto const bytes = noise(size);
    write_file(disk.at() / "sub/file.bin", bytes);
    Source source(swarm, "a", {"--ignore", "/disk.disk"});
    auto const download = swarm.start("b", {"download disk/sub/file.bin"}, slowly);
    wait_for_progress(*download);
    CHECK(disk.unmount() == EBUSY);
    CHECK(download->wait() == 0);
    CHECK(holds(swarm.path() / "b/disk/sub/file.bin", bytes));
    eventually("it can be unmounted", [&] { return disk.unmount() == 0; });
    source.process.wait_for_err("nothing is mounted at 'disk' in the shared directory any more");
    eventually("it is found no more", [&] { return sources_of(swarm, "disk/sub/file.bin") == 0; });
    CHECK(swarm.in("b", {"download above.bin"}).code == 0);
}

TEST_CASE("A download into what is unmounted ends soon with 9, and goes on when it is back") {
    Filled test(GENERATE(as<std::string>{}, "bind", "tmpfs"));
    if (!test.disk.problem().empty()) {
        WARN("SKIPPED: " << test.disk.problem());
        return;
    }
    auto const download = test.swarm.start("sink", {"download file.bin"}, slowly);
    auto const other = test.swarm.start("b", {"download other.bin"}, slowly);
    wait_for_progress(*download, mib);
    CHECK(test.disk.unmount() == EBUSY);
    test.disk.detach();
    CHECK(download->wait() == 9);
    download->wait_for_err(test.disk.missing());
    auto const failed = events_of(download->out(), "downloaded").at(0);
    CHECK_THAT(failed.at("error").get<std::string>(), ContainsSubstring(test.disk.missing()));
    CHECK(bytes_done(*download) < size);
    CHECK(fs::is_empty(test.disk.at()));
    CHECK(other->wait() == 0);

    test.disk.mount();
    auto const left = test.swarm.run({"--json", "cleanup", test.disk.at().string()});
    CHECK(left.events("leftover").size() == (test.disk.lasts() ? 1 : 0));
    auto const again = test.swarm.in("sink", {"download file.bin"});
    CHECK(again.code == 0);
    CHECK(holds(test.disk.at() / "file.bin", test.bytes));
    auto const fetched = bytes_from(file_of(again, "file.bin"), test.source->port);
    CHECK((test.disk.lasts() ? fetched <= size - mib : fetched == size));
}

TEST_CASE("A peer that nothing is fetched by says what is unmounted, and fetches when it is back") {
    Filled test(GENERATE(as<std::string>{}, "bind", "tmpfs"));
    if (!test.disk.problem().empty()) {
        WARN("SKIPPED: " << test.disk.problem());
        return;
    }
    Shell sink(test.swarm, "sink");
    auto const device = device_of(test.disk.at());
    sink.begin("download other.bin");
    REQUIRE(sink.finish_download().at("ok") == true);
    test.disk.detach();
    // It is not certain that what has just come was shared by then.
    sink.process().wait_for_err(test.disk.missing() + "; until then ");
    if (!test.disk.lasts()) {
        eventually("the disk is let go of", [&] { return !has_open(sink.process(), device); });
    }
    sink.begin("download file.bin");
    auto const failed = sink.finish_download();
    CHECK(failed.at("code") == 9);
    CHECK_THAT(failed.at("error").get<std::string>(), ContainsSubstring(test.disk.missing()));
    CHECK(fs::is_empty(test.disk.at()));
    test.disk.mount();
    sink.begin("download file.bin");
    CHECK(sink.finish_download().at("ok") == true);
    CHECK(holds(test.disk.at() / "file.bin", test.bytes));
}
