// A find names those that have the file now, whatever they said of it before.
#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <set>

using namespace xfsbus;
using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// It learns of changes by being asked, and by updatelist.
Words const unwatched = {"--no-watch"};

std::set<std::string> names_of(std::vector<Json> const& sources) {
    std::set<std::string> names;
    for (auto const& source : sources) {
        names.insert(source.at("name"));
    }
    return names;
}

std::optional<wire::ManifestPart> no_manifest(wire::ContentId const&, std::uint64_t) {
    return std::nullopt;
}

/// How many files the tracker knows of the peer.
std::uint64_t files_at_tracker(Swarm const& swarm, std::uint16_t port) {
    auto const peers = swarm.run({"--json", "-c", "peers"}).events("peer");
    auto const found =
        std::ranges::find_if(peers, [&](auto const& peer) { return peer.at("port") == port; });
    return found == peers.end() ? 0 : found->at("files").get<std::uint64_t>();
}

}  // namespace

TEST_CASE("Who asks for a directory is told how to ask for the files below it") {
    Swarm swarm;
    write_file(swarm.directory("a") / "deep" / "file.txt", "x");
    Source const a(swarm, "a");
    for (auto const* command : {"find deep", "download deep"}) {
        auto const ended = swarm.run({"-c", command});
        CHECK(ended.code == 3);
        CHECK(ended.says("say 'deep/**'"));
    }
    CHECK_FALSE(swarm.run({"-c", "find dee"}).says("**"));
}

TEST_CASE("A file that was removed is found no more, though its peer does not watch it") {
    Swarm swarm;
    auto const directory = swarm.directory("a");
    write_file(directory / "gone.txt", "soon");
    write_file(directory / "kept.txt", "for long");
    Source const a(swarm, "a", unwatched);
    CHECK(swarm.run({"-c", "find gone.txt"}).code == 0);
    fs::remove(directory / "gone.txt");
    auto const ended = swarm.run({"-c", "find gone.txt"});
    CHECK(ended.code == 3);
    CHECK(ended.says("no peer that is up has 'gone.txt'"));
    auto const all = swarm.run({"--json", "-c", "find *"}).events("source");
    CHECK(names_of(all) == std::set<std::string>{"kept.txt"});
    eventually("the tracker is told", [&] { return files_at_tracker(swarm, a.port) == 1; });
}

TEST_CASE("Of several sources those that lost the file are not named, and the others are") {
    Swarm swarm;
    for (std::string const name : {"a", "b", "c"}) {
        write_file(swarm.directory(name) / "file.bin", noise(mib));
    }
    Source const a(swarm, "a", unwatched);
    Source const b(swarm, "b", unwatched);
    Source const c(swarm, "c", unwatched);
    fs::remove(b.directory / "file.bin");
    fs::resize_file(c.directory / "file.bin", mib / 2);
    auto const sources = swarm.run({"--json", "-c", "find file.bin"}).events("source");
    REQUIRE(sources.size() == 1);
    CHECK(sources[0].at("port") == a.port);
    CHECK(sources[0].at("share_percent") == 100);
    CHECK(sources[0].at("latency_ms") > 0);
}

TEST_CASE("A file that was changed is found as what it is now, as soon as it was read again") {
    Swarm swarm;
    auto const file = swarm.directory("a") / "file.txt";
    write_file(file, "old");
    Source const a(swarm, "a", unwatched);
    auto const old = swarm.run({"--json", "-c", "find file.txt"}).event("source").at("content");
    write_file(file, "newer");
    eventually("the new content is found", [&] {
        auto const sources = swarm.run({"--json", "-c", "find file.txt"}).events("source");
        auto const is_old = [&](auto const& source) { return source.at("content") == old; };
        CHECK(std::ranges::none_of(sources, is_old));
        return sources.size() == 1;
    });
}

TEST_CASE("A peer does not find what is gone from its own directory either") {
    Swarm swarm;
    write_file(swarm.directory("a") / "own.txt", "mine");
    Shell a(swarm, "a", unwatched);
    CHECK(a.ask_one("updatelist").at("files") == 1);
    CHECK(a.ask_one("find own.txt").at("self") == true);
    fs::remove(a.directory() / "own.txt");
    CHECK(a.ask_one("find own.txt").at("code") == 3);
}

TEST_CASE("Of many files exactly those are found that are there") {
    Swarm swarm;
    std::set<std::string> kept;
    Words gone;
    for (int i = 0; i < 300; ++i) {  // several Pings' worth
        auto const name = "dir" + std::to_string(i % 7) + "/" + std::to_string(i) + ".txt";
        write_file(
            swarm.directory("a") / ("dir" + std::to_string(i % 7)) / (std::to_string(i) + ".txt"),
            "file " + std::to_string(i));
        i % 3 == 0 ? gone.push_back(name) : static_cast<void>(kept.insert(name));
    }
    Source const a(swarm, "a", unwatched);
    for (auto const& name : gone) {
        fs::remove(a.directory / name);
    }
    auto const ended = swarm.run({"--json", "-c", "find **"});
    CHECK(ended.code == 0);
    CHECK(names_of(ended.events("source")) == kept);
}

TEST_CASE("A file whose content is there under another name can still be fetched, and is found") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.txt", "equal");
    write_file(swarm.directory("a") / "two.txt", "equal");
    Source const a(swarm, "a", unwatched);
    fs::remove(a.directory / "one.txt");
    CHECK(swarm.run({"-c", "find one.txt"}).code == 0);
    CHECK(swarm.in("b", {"download two.txt"}).code == 0);
    eventually("its name is gone", [&] { return swarm.run({"-c", "find one.txt"}).code == 3; });
}

TEST_CASE("A source that says nothing of its files is named as the tracker names it") {
    Swarm swarm;
    FakeSource const old(swarm, {"file.bin", wire::ContentId{{7}}, 1000}, no_manifest);
    auto const sources = swarm.run({"--json", "-c", "find file.bin"}).events("source");
    REQUIRE(sources.size() == 1);
    CHECK(sources[0].at("port") == old.port());
    CHECK(sources[0].at("share_percent") == 100);
}

TEST_CASE("A source is named with the part that it says it has, and not at all if it has none") {
    Swarm swarm;
    auto const ppm = GENERATE(0U, 250'000U);
    FakeSource const partial(
        swarm, {"file.bin", wire::ContentId{{7}}, 1000}, no_manifest,
        [ppm](auto const& ping) { return std::vector<std::uint32_t>(ping.contents.size(), ppm); });
    auto const ended = swarm.run({"--json", "-c", "find file.bin"});
    if (ppm == 0) {
        CHECK(ended.code == 3);
    } else {
        CHECK(ended.event("source").at("share_percent") == 25);
    }
}

TEST_CASE("A source that says too much of what it was not asked harms nobody") {
    Swarm swarm;
    FakeSource const liar(
        swarm, {"file.bin", wire::ContentId{{7}}, 1000}, no_manifest,
        [](auto const&) { return std::vector<std::uint32_t>(64, wire::complete_ppm); });
    write_file(swarm.directory("a") / "other.bin", "there");
    Source const a(swarm, "a");
    CHECK(names_of(swarm.run({"--json", "-c", "find *"}).events("source")) ==
          std::set<std::string>{"file.bin", "other.bin"});
}
