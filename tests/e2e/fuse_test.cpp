// Downloads to file systems that programs serve, and that can do less than others: exFAT knows
// neither links nor permissions nor numbers of files that last, and none can rename without
// replacing.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"
#include "traced.hpp"

#include <algorithm>
#include <csignal>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t chunk_bytes = mib / 8;
constexpr auto big_bytes = 6 * mib;
constexpr unsigned many = 50;

/// A disk of one kind, with a directory on it.
class Disk {
  public:
    Disk(Swarm const& swarm, std::string kind)
        : kind_(std::move(kind)), path_(swarm.path() / "disk"), below_(swarm.path() / "below") {
        if (kind_ == "exfat") {
            device_ =
                std::make_unique<FormattedDisk>(swarm.path() / "image", 64 * mib, "mkfs.exfat");
            problem_ = device_->problem();
        }
        fs::create_directories(below_);
        mount();
    }

    [[nodiscard]] std::string const& problem() const { return problem_; }

    void mount_again() {
        mount_->unmount();
        mount();
        REQUIRE(problem_.empty());
    }

  private:
    void mount() {
        if (!problem_.empty()) {
            return;
        }
        mount_ = kind_ == "exfat"
                     ? std::make_unique<FuseMount>(path_, "mount.exfat-fuse",
                                                   Words{"-d", device_->path(), path_.string()})
                     : std::make_unique<FuseMount>(path_, "bindfs",
                                                   Words{"-f", below_.string(), path_.string()});
        problem_ = mount_->problem();
    }

    std::string kind_;
    fs::path path_;
    fs::path below_;
    std::unique_ptr<FormattedDisk> device_;
    std::unique_ptr<FuseMount> mount_;
    std::string problem_;
};

/// Files that others have, and such a disk to download them to.
class FuseWorld {
  public:
    explicit FuseWorld(std::string const& kind) : disk(swarm, kind) {
        if (disk.problem().empty()) {
            write_file(swarm.directory("a") / "big.bin", big);
            for (unsigned i = 0; i < many; ++i) {
                write_file(swarm.directory("a") / "many" / std::to_string(i), noise(500 * i, i));
            }
            source = std::make_unique<Source>(swarm, "a");
        }
    }

    [[nodiscard]] Ended download(std::string const& what) const {
        return swarm.in("disk", {"download " + what});
    }

    [[nodiscard]] fs::path at(std::string const& name) const {
        return swarm.path() / "disk" / name;
    }

    [[nodiscard]] bool is_clean() const {
        return std::ranges::none_of(
            fs::recursive_directory_iterator(at("")), [](auto const& entry) {
                return entry.path().filename().string().starts_with(".xfs-");
            });
    }

    /// big.bin, as it is to be, and nothing beside it.
    void check_big() const {
        CHECK(holds(at("big.bin"), big));
        CHECK(is_clean());
    }

    Swarm swarm;
    Disk disk;
    std::string big = noise(big_bytes);
    std::unique_ptr<Source> source;
};

std::string kind() {
    return GENERATE(as<std::string>{}, "exfat", "bindfs");
}

bool is_missing(FuseWorld const& world, std::string const& kind) {
    if (!world.disk.problem().empty()) {
        WARN("not tested: " << kind << ": " << world.disk.problem());
    }
    return !world.disk.problem().empty();
}

}  // namespace

