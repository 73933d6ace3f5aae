#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

std::shared_ptr<HashAlgorithm const> load(std::string const& spec) {
    return load_integrity(parse_plugin_spec(spec),
                          PluginPath({XFS_TEST_BAD_PLUGINS, XFS_TEST_PLUGINS}));
}

}  // namespace

TEST_CASE("Digests of 32 to 64 bytes are accepted, all others refused") {
    for (auto const* size : {"32", "64"}) {
        CHECK(load("faulty-hash:digest_size=" + std::string(size))->digest_size() ==
              std::stoul(size));
    }
    for (auto const* size : {"0", "31", "65"}) {
        CHECK(
            contains(refusal([&] { return load("faulty-hash:digest_size=" + std::string(size)); }),
                     "its digests have " + std::string(size) + " bytes, 32 to 64 are possible"));
    }
    CHECK(contains(refusal([] { return load("faulty-hash:fault=digest_size"); }),
                   "its digests have 0 bytes"));
}

TEST_CASE("A hash that fails says so, as there is nothing to fall back to") {
    std::vector<std::byte> room(32);
    auto const updating = load("faulty-hash:fault=update")->make();
    CHECK(fault([&] { updating->update(room); }) ==
          "integrity 'faulty': update: failing in update on purpose");
    auto const finishing = load("faulty-hash:fault=finish")->make();
    CHECK(fault([&] { finishing->finish(room); }) ==
          "integrity 'faulty': finish: failing in finish on purpose");
    auto const algorithm = load("faulty-hash:fault=update");
    CHECK(fault([&] { static_cast<void>(digest(*algorithm, room)); }) != "no fault");
}

TEST_CASE("An exception that leaves a hash is a fault like any other") {
    std::vector<std::byte> room(32);
    auto const hash = load("rude-hash")->make();
    CHECK(fault([&] { hash->update(room); }) ==
          "integrity 'rude-hash': update: an exception left the plug-in: thrown in update");
    CHECK(fault([&] { hash->finish(room); }) ==
          "integrity 'rude-hash': finish: an unknown exception left the plug-in");
}

TEST_CASE("A digest is not written where it does not fit") {
    std::vector<std::byte> room(31);
    CHECK_THROWS_AS(load("sha256")->make()->finish(room), std::invalid_argument);
}

TEST_CASE("A hash stays usable after the algorithm that made it is gone") {
    auto const hash = load("sha256")->make();
    std::vector<std::byte> room(hash->digest_size());
    hash->finish(room);
    CHECK(room[0] == std::byte{0xe3});
}

TEST_CASE("An algorithm that a manifest names is found by its name alone") {
    PluginPath const path({XFS_TEST_PLUGINS});
    CHECK(load_integrity_by_name("sha256", path)->name() == "sha256");
    CHECK(contains(refusal([&] { return load_integrity_by_name("md5", path); }), "libmd5.so"));
}

TEST_CASE("A manifest cannot name a path, nor a plug-in of another kind") {
    PluginPath const path({XFS_TEST_PLUGINS});
    for (auto const* name : {"", "../sha256", "/lib/libsha256.so", "libsha256.so", "SHA256",
                             "a-name-that-has-thirty-three-char"}) {
        CHECK(contains(refusal([&] { return load_integrity_by_name(name, path); }),
                       "a plug-in's name is 1 to 32 of [a-z0-9-], this one is not"));
    }
    CHECK(contains(refusal([&] { return load_integrity_by_name("random", path); }),
                   "an integrity one is needed"));
}

TEST_CASE("A plug-in that hides under another algorithm's name is refused") {
    TempDir const dir;
    fs::copy_file(fs::path(XFS_TEST_PLUGINS) / "libblake2b.so", dir.path() / "libsha256.so");
    CHECK(contains(
        refusal([&] { return load_integrity_by_name("sha256", PluginPath({dir.path()})); }),
        "it calls itself 'blake2b', not 'sha256'"));
}

TEST_CASE("What a manifest names is not taken from where files of others are put") {
    TempDir const dir;
    auto const share = dir.path() / "share";
    fs::create_directories(share / "deep");
    fs::create_directories(dir.path() / "apart");
    auto const good = fs::path(XFS_TEST_PLUGINS) / "libsha256.so";
    fs::copy_file(good, share / "libsha256.so");
    fs::copy_file(good, share / "deep" / "libsha256.so");
    fs::create_directory_symlink(share / "deep", dir.path() / "link");
    fs::create_symlink(share / "libsha256.so", dir.path() / "apart" / "libsha256.so");

    auto const place = GENERATE(as<std::string>{}, "share", "share/deep", "link", "apart");
    INFO(place);
    PluginPath path({dir.path() / place});
    CHECK(load_integrity_by_name("sha256", path)->name() == "sha256");
    path.distrust(share);
    auto const reason = refusal([&] { return load_integrity_by_name("sha256", path); });
    INFO(reason);
    CHECK(contains(reason, "libsha256.so (where files of others are put)"));
    // A user who names it takes it from wherever it is.
    CHECK(load_integrity({"sha256", {}}, path)->name() == "sha256");
}

TEST_CASE("What a manifest names is looked for beyond the directory that others fill") {
    TempDir const dir;
    fs::copy_file(fs::path(XFS_TEST_PLUGINS) / "libblake2b.so", dir.path() / "libsha256.so");
    PluginPath path({dir.path(), XFS_TEST_PLUGINS});
    path.distrust(dir.path());
    CHECK(load_integrity_by_name("sha256", path)->info().path ==
          fs::path(XFS_TEST_PLUGINS) / "libsha256.so");
}
