#include "share/served_files.hpp"

#include "catch.hpp"
#include "descriptor_shortage.hpp"
#include "share_fixture.hpp"

#include <array>
#include <map>
#include <string>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

/// Two files, both of which may be kept open.
struct Served {
    Served() {
        for (auto const* name : {"one", "two"}) {
            write_old(share.root / name, name);
        }
    }

    ReadOutcome read(std::string const& name) {
        std::array<std::byte, 3> buffer{};
        return files.read(name, stamp_then.at(name), buffer, 0);
    }

    Share share;
    ServedFiles files{Tree::open(share.root).value(), 2};
    std::map<std::string, FileStamp> stamp_then;
};

}  // namespace

TEST_CASE("A file that cannot be opened for want of descriptors has not changed") {
    Served served;
    for (auto const* name : {"one", "two"}) {
        served.stamp_then[name] = stamp(served.share.root / name);
    }
    {
        DescriptorShortage const shortage(0);
        CHECK(served.read("one") == ReadOutcome::not_now);
    }
    CHECK(served.read("one") == ReadOutcome::good);
    DescriptorShortage const shortage(0);
    CHECK(served.read("one") == ReadOutcome::good);  // it is open
    CHECK(served.read("two") == ReadOutcome::good);  // in the other's place
    CHECK(served.read("one") == ReadOutcome::good);
}

TEST_CASE("A file is served whatever becomes of its permissions and its links") {
    Served served;
    served.stamp_then["one"] = stamp(served.share.root / "one");
    CHECK(served.read("one") == ReadOutcome::good);
    std::filesystem::permissions(served.share.root / "one", std::filesystem::perms::owner_read);
    std::filesystem::create_hard_link(served.share.root / "one", served.share.root / "link");
    REQUIRE(stamp(served.share.root / "one") != served.stamp_then["one"]);
    CHECK(served.read("one") == ReadOutcome::good);
}

TEST_CASE("A file that is not what was indexed is not served") {
    Served served;
    served.stamp_then["one"] = stamp(served.share.root / "two");
    served.stamp_then["gone"] = stamp(served.share.root / "two");
    CHECK(served.read("one") == ReadOutcome::changed);
    CHECK(served.read("gone") == ReadOutcome::changed);
}
