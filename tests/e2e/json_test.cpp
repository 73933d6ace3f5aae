#include "catch.hpp"
#include "swarm.hpp"

#include <set>

using namespace xfsbus::test;

namespace {

using Keys = std::set<std::string>;

/// More keys may come with time; these must stay.
Keys missing(Json const& object, Keys keys) {
    std::erase_if(keys, [&](auto const& key) { return object.contains(key); });
    return keys;
}

}  // namespace

TEST_CASE("With --json every command answers in lines that are JSON, with stable keys") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "json");
    Source const a(swarm, "a");
    auto const ended =
        swarm.in("b", {"find file.txt", "download file.txt", "getload " + apart(a.port),
                       "updatelist", "files", "peers", "status", "policy",
                       "policy load libleastload.so", "help", "find nothing", "nonsense", "exit"});
    CHECK(ended.code == 3);
    CHECK(ended.err.empty());
    CHECK(missing(ended.event("source"), {"event", "name", "content", "size", "ip", "port", "self",
                                          "latency_ms", "load", "cost", "share_percent"})
              .empty());
    CHECK(missing(ended.event("downloaded"),
                  {"event", "name", "content", "size", "ok", "present", "bytes_fetched",
                   "bytes_resumed", "chunks_rejected", "chunks_surplus", "seconds", "sources"})
              .empty());
    CHECK(missing(ended.event("summary"), {"event", "files", "failed", "bytes_fetched", "seconds"})
              .empty());
    CHECK(missing(ended.event("load"), {"event", "ip", "port", "load"}).empty());
    CHECK(
        missing(ended.event("updated"), {"event", "files", "bytes", "hashed", "skipped"}).empty());
    CHECK(missing(ended.event("file"), {"event", "name", "content", "size"}).empty());
    CHECK(ended.events("peer").size() == 2);
    CHECK(ended.event("status").at("files") == 1);
    CHECK(ended.events("policy").size() == 2);
    auto const errors = ended.events("error");
    REQUIRE(errors.size() == 2);
    CHECK(missing(errors[0], {"event", "command", "code", "message"}).empty());
    CHECK(errors[0].at("command") == "find");
}

TEST_CASE("With --json the numbers of a download are right") {
    Swarm swarm;
    auto const bytes = noise(2 * mib + 5);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download file.bin"});
    auto const file = ended.event("downloaded");
    CHECK(file.at("size") == bytes.size());
    CHECK(file.at("bytes_fetched") == bytes.size());
    CHECK(file.at("chunks_rejected") == 0);
    REQUIRE(file.at("sources").size() == 1);
    CHECK(file.at("sources")[0].at("peer") == at(a.port));
    CHECK(file.at("sources")[0].at("bytes") == bytes.size());
    auto const progress = ended.events("progress");
    REQUIRE_FALSE(progress.empty());
    CHECK(progress.back().at("bytes_done") == bytes.size());
    CHECK(progress.back().at("bytes_total") == bytes.size());
}

TEST_CASE("The bytes of every chunk are counted, whichever thread has the last word") {
    Swarm swarm;
    constexpr int files = 200;
    auto const bytes = noise(mib / 2 - 8);  // with a number two chunks
    for (int i = 0; i < files; ++i) {
        write_file(swarm.directory("a") / "many" / std::to_string(i), bytes + std::to_string(i));
    }
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download 'many/*'"});
    CHECK(ended.code == 0);
    auto const downloaded = ended.events("downloaded");
    REQUIRE(downloaded.size() == files);
    for (auto const& file : downloaded) {
        INFO(file.dump());
        CHECK(file.at("bytes_fetched") == file.at("size"));
        CHECK(bytes_from(file, a.port) == file.at("size"));
    }
}

TEST_CASE("With --json plugins and their check answer in JSON too") {
    Swarm swarm;
    auto const list = swarm.run({"--json", "plugins"});
    CHECK(list.code == 0);
    std::set<std::string> names;
    for (auto const& plugin : list.events("plugin")) {
        CHECK(plugin.at("ok") == true);
        names.insert(plugin.at("name").get<std::string>());
    }
    CHECK(names ==
          std::set<std::string>{"adaptive",    "anysource",        "bandit",       "blake2b",
                                "blake3",      "completefirst",    "completeness", "earliest",
                                "fair",        "longestfirst",     "titfortat",    "leastload",
                                "loadlatency", "leastoutstanding", "lessbusy",     "mixed",
                                "nearest",     "python",           "queuetime",    "rackaware",
                                "random",      "rarest",           "roundrobin",   "samerack",
                                "sequential",  "streaming",        "sha256",       "sha512-256",
                                "twochoices",  "weighted",         "worst"});
    auto const good = swarm.run({"--json", "plugins", "check", "libsha256.so"});
    CHECK(good.code == 0);
    CHECK(good.event("plugin").at("kind") == "integrity");
    CHECK(swarm.run({"plugins", "check", "libnothing.so"}).code == 11);
    auto const text = swarm.directory("x") / "text.so";
    write_file(text, "this is no library");
    CHECK(swarm.run({"plugins", "check", text}).code == 11);
}

