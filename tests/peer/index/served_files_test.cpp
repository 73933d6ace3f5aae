#include "index/served_files.hpp"

#include "catch.hpp"
#include "descriptor_shortage.hpp"
#include "faults.hpp"
#include "share_fixture.hpp"
#include "storage/sight.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;

namespace {

/// Two files, both of which may be kept open.
struct Served {
    Served() {
        for (auto const* name : {"one", "two"}) {
            write_old(share.root / name, name);
        }
    }

    /// What is there now is what they are to be.
    void index() {
        for (auto const* name : {"one", "two"}) {
            stamp_then[name] = stamp(share.root / name);
        }
    }

    ReadOutcome read(std::string const& name) {
        std::array<std::byte, 3> buffer{};
        return files.read(name, stamp_then.at(name), buffer, 0);
    }

    Share share;
    ServedFiles files{storage::Tree::open(share.root).value(), 2};
    std::map<std::string, swarm::FileStamp> stamp_then;
};

/// Of this process.
std::ptrdiff_t open_descriptors() {
    namespace fs = std::filesystem;
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

}  // namespace

TEST_CASE("A file that cannot be opened for want of descriptors has not changed") {
    Served served;
    served.index();
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

TEST_CASE("Files of one directory are served, also when another has taken its place") {
    Served served;
    auto const index = [&](std::string const& name) {
        write_old(served.share.root / name, name);
        served.stamp_then[name] = stamp(served.share.root / name);
    };
    std::filesystem::create_directory(served.share.root / "dir");
    index("dir/one");
    index("dir/two");
    CHECK(served.read("dir/one") == ReadOutcome::good);
    CHECK(served.read("dir/two") == ReadOutcome::good);
    std::filesystem::rename(served.share.root / "dir", served.share.root / "old");
    std::filesystem::create_directory(served.share.root / "dir");
    index("dir/two");
    index("dir/new");
    CHECK(served.read("dir/two") == ReadOutcome::good);
    CHECK(served.read("dir/new") == ReadOutcome::good);
    served.stamp_then["dir/gone"] = stamp(served.share.root / "dir/new");
    CHECK(served.read("dir/gone") == ReadOutcome::changed);
}

TEST_CASE("A file that is shorter than it was is not served") {
    Served served;
    served.index();
    CHECK(served.read("one") == ReadOutcome::good);
    std::filesystem::resize_file(served.share.root / "one", 1);
    CHECK(served.read("one") == ReadOutcome::changed);
}

TEST_CASE("Of the files that are open those that are not named are closed, and read anew") {
    Served served;
    std::filesystem::create_directory(served.share.root / "dir");
    write_old(served.share.root / "dir/three", "three");
    served.index();
    served.stamp_then["dir/three"] = stamp(served.share.root / "dir/three");
    auto const open_before = open_descriptors();
    CHECK(served.read("dir/three") == ReadOutcome::good);
    CHECK(served.read("one") == ReadOutcome::good);
    CHECK(open_descriptors() > open_before + 1);
    served.files.keep_only({"one"});
    CHECK(open_descriptors() == open_before + 1);
    std::filesystem::remove(served.share.root / "one");
    CHECK(served.read("one") == ReadOutcome::good);  // it is still open
    served.files.keep_only({});
    CHECK(open_descriptors() == open_before);
    CHECK(served.read("one") == ReadOutcome::changed);
    CHECK(served.read("dir/three") == ReadOutcome::good);
}

TEST_CASE("Whatever call fails while a file is read, why is told, and others are served") {
    auto const fault = GENERATE(from_range(std::vector<files::Fault>{{EIO},
                                                                     {EACCES},
                                                                     {ESTALE},
                                                                     {EPERM},
                                                                     {EINVAL},
                                                                     {ENOSYS},
                                                                     {EDQUOT},
                                                                     {ENOSPC},
                                                                     {EFBIG},
                                                                     {ENOLCK},
                                                                     {EMFILE},
                                                                     {ENOMEM},
                                                                     {ENOENT},
                                                                     {ELOOP},
                                                                     {EINTR},
                                                                     {0, 1}}));
    auto const expected = fault.error == EINTR || fault.error == 0        ? ReadOutcome::good
                          : fault.error == ENOENT || fault.error == ELOOP ? ReadOutcome::changed
                          : storage::is_shortage(fault.error)             ? ReadOutcome::not_now
                                                                          : ReadOutcome::unreadable;
    std::size_t calls = 0;
    for (;; ++calls) {
        Served served;
        served.index();
        FaultAt const faults(calls, fault);
        auto const outcome = served.read("one");
        int const error = errno;
        if (faults.hit().empty()) {
            CHECK(outcome == ReadOutcome::good);
            break;
        }
        CAPTURE(faults.hit(), fault.error);
        // A file that cannot be opened for a shortage is tried again with others closed.
        bool const tried_again = storage::is_shortage(fault.error) && outcome == ReadOutcome::good;
        CHECK((tried_again || outcome == expected));
        CHECK((outcome != ReadOutcome::unreadable || error == fault.error));
        CHECK(served.read("two") == ReadOutcome::good);
        CHECK(served.read("one") == ReadOutcome::good);
    }
    CHECK(calls >= 5);
}
