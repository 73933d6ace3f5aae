// Disks that have no room, of the kinds that there are.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include <sys/quota.h>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// Files that others have, and a place for a disk to download them to.
class FullDisk {
  public:
    void add(std::string const& name, std::uint64_t size, unsigned seed = 1) {
        files_[name] = noise(size, seed);
        write_file(swarm_.directory("a") / name, files_[name]);
    }

    /// Zeros, which take no time.
    void add_hole(std::string const& name, std::uint64_t size) {
        auto const path = swarm_.directory("a") / name;
        write_file(path, "");
        fs::resize_file(path, size);
    }

    void serve() { source_ = std::make_unique<Source>(swarm_, "a"); }

    [[nodiscard]] fs::path disk() const { return swarm_.path() / "disk"; }

    [[nodiscard]] fs::path image() const { return swarm_.path() / "image"; }

    [[nodiscard]] Ended download(std::string const& what) const {
        return swarm_.in("disk", {"download " + what});
    }

    [[nodiscard]] Swarm const& swarm() const { return swarm_; }

    /// How many are there; each is right.
    [[nodiscard]] std::size_t count() const {
        std::size_t there = 0;
        for (auto const& [name, bytes] : files_) {
            auto const path = disk() / name;
            if (fs::exists(path)) {
                CAPTURE(name);
                CHECK(holds(path, bytes));
                ++there;
            }
        }
        return there;
    }