TEST_CASE("A version of a file is picked by NAME@ID, else the one that most peers have") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "rare");
    write_file(swarm.directory("b") / "file.txt", "common");
    write_file(swarm.directory("c") / "file.txt", "common");
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    Source const c(swarm, "c");
    auto const found = swarm.in("d", {"find file.txt"}).events("source");
    REQUIRE(found.size() == 3);
    std::string rare;
    for (auto const& source : found) {
        if (source.at("port") == a.port) {
            rare = source.at("content");
        }
    }
    auto const most = swarm.in("d", {"download file.txt"});
    CHECK(most.code == 0);
    CHECK(holds(swarm.directory("d") / "file.txt", "common"));
    auto const picked = swarm.in("e", {"download file.txt@" + rare.substr(0, 10)});
    CHECK(picked.code == 0);
    CHECK(holds(swarm.directory("e") / "file.txt", "rare"));
    CHECK(swarm.in("f", {"find file.txt@" + rare}).events("source").size() == 1);
    CHECK(swarm.in("e", {"find file.txt@0000000000"}).code == 3);
}

TEST_CASE("A pattern downloads all that match, and a summary tells how it went") {
    Swarm swarm;
    for (auto const* name : {"data/1.txt", "data/2.txt", "data/deep/3.txt", "other.txt"}) {
        write_file(swarm.directory("a") / name, std::string("content of ") + name);
    }
    Source const a(swarm, "a");
    auto const flat = swarm.in("b", {"download 'data/*.txt'"});
    CHECK(flat.code == 0);
    CHECK(flat.event("summary").at("files") == 2);
    CHECK(holds(swarm.directory("b") / "data/2.txt", "content of data/2.txt"));
    auto const all = swarm.in("c", {"download **"});
    CHECK(all.event("summary").at("files") == 4);
    CHECK(all.event("summary").at("failed") == 0);
    auto const plain = swarm.run({"--dir", swarm.directory("d"), "-c", "download '**.txt'"});
    CHECK(plain.out.find("4 files, 0 failed; ") != std::string::npos);
    CHECK(swarm.in("d", {"download 'nothing*'"}).code == 3);
}

TEST_CASE("A pattern that fails for one file gets the others, and its code") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.txt", "one");
    write_file(swarm.directory("a") / "two.txt", "two");
    write_file(swarm.directory("b") / "one.txt", "another one");
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    auto const ended = swarm.in("c", {"download '*.txt'"});
    CHECK(ended.code == 0);
    write_file(swarm.directory("d") / "two.txt", "different");
    auto const partly = swarm.in("d", {"download '*.txt'"});
    CHECK(partly.code == 9);
    CHECK(partly.event("summary").at("failed") == 1);
    CHECK(std::filesystem::exists(swarm.directory("d") / "one.txt"));
    CHECK(holds(swarm.directory("d") / "two.txt", "different"));
}

TEST_CASE("An existing file with other content is left alone, unless --force is given") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "theirs");
    write_file(swarm.directory("b") / "file.txt", "mine");
    Source const a(swarm, "a");
    auto const id = swarm.in("x", {"find file.txt"}).event("source").at("content");
    auto const name = "file.txt@" + id.get<std::string>();
    auto const refused = swarm.in("b", {"download " + name});
    CHECK(refused.code == 9);
    CHECK(holds(swarm.directory("b") / "file.txt", "mine"));
    auto const beside = swarm.in("b", {"download " + name + " -o sub/theirs.txt"});
    CHECK(beside.code == 0);
    CHECK(holds(swarm.directory("b") / "sub/theirs.txt", "theirs"));
    auto const forced = swarm.in("c", {"download " + name, "download --force " + name});
    CHECK(forced.code == 0);
    CHECK(swarm.in("b", {"download -f " + name}).code == 0);
    CHECK(holds(swarm.directory("b") / "file.txt", "theirs"));
}

TEST_CASE("Option -o names one file, not a pattern's") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.txt", "one");
    write_file(swarm.directory("a") / "two.txt", "two");
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download '*.txt' -o all.txt"});
    CHECK(ended.code == 2);
    CHECK(std::filesystem::is_empty(swarm.directory("b")));
}

TEST_CASE("An empty file and one of a byte are files like others") {
    Swarm swarm;
    write_file(swarm.directory("a") / "empty", "");
    write_file(swarm.directory("a") / "byte", "x");
    Source const a(swarm, "a");
    CHECK(swarm.in("b", {"download empty", "download byte"}).code == 0);
    CHECK(holds(swarm.directory("b") / "empty", ""));
    CHECK(holds(swarm.directory("b") / "byte", "x"));
}
