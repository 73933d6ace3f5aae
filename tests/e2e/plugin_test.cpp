// Which code a peer runs, and whose.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>
#include <map>
#include <set>
#include <sstream>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

fs::path bad_plugin(std::string const& name) {
    return fs::path(XFS_TEST_BAD_PLUGINS) / ("lib" + name + ".so");
}

fs::path copy_plugin(std::string const& name, fs::path const& directory) {
    fs::create_directories(directory);
    auto copy = directory / ("lib" + name + ".so");
    fs::copy_file(bad_plugin(name), copy, fs::copy_options::overwrite_existing);
    return copy;
}

/// A source whose manifests name a hash that its sinks do not have.
struct EvilSwarm : Swarm {
    [[nodiscard]] fs::path mark() const { return path() / "mark"; }

    /// A peer that fetches the file, started by the shell's PATH, in its own share.
    [[nodiscard]] Ended fetch(Words const& options, Words const& environment = {}) const {
        auto const sink = directory("sink");
        auto peer = this->peer({"--json", "-d", ".", "-c", "download file.bin"});
        peer.arguments.insert(peer.arguments.end(), options.begin(), options.end());
        auto const bin = fs::path(XFS_PEER_PROGRAM).parent_path().string();
        peer.arguments.insert(peer.arguments.begin(), {"PATH=" + bin + ":/usr/bin", "xfs-peer"});
        peer.environment.push_back("XFS_TEST_MARK=" + mark().string());
        peer.environment.insert(peer.environment.end(), environment.begin(), environment.end());
        peer.directory = sink;
        return run_to_end("/usr/bin/env", std::move(peer));
    }

    [[nodiscard]] std::string trap() const {
        write_file(directory("a") / "file.bin", "trap");
        return "a";
    }

    Source source{*this, trap(), {"--integrity", bad_plugin("evil").string()}};
};

}  // namespace

TEST_CASE("A hash that a manifest names is used if the user accepts it, and has said where it is") {
    EvilSwarm const swarm;
    auto const refused = swarm.fetch({});
    CHECK(refused.code == 11);
    CHECK_FALSE(fs::exists(swarm.mark()));
    copy_plugin("evil", swarm.path() / "trusted");
    auto const trusted = (swarm.path() / "trusted").string();
    auto const unaccepted = swarm.fetch({"--plugin-dir", trusted});
    CHECK(unaccepted.code == 11);
    CHECK_THAT(unaccepted.out, ContainsSubstring("--accept-hash"));
    CHECK_FALSE(fs::exists(swarm.mark()));
    auto const ended = swarm.fetch({"--plugin-dir", trusted, "--accept-hash", "evil"});
    CHECK(ended.code == 0);
    CHECK(fs::exists(swarm.mark()));
}

TEST_CASE("A plug-in that was downloaded does not run because a manifest names it") {
    EvilSwarm const swarm;
    auto const sink = swarm.directory("sink");
    for (auto const* below : {"", "xfsbus/plugins", "lib/xfsbus/plugins", "plugins"}) {
        copy_plugin("evil", sink / below);
    }
    fs::create_directory_symlink(sink / "plugins", swarm.path() / "link");
    auto const options = GENERATE(Words{}, Words{"--plugin-dir", "plugins"},
                                  Words{"--plugin-dir", "."}, Words{"--plugin-dir", "../link"});
    INFO(Json(options).dump());
    auto const ended = swarm.fetch(options);
    CHECK(ended.code == 11);
    CHECK_FALSE(fs::exists(swarm.mark()));
}

TEST_CASE("A relative directory in XFS_PLUGIN_PATH is an error, and nothing in it runs") {
    EvilSwarm const swarm;
    copy_plugin("evil", swarm.directory("sink") / "plugins");
    auto const ended = swarm.fetch({}, {"XFS_PLUGIN_PATH=plugins"});
    CHECK(ended.code == 11);
    CHECK(ended.says("XFS_PLUGIN_PATH"));
    CHECK_FALSE(fs::exists(swarm.mark()));
}

