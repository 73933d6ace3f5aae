// Files that are read while they come: to stdout, and through the door.
#include "catch.hpp"
#include "http_client.hpp"
#include "swarm.hpp"

#include <csignal>
#include <fstream>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// A program that shares a directory and gives its files, and those of others, over HTTP.
struct Doorkeeper {
    Doorkeeper(Swarm const& swarm, std::string const& name, Words options = {})
        : source(swarm, name, with_door(std::move(options))) {
        source.process.wait_for_err("\"http-open\"");
        auto const log = events_of(source.process.err(), "http-open").at(0);
        auto const address = log.at("address").get<std::string>();
        port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }

    static Words with_door(Words options) {
        options.insert(options.end(), {"--http", "0", "--json-log"});
        return options;
    }

    [[nodiscard]] HttpReply get(std::string const& target, std::string const& headers = {}) const {
        return http("127.0.0.1", port, target, headers);
    }

    Source source;
    std::uint16_t port = 0;
};

/// Changes one byte, and leaves no sign of it but the byte.
void spoil(fs::path const& path, std::uint64_t offset) {
    auto const time = fs::last_write_time(path);
    {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(static_cast<std::streamoff>(offset));
        auto const byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(byte);
    }
    fs::last_write_time(path, time);
}

std::string id_of(Swarm const& swarm, std::string const& name) {
    return swarm.in("x", {"find " + name}).event("source").at("content").get<std::string>();
}

}  // namespace

TEST_CASE("download -o - writes the bytes of the file to stdout, and nothing else") {
    Swarm swarm;
    auto const bytes = noise(5 * mib + 77);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    auto const sink = swarm.directory("sink");
    for (int i = 0; i < 2; ++i) {  // the second time it is here
        auto const ended = swarm.run({"--dir", sink, "-c", "download file.bin -o -"});
        CHECK(ended.code == 0);
        CHECK(ended.out == bytes);
        CHECK(ended.err.empty());
        CHECK(holds(sink / "file.bin", bytes));
    }
}

TEST_CASE("download -o - of what nobody has, and beside other output, is refused on stderr") {
    Swarm swarm;
    auto const missing = swarm.run({"-c", "download missing -o -"});
    CHECK(missing.code == 3);
    CHECK(missing.out.empty());
    CHECK(missing.says("missing"));
    CHECK(swarm.run({"--json", "-c", "download missing -o -"}).code == 2);
    CHECK(swarm.run({"-c", "download missing -o - &"}).code == 2);
}

TEST_CASE("download -o - whose reader is gone ends as SIGPIPE would end it, and can be resumed") {
    Swarm swarm;
    auto const bytes = noise(32 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a", {"--max-upload-limit", "16M"});
    auto const sink = swarm.directory("sink");
    auto unheard = swarm.peer({"--dir", sink, "-c", "download file.bin -o -"});
    unheard.unheard = true;
    auto const ended = run_to_end(XFS_PEER_PROGRAM, unheard);
    CHECK(ended.code == 128 + SIGPIPE);
    CHECK_FALSE(fs::exists(sink / "file.bin"));
    auto const again = swarm.run({"--dir", sink, "-c", "download file.bin -o -"});
    CHECK(again.code == 0);
    CHECK(again.out == bytes);
}

TEST_CASE("download -o - of a damaged source ends with 8, and writes no wrong byte") {
    Swarm swarm;
    auto const bytes = noise(4 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a", {"--no-watch"});
    auto const id = id_of(swarm, "file.bin");
    spoil(a.directory / "file.bin", 3 * mib);
    auto const ended =
        swarm.run({"--dir", swarm.directory("sink"), "-c", "download @" + id + " -o -"});
    CHECK(ended.code == 8);
    CHECK(ended.says("corrupt"));
    CHECK(ended.out.size() <= 3 * mib);
    CHECK(bytes.starts_with(ended.out));
}

TEST_CASE("download -o - that is interrupted says so, and has written a beginning of the file") {
    Swarm swarm;
    auto const bytes = noise(32 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a", {"--max-upload-limit", "2M"});
    Process peer(XFS_PEER_PROGRAM,
                 swarm.peer({"--dir", swarm.directory("sink"), "-c", "download file.bin -o -"}));
    peer.wait_until("that bytes come", [](auto const& output) { return !output.out.empty(); });
    peer.signal(SIGINT);
    CHECK(peer.wait() == 7);
    auto const out = peer.out();
    CHECK(out.size() < bytes.size());
    CHECK(bytes.starts_with(out));
}

TEST_CASE("A peer that serves gives over HTTP what it has and what others have") {
    Swarm swarm;
    auto const mine = noise(mib, 1);
    auto const theirs = noise(9 * mib, 2);
    write_file(swarm.directory("door") / "mine.bin", mine);
    write_file(swarm.directory("a") / "sub" / "theirs.bin", theirs);
    Source const a(swarm, "a");
    auto const id = id_of(swarm, "sub/theirs.bin");
    Doorkeeper const door(swarm, "door");
    CHECK(door.get("/files/mine.bin").body == mine);
    auto const reply = door.get("/files/sub/theirs.bin");
    CHECK(reply.status == 200);
    CHECK(reply.body == theirs);
    CHECK(reply.header("ETag") == "\"" + id + "\"");
    auto const part = door.get("/files/sub%2Ftheirs.bin", "Range: bytes=-10\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == theirs.substr(theirs.size() - 10));
    CHECK(door.get("/files/nothing").status == 404);
    eventually("it is kept",
               [&] { return holds(door.source.directory / "sub/theirs.bin", theirs); });
}

TEST_CASE("A door that others reach needs a token, and a door needs --serve") {
    Swarm swarm;
    auto const dir = swarm.directory("door");
    write_file(dir / "file", "there");
    auto const token = (swarm.path() / "token").string();
    write_file(token, "0123456789-secret\nmore\n");
    write_file(token + ".short", "short\n");
    auto const refused = [&](Words words) {
        words.insert(words.begin(), {"--dir", dir.string()});
        auto const ended = swarm.run(words);
        INFO(ended.err);
        return ended.code;
    };
    CHECK(refused({"--http", "0"}) == 2);
    CHECK(refused({"--serve", "--http-token", token}) == 2);
    CHECK(refused({"--serve", "--http", "0.0.0.0:0"}) == 2);
    CHECK(refused({"--serve", "--http", "name:80"}) == 2);
    CHECK(refused({"--serve", "--http", "70000"}) == 2);
    CHECK(refused({"--serve", "--http", "0", "--http-token", token + ".short"}) == 2);
    CHECK(refused({"--serve", "--http", "0", "--http-token", token + ".none"}) == 9);
    Doorkeeper const door(swarm, "door", {"--http-token", token});
    CHECK(door.get("/files/file").status == 401);
    CHECK(door.get("/files/file?token=0123456789-secret").body == "there");
    auto const taken = std::to_string(door.port);
    CHECK(refused({"--serve", "--http", taken}) == 6);
}
