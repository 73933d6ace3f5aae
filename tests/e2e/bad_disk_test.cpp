// A disk of which a part cannot be read any more.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"

using namespace xfsbus::test;

namespace fs = std::filesystem;

TEST_CASE("A file that its disk cannot read is told to all, and the others are served") {
    Swarm swarm;
    auto const image = swarm.path() / "image";
    auto const disk = swarm.path() / "disk";
    FormattedDisk const device(image, 64 * mib, "mkfs.ext4", {"-q", "-F", "-O", "^has_journal"});
    if (!device.problem().empty()) {
        WARN("not tested: " << device.problem());
        return;
    }
    auto const good = noise(mib);
    {
        Mount mount(disk, device.path(), "ext4", "");
        REQUIRE(mount.problem().empty());
        write_file(disk / "good.bin", good);
        write_file(disk / "bad.bin", noise(40 * mib, 2));
        CHECK(swarm.in("disk", {"updatelist"}).code == 0);  // the hashes are known from now on
        mount.unmount();
    }
    Mount const mount(disk, device.path(), "ext4", "");
    REQUIRE(mount.problem().empty());
    Source source(swarm, "disk");
    fs::resize_file(image, 32 * mib);

    auto const ended = swarm.in("sink", {"download bad.bin"});
    CHECK(ended.code != 0);
    CHECK_THAT(ended.event("downloaded").dump(),
               ContainsSubstring("the file cannot be read: Input/output error"));
    source.process.wait_for_err("'bad.bin', which is shared, cannot be read: Input/output error");
    // It is read as a whole then, and taken from the share.
    source.process.wait_for_err("'bad.bin' is left out: Input/output error");
    auto const other = swarm.in("sink", {"download good.bin"});
    CHECK(other.code == 0);
    CHECK(holds(swarm.directory("sink") / "good.bin", good));
}
