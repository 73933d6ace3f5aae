#include "index/rescans.hpp"

#include "catch.hpp"

#include <linux/magic.h>

using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace std::chrono_literals;

TEST_CASE("A share is scanned as often as its user says, and never if that is nought") {
    for (bool const flag : {false, true}) {
        CHECK(rescan_after({.wanted = 5s, .watched = flag, .hears_all = flag}) == 5s);
        CHECK_FALSE(rescan_after({.wanted = 0s, .watched = flag, .hears_all = flag}));
    }
    CHECK(rescan_after({.wanted = 1s, .walk_time = 1h}) == 1s);
}

TEST_CASE("A share is scanned rarely where all changes are heard of, and soon where they are not") {
    CHECK(rescan_after({}) == 10min);
    CHECK(rescan_after({.hears_all = false}) == 30s);
}

TEST_CASE("A share that nobody watches is not scanned unless it is asked for") {
    CHECK_FALSE(rescan_after({.watched = false}));
    CHECK_FALSE(rescan_after({.watched = false, .hears_all = false}));
}

TEST_CASE("A share that takes long to be scanned is left alone for ten times as long") {
    CHECK(rescan_after({.hears_all = false, .walk_time = 2s}) == 30s);
    CHECK(rescan_after({.hears_all = false, .walk_time = 10s}) == 100s);
    CHECK(rescan_after({.walk_time = 2min}) == 20min);
}

TEST_CASE("File systems of a network and of FUSE are known, those of this machine are not") {
    std::initializer_list<std::uint32_t> const others = {
        NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,   V9FS_MAGIC, CODA_SUPER_MAGIC,
        AFS_SUPER_MAGIC, OCFS2_SUPER_MAGIC, 0x65735546, 0xFF534D42};
    for (auto const type : others) {
        CHECK(is_remote_type(type));
    }
    std::initializer_list<std::uint32_t> const own = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                                      TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC};
    for (auto const type : own) {
        CHECK_FALSE(is_remote_type(type));
    }
}
