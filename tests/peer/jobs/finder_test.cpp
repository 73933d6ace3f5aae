#include "jobs/finder.hpp"

#include "catch.hpp"
#include "fakes.hpp"

#include <xfsbus/wire/limits.hpp>

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;
using xfsbus::test::sample;

namespace {

using Files = Result<std::vector<wire::FoundFile>>;

/// A Finder, and whom it asks.
struct Seeker {
    FakePeer& add_peer(bool is_up = true) {
        auto& peer = peers.emplace_back();
        auto const number = static_cast<std::uint16_t>(peers.size());
        peer.id.bytes[0] = static_cast<std::uint8_t>(number);
        peer.listens = {"10.0.0.1", number};
        peer.is_up = is_up;
        return peer;
    }

    wire::FoundFile& add_file(std::string name, unsigned version = 1) {
        auto const content = sample(100, version).content;
        return tracker.files.emplace_back(wire::FoundFile{std::move(name), content, 100, 1, {}});
    }

    Files find(std::string const& query) {
        std::optional<Files> found;
        finder.find(query, {}, [&](auto files) { found = std::move(files); });
        REQUIRE(time.pass_until([&] { return found.has_value(); }));
        return *found;
    }

    std::vector<std::string> names(std::string const& query) {
        std::vector<std::string> names;
        auto const files = find(query);
        for (auto const& file : files ? *files : std::vector<wire::FoundFile>()) {
            names.push_back(file.name);
        }
        return names;
    }

    struct Probes {
        jobs::Finder::Probed probed;
        jobs::Finder::Held held;
    };

    Probes probe() {
        std::optional<Probes> all;
        finder.probe(tracker.files, [&](auto probed, auto const&, auto held) {
            all = Probes{std::move(probed), std::move(held)};
        });
        REQUIRE(time.pass_until([&] { return all.has_value(); }));
        return *all;
    }

    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeTracker tracker{time};
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    std::vector<std::string> notes;
    telemetry::Log log{[this](LogEvent const& event) { notes.push_back(event.text); },
                       LogLevel::debug};
    jobs::Network network{.scheduler = time,
                          .tracker = tracker,
                          .links = links,
                          .self = {{255}},
                          .look = [this](auto const& contents, auto const& on_looked) {
                              on_looked(std::vector<std::uint32_t>(contents.size(), looked_ppm));
                          }};
    std::uint32_t looked_ppm = 0;
    jobs::Finder finder{network, log};
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("A name that could leave the directory is not shown, whoever names it") {
    Seeker seeker;
    seeker.add_file("good.bin");
    seeker.add_file("../bad.bin");
    seeker.add_file("/etc/bad.bin");
    CHECK(seeker.names("**") == Names{"good.bin"});
    CHECK(seeker.names("../bad.bin").empty());
}

TEST_CASE("A file whose name looks like a version or a pattern is found by its name") {
    Seeker seeker;
    seeker.add_file("a@abcd");
    seeker.add_file("*.bin");
    seeker.add_file("b.bin");
    CHECK(seeker.names("a@abcd") == Names{"a@abcd"});
    CHECK(seeker.names("*.bin") == Names{"*.bin"});
    CHECK(seeker.names("?.bin") == Names{"*.bin", "b.bin"});
}

TEST_CASE("NAME@ID finds the one version of this name") {
    Seeker seeker;
    auto const first = seeker.add_file("file.bin", 1).content;
    seeker.add_file("file.bin", 2);
    seeker.add_file("other.bin", 1);
    auto const found = seeker.find("file.bin@" + wire::to_hex(first).substr(0, 12));
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().name == "file.bin");
    CHECK(found->front().content == first);
    CHECK(seeker.names("file.bin").size() == 2);
}

TEST_CASE("Who asks for a directory is told how to ask for the files below it") {
    Seeker seeker;
    seeker.add_file("data/file.bin");
    auto const found = seeker.find("data");
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::not_found);
    CHECK_THAT(found.error().message, ContainsSubstring("'data/**'"));
    CHECK_THAT(seeker.find("none").error().message, !ContainsSubstring("below"));
}

TEST_CASE("A find waits no longer for a source that does not answer than 1.5 s") {
    Seeker seeker;
    auto& file = seeker.add_file("file.bin");
    for (bool const is_up : {true, false}) {
        file.sources.push_back(source_entry(seeker.add_peer(is_up)));
    }
    auto const begun = seeker.time.now();
    auto const all = seeker.probe();
    CHECK(all.probed.size() == 1);
    CHECK(all.probed.contains(seeker.peers[0].listens));
    CHECK(seeker.time.now() - begun >= 1500ms);
    CHECK(seeker.time.now() - begun < 2s);
}

