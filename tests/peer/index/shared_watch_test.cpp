// What the kernel tells several shares by one descriptor.
#include "index/shared_watch.hpp"

#include "catch.hpp"
#include "comes_true.hpp"
#include "temp_dir.hpp"

#include <xfsbus/files/fd.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/inotify.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;

namespace {

namespace fs = std::filesystem;

std::ptrdiff_t descriptors_open() {
    return std::distance(fs::directory_iterator("/proc/self/fd"), {});
}

/// A share that takes what it is told when a test asks.
struct Hearer {
    explicit Hearer(SharedWatch const& watch) : member(watch, [this] { ++news; }) {}

    int add(fs::path const& directory) {
        files::Fd const open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return member.add(open.get());
    }

    /// Whether it has been told of this name, or of the mask without a name, so far.
    bool heard(std::uint32_t mask, std::string const& name = {}) {
        for (auto all = member.take(); !all.empty(); all = member.take()) {
            for (std::span<std::byte const> rest = all; rest.size() >= sizeof(inotify_event);) {
                inotify_event event{};
                std::memcpy(&event, rest.data(), sizeof event);
                auto const* text = reinterpret_cast<char const*>(rest.data()) + sizeof event;
                log.emplace_back(event.mask, event.len == 0 ? "" : text);
                rest = rest.subspan(sizeof event + event.len);
            }
        }
        return std::ranges::any_of(
            log, [&](auto const& each) { return (each.first & mask) != 0 && each.second == name; });
    }

    std::atomic<int> news = 0;
    std::vector<std::pair<std::uint32_t, std::string>> log;
    SharedWatch::Member member;
};

void touch_file(fs::path const& path) {
    std::ofstream(path) << "x";
}

struct Ground {
    threads::Lookout lookout{"test"};
    SharedWatch watch{lookout};
    TempDir one;
    TempDir other;
};

}  // namespace

TEST_CASE("Each share is told of what it watches, and of nothing else") {
    Ground sut;
    Hearer a(sut.watch);
    Hearer b(sut.watch);
    REQUIRE(a.add(sut.one.path()) >= 0);
    REQUIRE(b.add(sut.other.path()) >= 0);
    touch_file(sut.one.path() / "of a");
    touch_file(sut.other.path() / "of b");
    CHECK(comes_true([&] { return a.news > 0 || a.heard(IN_CLOSE_WRITE, "of a"); }));
    CHECK(comes_true([&] { return b.heard(IN_CLOSE_WRITE, "of b"); }));
    CHECK(a.heard(IN_CLOSE_WRITE, "of a"));
    CHECK_FALSE(a.heard(IN_CLOSE_WRITE, "of b"));
    CHECK_FALSE(b.heard(IN_CLOSE_WRITE, "of a"));
}

TEST_CASE("A directory that two shares watch is watched on when one of them is gone") {
    Ground sut;
    auto a = std::make_unique<Hearer>(sut.watch);
    Hearer b(sut.watch);
    auto const number = a->add(sut.one.path());
    REQUIRE(b.add(sut.one.path()) == number);
    touch_file(sut.one.path() / "for both");
    CHECK(comes_true([&] { return a->heard(IN_CLOSE_WRITE, "for both"); }));
    CHECK(comes_true([&] { return b.heard(IN_CLOSE_WRITE, "for both"); }));
    a.reset();
    touch_file(sut.one.path() / "for one");
    CHECK(comes_true([&] { return b.heard(IN_CLOSE_WRITE, "for one"); }));
    b.member.remove(number);
    touch_file(sut.one.path() / "for nobody");
    CHECK_FALSE(b.heard(IN_CLOSE_WRITE, "for nobody"));
}

TEST_CASE("A share is told that a directory is gone, and watches what takes its place") {
    Ground sut;
    Hearer a(sut.watch);
    Hearer b(sut.watch);
    auto const place = sut.one.path() / "place";
    fs::create_directory(place);
    auto const before = a.add(place);
    REQUIRE(b.add(place) == before);
    fs::remove(place);
    CHECK(comes_true([&] { return a.heard(IN_IGNORED); }));
    CHECK(comes_true([&] { return b.heard(IN_IGNORED); }));
    fs::create_directory(place);
    CHECK(a.add(place) != before);
    touch_file(place / "new");
    CHECK(comes_true([&] { return a.heard(IN_CLOSE_WRITE, "new"); }));
}

TEST_CASE("A share that takes nothing is told once that it has missed something, and no other is") {
    Ground sut;
    Hearer slow(sut.watch);
    Hearer quick(sut.watch);
    REQUIRE(slow.add(sut.one.path()) >= 0);
    REQUIRE(quick.add(sut.other.path()) >= 0);
    std::string const filler(230, 'n');
    for (int i = 0; i < 2'500; ++i) {  // of more than a MiB, and fewer than the kernel keeps
        touch_file(sut.one.path() / (filler + std::to_string(i)));
    }
    touch_file(sut.other.path() / "small");
    CHECK(comes_true([&] { return quick.heard(IN_CLOSE_WRITE, "small"); }));
    CHECK_FALSE(quick.heard(IN_Q_OVERFLOW));
    CHECK(slow.heard(IN_Q_OVERFLOW));
    CHECK(slow.log.size() == 1);
    touch_file(sut.one.path() / "later");
    CHECK(comes_true([&] { return slow.heard(IN_CLOSE_WRITE, "later"); }));
}

TEST_CASE("However many shares there are, two descriptors are open, and none after the last") {
    Ground sut;
    auto const before = descriptors_open();
    for (int round = 0; round < 2; ++round) {
        std::vector<std::unique_ptr<Hearer>> all;
        for (int i = 0; i < 50; ++i) {
            all.push_back(std::make_unique<Hearer>(sut.watch));
            REQUIRE(all.back()->add(sut.one.path()) >= 0);
        }
        CHECK(descriptors_open() == before + 2);
        CHECK(all.front()->member.mounts().value_or("").find(" / ") != std::string::npos);
        touch_file(sut.one.path() / ("round " + std::to_string(round)));
        CHECK(comes_true([&] { return all.back()->news > 0; }));
        all.clear();
        CHECK(descriptors_open() == before);
    }
}
