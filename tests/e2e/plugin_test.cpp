// Which code a peer runs, and whose.
#include "catch.hpp"
#include "swarm.hpp"

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

TEST_CASE("A hash that a manifest names is found where the user says, and not elsewhere") {
    EvilSwarm const swarm;
    auto const refused = swarm.fetch({});
    CHECK(refused.code == 11);
    CHECK_FALSE(fs::exists(swarm.mark()));
    copy_plugin("evil", swarm.path() / "trusted");
    auto const ended = swarm.fetch({"--plugin-dir", (swarm.path() / "trusted").string()});
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