    [[nodiscard]] std::vector<fs::path> temporaries() const {
        std::vector<fs::path> found;
        for (auto const& entry : fs::recursive_directory_iterator(disk())) {
            if (entry.path().filename().string().starts_with(".xfs-")) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

  private:
    Swarm swarm_;
    std::map<std::string, std::string> files_;
    std::unique_ptr<Source> source_;
};

/// What a job says of the files that it could not make.
std::vector<std::string> errors_of(Ended const& ended) {
    std::vector<std::string> all;
    for (auto const& file : ended.events("downloaded")) {
        if (file.at("ok") == false) {
            CHECK(file.at("code") == 9);
            all.push_back(file.at("error"));
        }
    }
    return all;
}

}  // namespace

TEST_CASE("Where there is no room for more files, those that had room are there") {
    FullDisk world;
    auto const disk = Mount::tmpfs(world.disk(), "size=64m,nr_inodes=20");
    if (!disk.problem().empty()) {
        WARN("not tested: " << disk.problem());
        return;
    }
    constexpr unsigned all = 50;
    for (unsigned i = 0; i < all; ++i) {
        world.add("many/" + std::to_string(i), 1000 + i, i);
    }
    world.serve();
    auto const ended = world.download("many/**");
    CHECK(ended.code == 9);
    auto const errors = errors_of(ended);
    CHECK(errors.size() + world.count() == all);
    CHECK(world.count() >= 15);
    for (auto const& error : errors) {
        CHECK_THAT(error, ContainsSubstring("the disk is full") &&
                              ContainsSubstring("there is no room for more files (inodes)"));
    }
    REQUIRE(disk.remount("size=64m,nr_inodes=200").empty());
    CHECK(world.download("many/**").code == 0);
    CHECK(world.count() == all);
    CHECK(world.temporaries().empty());
}

TEST_CASE("A file that does not fit leaves the others of the same job their room") {
    FullDisk world;
    FormattedDisk const device(world.image(), 64 * mib, "mkfs.ext4", {"-q", "-F"});
    if (!device.problem().empty()) {
        WARN("not tested: " << device.problem());
        return;
    }
    Mount const disk(world.disk(), device.path(), "ext4", "");
    REQUIRE(disk.problem().empty());
    constexpr unsigned small = 100;
    for (unsigned i = 0; i < small; ++i) {
        world.add("a/" + std::to_string(i), 1000 * i, i);
    }
    world.add_hole("a/big", 80 * mib);
    world.serve();
    auto const ended = world.download("a/**");
    CHECK(ended.code == 9);
    CHECK(world.count() == small);
    auto const errors = errors_of(ended);
    REQUIRE(errors.size() == 1);
    CHECK_THAT(errors[0], ContainsSubstring("the disk is full: 'a/big' needs 80 MiB, ") &&
                              ContainsSubstring(" MiB are free"));
    CHECK(world.temporaries().empty());
}

TEST_CASE("A disk that fills up keeps what is whole, and with room the same command goes on") {
    FullDisk world;
    FormattedDisk const device(world.image(), 64 * mib, "mkfs.ext4", {"-q", "-F"});
    if (!device.problem().empty()) {
        WARN("not tested: " << device.problem());
        return;
    }
    Mount const disk(world.disk(), device.path(), "ext4", "");
    REQUIRE(disk.problem().empty());
    write_file(world.disk() / "filler", noise(40 * mib));
    constexpr unsigned all = 60;
    for (unsigned i = 0; i < all; ++i) {
        world.add("a/" + std::to_string(i), 300'000 + 1000 * i, i);
    }
    world.serve();
    auto const ended = world.download("a/**");
    CHECK(ended.code == 9);
    auto const errors = errors_of(ended);
    CHECK(errors.size() + world.count() == all);
    CHECK(world.count() >= 1);
    CHECK(errors.size() >= 10);
    for (auto const& error : errors) {
        CHECK_THAT(error, ContainsSubstring("the disk is full: 'a/"));
    }
    fs::remove(world.disk() / "filler");
    CHECK(world.download("a/**").code == 0);
    CHECK(world.count() == all);
    CHECK(world.temporaries().empty());
}

namespace {

/// A disk on which root may have so much, if root is held to that.
class QuotaDisk {
  public:
    QuotaDisk(FullDisk const& world, std::string kind)
        : kind_(std::move(kind)), path_(world.disk()), device_(device_of(world, kind_)) {
        problem_ = device_.problem();
        if (problem_.empty()) {
            mount_ = std::make_unique<Mount>(path_, device_.path(), kind_,
                                             kind_ == "ext4" ? "usrquota" : "");
            problem_ = mount_->problem();
        }
        if (problem_.empty() && kind_ == "btrfs") {
            problem_ = run_program("btrfs", {"quota", "enable", path_.string()});
        }
        if (program_file("setpriv").empty()) {
            problem_ = "there is no setpriv";
        }
    }

    [[nodiscard]] std::string const& problem() const { return problem_; }

    void limit(std::uint64_t bytes) {
        problem_ = kind_ == "ext4" ? limit_root(bytes)
                                   : run_program("btrfs", {"qgroup", "limit", std::to_string(bytes),
                                                           "0/5", path_.string()});
    }

  private:
    static FormattedDisk device_of(FullDisk const& world, std::string const& kind) {
        return {world.image(), 256 * mib, "mkfs." + kind,
                kind == "ext4" ? Words{"-q", "-F", "-O", "quota", "-E", "quotatype=usrquota"}
                               : Words{"-q"}};
    }

    [[nodiscard]] std::string limit_root(std::uint64_t bytes) const {
        dqblk limits{};
        limits.dqb_bhardlimit = bytes / 1024;
        limits.dqb_valid = QIF_BLIMITS;
        return ::quotactl(QCMD(Q_SETQUOTA, USRQUOTA), device_.path().c_str(), 0,
                          reinterpret_cast<caddr_t>(&limits)) == 0
                   ? ""
                   : std::string("quotactl: ") + std::strerror(errno);
    }

    std::string kind_;
    fs::path path_;
    FormattedDisk device_;
    std::unique_ptr<Mount> mount_;
    std::string problem_;
};

/// A download by root as one who may not exceed what it is allowed.
Ended download_within_quota(FullDisk const& world, std::string const& what) {
    auto peer =
        world.swarm().peer({"--json", "--dir", world.disk().string(), "-c", "download " + what});
    peer.arguments.insert(peer.arguments.begin(),
                          {"--bounding-set", "-sys_resource", XFS_PEER_PROGRAM});
    return run_to_end(program_file("setpriv"), peer);
}

}  // namespace

TEST_CASE("A quota that is used up is called so, and with more of it the same command goes on") {
    auto const kind = GENERATE(as<std::string>{}, "ext4", "btrfs");
    FullDisk world;
    QuotaDisk disk(world, kind);
    if (disk.problem().empty()) {
        disk.limit(8 * mib);
    }
    if (!disk.problem().empty()) {
        WARN("not tested: a quota of " << kind << ": " << disk.problem());
        return;
    }
    constexpr unsigned all = 40;
    for (unsigned i = 0; i < all; ++i) {
        world.add("many/" + std::to_string(i), 300'000 + i, i);
    }
    world.add("big", 12 * mib);
    world.serve();

    auto const big = download_within_quota(world, "big");
    CHECK(big.code == 9);
    CHECK_THAT(errors_of(big).at(0),
               ContainsSubstring("the disk quota is used up: 'big' needs 12 MiB"));
    auto const many = download_within_quota(world, "many/**");
    CHECK(many.code == 9);
    auto const errors = errors_of(many);
    CHECK(errors.size() + world.count() == all);
    CHECK(!errors.empty());
    CHECK(world.count() >= 1);
    for (auto const& error : errors) {
        CHECK_THAT(error, ContainsSubstring("the disk quota is used up"));
    }
    disk.limit(64 * mib);
    REQUIRE(disk.problem().empty());
    auto const rest = download_within_quota(world, "'**'");
    CAPTURE(errors_of(rest));
    CHECK(rest.code == 0);
    CHECK(world.count() == all + 1);
    CHECK(world.temporaries().empty());
}
