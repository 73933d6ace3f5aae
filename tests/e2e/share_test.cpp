// What becomes of the shared directory while others find, fetch and push.
#include "catch.hpp"
#include "swarm.hpp"

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

void finds(Shell& peer, std::string const& name, bool found) {
    eventually(name + (found ? " is found" : " is found no more"), [&] {
        return peer.ask("find " + name).front().at("event") == (found ? "source" : "error");
    });
}

/// Whether there is nothing below a directory, be it under a temporary name.
bool is_bare(fs::path const& directory) {
    return fs::is_empty(directory);
}

/// Fetches it; the report.
Json fetch(Shell& peer, std::string const& name) {
    peer.begin("download " + name);
    return peer.finish_download();
}

std::string message_of(Json const& failed) {
    return failed.at("error").get<std::string>();
}

}  // namespace

TEST_CASE("A served directory that is replaced is served anew, and one that is gone is not") {
    Swarm swarm;
    write_file(swarm.directory("a") / "old.txt", "old");
    Source a(swarm, "a");
    Shell b(swarm, "b");
    finds(b, "old.txt", true);

    fs::rename(a.directory, swarm.path() / "away");
    write_file(swarm.directory("a") / "new.txt", "new");
    finds(b, "new.txt", true);
    finds(b, "old.txt", false);
    CHECK(fetch(b, "new.txt").at("ok") == true);
    CHECK(holds(b.directory() / "new.txt", "new"));

    fs::rename(a.directory, swarm.path() / "away, too");
    a.process.wait_for_err("the directory '" + a.directory.string() + "' is gone");
    fs::remove(b.directory() / "new.txt");
    finds(b, "new.txt", false);
}

TEST_CASE("A link that is switched to another version of a directory has that one served") {
    Swarm swarm;
    write_file(swarm.directory("v1") / "version.txt", "one");
    write_file(swarm.directory("v2") / "version.txt", "two");
    fs::create_directory_symlink("v1", swarm.path() / "current");
    Source const a(swarm, "current");
    Shell b(swarm, "b");
    REQUIRE(fetch(b, "version.txt").at("ok") == true);
    fs::create_directory_symlink("v2", swarm.path() / "next");
    fs::rename(swarm.path() / "next", swarm.path() / "current");
    eventually("the other version is fetched", [&] {
        fetch(b, "-f version.txt");
        return holds(b.directory() / "version.txt", "two");
    });
}

TEST_CASE("A download into a directory that was moved away fails with 9 and says where") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Source const a(swarm, "a");
    Shell b(swarm, "b");
    auto const away = swarm.path() / "away";
    fs::rename(b.directory(), away);
    auto const failed = fetch(b, "file.bin");
    CHECK(failed.at("ok") == false);
    CHECK(failed.at("code") == 9);
    CHECK_THAT(message_of(failed), ContainsSubstring("'" + b.directory().string() + "' is gone"));
    CHECK(is_bare(away));
    CHECK(b.ask_one("updatelist").at("code") == 9);
    fs::rename(away, b.directory());
    CHECK(fetch(b, "file.bin").at("ok") == true);
    CHECK(b.ask_one("updatelist").at("files") == 1);
}

TEST_CASE("A download whose directory is moved away meanwhile is not reported as there") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(4 * mib));
    Source const a(swarm, "a");
    auto const sink = swarm.directory("b");
    auto const download = swarm.start("b", {"download file.bin"}, {"--max-download-limit", "2M"});
    wait_for_progress(*download);
    fs::rename(sink, swarm.path() / "away");
    fs::create_directory(sink);
    CHECK(download->wait() == 9);
    auto const failed = events_of(download->out(), "downloaded").at(0);
    CHECK_THAT(message_of(failed), ContainsSubstring("has been moved or replaced"));
    CHECK(is_bare(sink));
    CHECK_FALSE(fs::exists(swarm.path() / "away/file.bin"));
}

TEST_CASE("A push into a directory that was moved away fails, and says why") {
    Swarm swarm;
    auto const bytes = noise(mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b", {"--accept-push"});
    auto const away = swarm.path() / "away";
    fs::rename(b.directory, away);
    auto const ended = swarm.in("p", {"push file.bin --to 2"});
    CHECK(ended.code == 1);
    auto const targets = ended.event("pushed").at("targets");
    auto const target = std::ranges::find(
        targets, b.port, [](auto const& one) { return one.at("port").template get<int>(); });
    REQUIRE(target != targets.end());
    CHECK(target->at("state") == "failed");
    CHECK_THAT(target->at("reason").get<std::string>(), ContainsSubstring("is gone"));
    CHECK(is_bare(away));
}

TEST_CASE("A peer that starts again reads nothing that it has read or fetched before") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.bin", noise(mib, 1));
    write_file(swarm.directory("a") / "two.bin", noise(mib, 2));
    Source const a(swarm, "a");
    write_file(swarm.directory("b") / "own.bin", noise(mib, 3));
    CHECK(swarm.in("b", {"updatelist", "download *.bin"}).code == 0);
    Source const b(swarm, "b");
    auto const ready = events_of(b.process.out(), "ready").at(0);
    CHECK(ready.at("files") == 3);
    CHECK(ready.at("hashed") == 0);
}

TEST_CASE("What is to be ignored is neither found nor fetched, and counted") {
    Swarm swarm;
    for (auto const* name : {"a.txt", "b.txt", "notes~", ".git/config", "out/c.txt"}) {
        write_file(swarm.directory("a") / name, name);
    }
    write_file(swarm.directory("a") / ".xfsignore", "out\n");
    fs::create_symlink("a.txt", swarm.directory("a") / "link");
    Source const a(swarm, "a", {"--ignore", "b*"});
    auto const ready = events_of(a.process.out(), "ready").at(0);
    CHECK(ready.at("files") == 1);
    CHECK(ready.at("ignored") == 5);
    CHECK(ready.at("links") == 1);
    auto const found = swarm.in("b", {"find **"}).events("source");
    REQUIRE(found.size() == 1);
    CHECK(found[0].at("name") == "a.txt");
    Source const all(swarm, "a", {"--no-default-ignores"});
    CHECK(events_of(all.process.out(), "ready").at(0).at("files") == 5);
}

TEST_CASE("A pattern that is none is refused with 2") {
    Swarm swarm;
    auto const ended = swarm.in("a", {"files"}, {"--ignore", "!x"});
    CHECK(ended.code == 2);
    CHECK(ended.says("'!x'"));
}

TEST_CASE("Nobody is told what to share by a file that others push or have") {
    Swarm swarm;
    write_file(swarm.directory("a") / "ignore", "*");
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download ignore -o .xfsignore"});
    CHECK(ended.code == 9);
    CHECK_FALSE(fs::exists(swarm.directory("b") / ".xfsignore"));
}