TEST_CASE("A file is downloaded to a disk that a program serves, replaced and repaired there") {
    auto const which = kind();
    FuseWorld const world(which);
    if (is_missing(world, which)) {
        return;
    }
    CAPTURE(which);
    auto const first = world.download("big.bin");
    CHECK(first.code == 0);
    world.check_big();
    CHECK(world.download("big.bin").event("downloaded").at("present") == true);

    // Of this version, since what is written there is another that this peer has, and may share.
    auto const version =
        "big.bin@" + first.event("downloaded").at("content").get<std::string>().substr(0, 12);

    write_file(world.at("big.bin"), "other");
    auto const kept = world.download(version);
    CHECK(kept.code == 9);
    CHECK_THAT(kept.event("downloaded").at("error").get<std::string>(),
               ContainsSubstring("exists already with other content"));
    CHECK(holds(world.at("big.bin"), "other"));
    CHECK(world.is_clean());
    CHECK(world.download("--force " + version).code == 0);
    world.check_big();

    auto damaged = world.big;
    damaged.at(3 * chunk_bytes) ^= 1;
    write_file(world.at("big.bin"), damaged);
    auto const repaired = world.download("--repair " + version);
    CHECK(repaired.event("downloaded").at("bytes_fetched") == chunk_bytes);
    world.check_big();
}

TEST_CASE("A download to a disk that a program serves goes on, also when that began anew") {
    auto const which = kind();
    bool const again = GENERATE(false, true);
    FuseWorld world(which);
    if (is_missing(world, which)) {
        return;
    }
    CAPTURE(which, again);
    auto const download =
        world.swarm.start("disk", {"download big.bin"}, {"--max-download-limit", "3M"});
    wait_for_progress(*download, 3 * mib);
    download->signal(SIGKILL);
    download->wait();
    CHECK_FALSE(fs::exists(world.at("big.bin")));
    if (again) {
        world.disk.mount_again();
    }
    auto const ended = world.download("big.bin");
    CHECK(ended.code == 0);
    CHECK(ended.event("downloaded").at("bytes_resumed") >= 2 * mib);
    world.check_big();
}

TEST_CASE("Many small files are downloaded to a disk that a program serves, and found there") {
    auto const which = kind();
    FuseWorld const world(which);
    if (is_missing(world, which)) {
        return;
    }
    CAPTURE(which);
    CHECK(world.download("many/**").code == 0);
    for (unsigned i = 0; i < many; ++i) {
        CHECK(holds(world.at("many/" + std::to_string(i)), noise(500 * i, i)));
    }
    CHECK(world.is_clean());
    auto const again = world.download("many/**");
    CHECK(again.code == 0);
    CHECK(again.event("summary").at("present") == many);
}

TEST_CASE("Files are served from a disk that a program serves") {
    auto const which = kind();
    FuseWorld world(which);
    if (is_missing(world, which)) {
        return;
    }
    CAPTURE(which);
    REQUIRE(world.download("big.bin").code == 0);
    world.source.reset();
    Source const source(world.swarm, "disk");
    auto const ended = world.swarm.in("b", {"download big.bin"});
    CHECK(ended.code == 0);
    CHECK(holds(world.swarm.directory("b") / "big.bin", world.big));
    CHECK(bytes_from(ended.event("downloaded"), source.port) == big_bytes);
}

TEST_CASE("A download to exFAT that is killed at any change goes on when that is mounted anew") {
    FuseWorld world("exfat");
    Traced const traced(world.swarm.path() / "strace.log");
    if (is_missing(world, "exfat")) {
        return;
    }
    if (!traced.problem().empty()) {
        WARN("not tested: " << traced.problem());
        return;
    }
    auto peer = world.swarm.peer({"--json", "-c", "download many/7"});
    peer.directory = world.at("");
    auto const bytes = noise(500 * 7, 7);
    unsigned kills = 0;
    for (auto const& site : traced.sites(peer, peer.directory)) {
        for (unsigned number = 1;; ++number) {
            fs::remove_all(world.at("many"));
            auto const ended = traced.killed_at(peer, site, number);
            if (ended.code == 0) {
                break;
            }
            CAPTURE(site.first, site.second, number);
            REQUIRE(ended.code == -SIGKILL);
            ++kills;
            world.disk.mount_again();
            auto const again = run_to_end(XFS_PEER_PROGRAM, peer);
            CHECK(again.code == 0);
            CHECK(holds(world.at("many/7"), bytes));
            CHECK(world.is_clean());
        }
    }
    CHECK(kills >= 10);
}