TEST_CASE("Plug-ins that leave or crash are told of, and the others are listed all the same") {
    Swarm const swarm;
    auto const directory = swarm.path() / "plugins";
    for (auto const* name : {"leaves-at-load", "crashes-at-load", "evil"}) {
        copy_plugin(name, directory);
    }
    auto const list = swarm.run({"--json", "--plugin-dir", directory.string(), "plugins"});
    CHECK(list.code == 0);
    std::map<std::string, Json> found;
    for (auto const& plugin : list.events("plugin")) {
        found[fs::path(plugin.at("path").get<std::string>()).filename()] = plugin;
    }
    CHECK(found["libleaves-at-load.so"].at("ok") == false);
    CHECK(found["libleaves-at-load.so"].at("problem").get<std::string>().ends_with(
        "it ends the program that loads it, with exit code 0"));
    CHECK(found["libcrashes-at-load.so"].at("ok") == false);
    CHECK(found["libcrashes-at-load.so"].at("problem").get<std::string>().ends_with(
        "it crashes the program that loads it: Aborted"));
    CHECK(found["libevil.so"].at("ok") == true);
    CHECK(found["libsha256.so"].at("sha256").get<std::string>().size() == 64);

    auto const check = swarm.run({"plugins", "check", bad_plugin("leaves-at-load").string()});
    CHECK(check.code == 11);
    CHECK(check.out.find("with exit code 0") != std::string::npos);
}

TEST_CASE("Plug-ins in a directory that anybody may write to are told of, and none of them runs") {
    EvilSwarm const swarm;
    auto const directory = swarm.path() / "open";
    copy_plugin("evil", directory);
    fs::permissions(directory, fs::perms::others_write, fs::perm_options::add);
    auto const list = swarm.run({"--plugin-dir", directory.string(), "plugins"});
    CHECK(list.code == 0);
    CHECK(list.out.find("anybody may write to " + directory.string()) != std::string::npos);
    auto const ended = swarm.fetch({"--plugin-dir", directory.string()});
    CHECK(ended.code == 11);
    CHECK_FALSE(fs::exists(swarm.mark()));
}

TEST_CASE("A policy that fails or hangs when it is loaded is refused, and the old one goes on") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(mib));
    Source const b(swarm, "b");
    Shell peer(swarm, "a");
    for (auto const* bad : {"throwing-create", "throwing-destroy", "endless-create",
                            "leaves-at-load", "crashes-at-load", "throws-at-load"}) {
        INFO(bad);
        auto const refused = peer.ask_one("policy load " + bad_plugin(bad).string());
        CHECK(refused.at("code") == 11);
        CHECK(peer.ask_one("policy").at("name") == "loadlatency");
    }
    CHECK(peer.ask("download file.bin").back().at("failed") == 0);
}

TEST_CASE("A policy that was built again is the new one after it is loaded again") {
    Swarm swarm;
    Shell peer(swarm, "a");
    auto const path = copy_plugin("recording-selector", swarm.path() / "plugins");
    auto const before = peer.ask_one("policy load " + path.string());
    CHECK(before.at("name") == "recording");
    fs::copy_file(bad_plugin("faulty-selector"), path, fs::copy_options::overwrite_existing);
    auto const after = peer.ask_one("policy load " + path.string());
    CHECK(after.at("name") == "faulty-selector");
    CHECK(after.at("path") == path.string());
    CHECK(after.at("sha256") != before.at("sha256"));
}

TEST_CASE("A peer answers while a policy takes its time to create an object") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(mib));
    Source const b(swarm, "b");
    auto const mark = swarm.path() / "mark";
    auto options = swarm.peer({host(), "0", swarm.directory("a").string(), "--json", "--policy",
                               bad_plugin("faulty-selector").string() + ":fault=create_waits"});
    options.environment.push_back("XFS_TEST_MARK=" + mark.string());
    Process waiting(XFS_PEER_PROGRAM, options);
    waiting.wait_until("that it is ready",
                       [](auto const& output) { return !events_of(output.out, "ready").empty(); });
    auto const port = events_of(waiting.out(), "ready").at(0).at("port").get<std::uint16_t>();
    waiting.type("download file.bin\n");
    Shell c(swarm, "c");
    eventually("the download counts",
               [&] { return c.ask_one("getload " + apart(port)).at("load") == 1; });
    CHECK(events_of(waiting.out(), "downloaded").empty());
    write_file(mark, "go on");
    waiting.close_input();
    CHECK(waiting.wait() == 0);
    CHECK(events_of(waiting.out(), "downloaded").at(0).at("ok") == true);
}

TEST_CASE("The faults of a chunk order are counted and shown, and the file arrives") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(4 * mib));
    Source const b(swarm, "b");
    auto const ended =
        swarm.in("a", {"download file.bin", "policy", "status"},
                 {"--chunk-order", bad_plugin("faulty-chunk-order").string() + ":fault=rank"});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("a") / "file.bin", noise(4 * mib)));
    auto const policy = ended.event("policy");
    CHECK(policy.at("faults") == 0);
    CHECK(policy.at("chunk_order_faults") > 0);
    CHECK(policy.at("chunk_order_fallbacks") >= policy.at("chunk_order_faults"));
    CHECK(ended.event("status").at("chunk_order_faults") == policy.at("chunk_order_faults"));
}