TEST_CASE("A source says itself what it has, and this peer looks at its own disk") {
    Seeker seeker;
    auto const has = sample(100, 1);
    auto& file = seeker.add_file("file.bin", 1);
    auto& holder = seeker.add_peer();
    holder.contents.emplace(has.content, has);
    auto const& loser = seeker.add_peer();
    wire::Endpoint const self_listens{"10.0.0.1", 99};
    file.sources = {source_entry(holder), source_entry(loser),
                    source_entry(seeker.network.self, self_listens)};
    seeker.looked_ppm = 250'000;
    auto const all = seeker.probe();
    CHECK(all.held.at({holder.listens, has.content}) == wire::complete_ppm);
    CHECK(all.held.at({loser.listens, has.content}) == 0);
    CHECK(all.held.at({self_listens, has.content}) == 250'000);
    CHECK_FALSE(all.probed.contains(self_listens));
}

TEST_CASE("A text after an @ that is too short for an id belongs to the name") {
    Seeker seeker;
    seeker.add_file("file.bin");
    CHECK_FALSE(seeker.find("file.bin@abc"));
    CHECK(std::ranges::none_of(seeker.tracker.asked, [](auto const& find) {
        return find.by == wire::FindBy::content_prefix;
    }));
}

TEST_CASE("NAME@ID takes the name as it is written, and as a pattern") {
    Seeker seeker;
    auto const content = seeker.add_file("[a].bin").content;
    seeker.add_file("a.bin");
    auto const id = wire::to_hex(content).substr(0, 12);
    CHECK(seeker.names("[a].bin@" + id) == Names{"[a].bin", "a.bin"});
}

TEST_CASE("A find that has no room for connections ends after ten seconds") {
    Seeker seeker;
    seeker.add_file("file.bin").sources = {source_entry(seeker.add_peer())};
    seeker.links.has_room = false;
    auto const begun = seeker.time.now();
    CHECK(seeker.probe().probed.empty());
    CHECK(seeker.time.now() - begun >= 10s);
    CHECK(seeker.time.now() - begun < 11s);
    CHECK(seeker.links.asked_for == 0);
}

TEST_CASE("A find asks nobody at this peer's own address") {
    Seeker seeker;
    auto& self = seeker.add_peer();
    self.id = seeker.network.self;
    seeker.add_file("file.bin").sources = {source_entry(self)};
    CHECK(seeker.probe().probed.empty());
    CHECK(self.probes == 0);
}

TEST_CASE("A query that is too long for a pattern is refused with that reason, and not asked") {
    Seeker seeker;
    std::string const query(wire::limits::pattern_bytes + 1, '*');
    auto const found = seeker.find(query);
    REQUIRE_FALSE(found);
    CHECK_THAT(found.error().message, ContainsSubstring("a pattern has at most"));
    CHECK(std::ranges::none_of(seeker.tracker.asked,
                               [](auto const& find) { return find.by == wire::FindBy::glob; }));
}

TEST_CASE("What looks like a version and is none of any file is taken for a pattern") {
    Seeker seeker;
    seeker.add_file("x@abcd");
    CHECK(seeker.names("?@abcd") == Names{"x@abcd"});
}

// ---- what they have ----

namespace {

/// A source that is said to have so many files.
struct Rich {
    explicit Rich(unsigned files) {
        auto const source = source_entry(peer);
        for (unsigned i = 0; i < files; ++i) {
            seeker.add_file(std::to_string(i), i).sources = {source};
        }
    }

    Seeker seeker;
    FakePeer& peer = seeker.add_peer();
};

}  // namespace

TEST_CASE("One source is asked about no more files than it will say anything about") {
    Rich rich(1100);
    CHECK(rich.seeker.probe().held.size() == 1024);
}

TEST_CASE("A source that has said less than it was asked is asked no more") {
    Rich rich(2 * wire::limits::contents_per_ping);
    rich.peer.tells_of_most = 5;
    CHECK(rich.seeker.probe().held.size() == 5);
    CHECK(rich.peer.looked_for.size() == 1);
}

TEST_CASE("A source that takes its time about what it has is asked about more for one second") {
    Rich rich(8 * wire::limits::contents_per_ping);
    rich.peer.tells_after = 400ms;
    CHECK(rich.seeker.probe().held.size() == 3 * wire::limits::contents_per_ping);
}

// ---- connections ----

TEST_CASE("A connection that failed takes its place until its descriptors are free") {
    Seeker seeker;
    auto& file = seeker.add_file("file.bin");
    for (int i = 0; i < 200; ++i) {
        auto& peer = seeker.add_peer();
        peer.is_there = false;
        file.sources.push_back(source_entry(peer));
    }
    bool over = false;
    seeker.finder.probe(seeker.tracker.files,
                        [&](auto const&, auto const&, auto const&) { over = true; });
    seeker.time.pass(49ms);
    CHECK(std::ranges::count(seeker.peers, 1U, &FakePeer::probes) == 64);
    seeker.time.pass(50ms);
    CHECK(std::ranges::count(seeker.peers, 1U, &FakePeer::probes) == 128);
    REQUIRE(seeker.time.pass_until([&] { return over; }));
}

TEST_CASE("That no connection can be opened is told once in a find, however many there would be") {
    Seeker seeker;
    auto& file = seeker.add_file("file.bin");
    for (std::uint16_t port = 1; port < 10; ++port) {
        file.sources.push_back(source_entry({{1}}, {"10.0.0.2", port}));
    }
    CHECK(seeker.probe().probed.empty());
    CHECK(seeker.notes.size() == 1);
}

TEST_CASE("A download does not begin before others have had twenty milliseconds to answer") {
    Seeker seeker;
    auto& file = seeker.add_file("file.bin");
    auto const& first = seeker.add_peer();
    auto& second = seeker.add_peer();
    second.answers_after = 1s;
    file.sources = {source_entry(first), source_entry(second)};
    auto const begun = seeker.time.now();
    bool over = false;
    seeker.finder.probe_each(
        seeker.tracker.files, 64, {}, [](auto const&, auto) {}, [&] { over = true; });
    REQUIRE(seeker.time.pass_until([&] { return over; }));
    CHECK(seeker.time.now() - begun == 20ms);
}