TEST_CASE("The faults that a policy makes in find are counted, too") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(mib));
    Source const b(swarm, "b");
    auto const ended =
        swarm.in("a", {"find file.bin", "policy"},
                 {"--policy", bad_plugin("faulty-selector").string() + ":fault=cost"});
    CHECK(ended.code == 0);
    CHECK(ended.event("policy").at("faults") == 1);
}

namespace {

/// What the recording plug-ins wrote down in a peer with this seed that ran these commands.
std::vector<std::string> recorded(Swarm const& swarm, std::string const& name, Words const& seed,
                                  Words const& commands) {
    auto const record = swarm.path() / ("record of " + name);
    Words words = {"--json",
                   "-d",
                   swarm.directory(name).string(),
                   "--policy",
                   bad_plugin("recording-selector").string(),
                   "--chunk-order",
                   bad_plugin("recording-order").string()};
    words.insert(words.end(), seed.begin(), seed.end());
    for (auto const& command : commands) {
        words.insert(words.end(), {"-c", command});
    }
    auto peer = swarm.peer(words);
    peer.environment.push_back("XFS_TEST_MARK=" + record.string());
    CHECK(run_to_end(XFS_PEER_PROGRAM, std::move(peer)).code == 0);
    std::vector<std::string> lines;
    std::istringstream text(read_file(record));
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
    }
    return lines;
}

/// The first of them that begin with a word.
std::vector<std::string> first_of(std::vector<std::string> const& lines, std::string_view word,
                                  std::size_t count) {
    std::vector<std::string> first;
    for (auto const& line : lines) {
        if (line.starts_with(word) && first.size() < count) {
            first.push_back(line);
        }
    }
    return first;
}

}  // namespace

TEST_CASE("With the same seed policies see the same numbers and source ids in every run") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(4 * mib));
    Source const b(swarm, "b");
    Words const commands = {"find file.bin", "download file.bin"};
    auto const one = recorded(swarm, "one", {"--seed", "7"}, commands);
    auto const two = recorded(swarm, "two", {"--seed", "7"}, commands);
    auto const other = recorded(swarm, "other", {"--seed", "8"}, commands);
    auto const random = recorded(swarm, "random", {}, commands);
    for (std::string_view const word : {"pick ", "rank "}) {
        auto const first = first_of(one, word, 2);
        REQUIRE(first.size() == 2);
        CHECK(first == first_of(two, word, 2));
        CHECK(first != first_of(other, word, 2));
        CHECK(first != first_of(random, word, 2));
    }
}

TEST_CASE("A policy knows a source by the same id in find and in a download") {
    Swarm swarm;
    write_file(swarm.directory("b") / "file.bin", noise(mib));
    write_file(swarm.directory("c") / "other.bin", noise(mib));
    write_file(swarm.directory("c") / "file.bin", noise(mib));
    Source const b(swarm, "b");
    Source const c(swarm, "c");
    auto const lines =
        recorded(swarm, "a", {}, {"find file.bin", "find other.bin", "download other.bin"});
    std::map<std::string, std::set<std::string>> ids;
    for (auto const& line : lines) {
        std::istringstream words(line);
        for (std::string word; words >> word;) {
            if (auto const equals = word.find('='); equals != std::string::npos) {
                ids[word.substr(0, equals)].insert(word.substr(equals + 1));
            }
        }
    }
    CHECK(ids.size() == 2);
    CHECK(ids[at(b.port)].size() == 1);
    CHECK(ids[at(c.port)].size() == 1);
    CHECK(ids[at(b.port)] != ids[at(c.port)]);
}

TEST_CASE("With --json a shell that is fed by a pipe says when it is ready") {
    Swarm swarm;
    Shell peer(swarm, "a");
    auto const ready = events_of(peer.process().out());
    CHECK(ready.at(0).at("event") == "ready");
    CHECK(ready.at(0).at("port") == peer.port());
    Process plain(XFS_PEER_PROGRAM, swarm.peer({"-d", swarm.directory("b").string()}));
    plain.close_input();
    CHECK(plain.wait() == 0);
    CHECK(plain.out().empty());
}

TEST_CASE("A peer that crashes within a policy names it with its last word") {
    if (XFS_INSTRUMENTED) {
        return;  // a sanitizer has handlers of its own
    }
    Swarm const swarm;
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Source const a(swarm, "a");
    auto const policy = bad_plugin("faulty-selector").string() + ":fault=abort";
    auto const sink = swarm.start("sink", {"download file.bin"}, {"--policy", policy});
    CHECK(sink->wait() == -SIGABRT);
    CHECK_THAT(sink->err(),
               Catch::Matchers::EndsWith(
                   "xfs-peer: crashed within policy libfaulty-selector.so (faulty-selector), "
                   "pick\n"));
}
