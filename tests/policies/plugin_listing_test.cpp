#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/plugin_listing.hpp>

#include <fstream>
#include <set>

using namespace xfsbus::policies;
using namespace xfsbus::test;
namespace fs = std::filesystem;

TEST_CASE("The list of plug-ins has all that we ship, without a problem") {
    auto const listings = list_plugins(PluginPath({XFS_TEST_PLUGINS}));
    std::set<std::string> names;
    for (auto const& listing : listings) {
        CHECK(listing.problem.empty());
        CHECK_FALSE(listing.description.empty());
        names.insert(listing.kind + " " + listing.name);
    }
    for (auto const* name :
         {"chunk-order random", "chunk-order rarest", "chunk-order sequential", "handout mixed",
          "handout samerack", "integrity blake2b", "integrity blake3", "integrity sha256",
          "integrity sha512-256", "peer-selection leastload", "peer-selection loadlatency",
          "peer-selection queuetime", "peer-selection random", "peer-selection roundrobin",
          "upload-choice fair", "upload-choice titfortat"}) {
        CHECK(names.count(name) == 1);
    }
}

TEST_CASE("The list shows what would be refused, and why, and passes over other files") {
    TempDir const dir;
    std::ofstream(dir.path() / "libtext.so") << "words";
    std::ofstream(dir.path() / "README") << "words";
    auto const listings = list_plugins(PluginPath({dir.path() / "missing", dir.path()}));
    REQUIRE(listings.size() == 1);
    CHECK(listings[0].path == dir.path() / "libtext.so");
    CHECK(contains(listings[0].problem, "not a shared library"));
}

TEST_CASE("Checking a plug-in tells what could be read of it even if it would be refused") {
    auto const missing = check_plugin("/nonexistent/libx.so");
    CHECK(missing.path == "/nonexistent/libx.so");
    CHECK(contains(missing.problem, "there is no such file"));

    auto const unknown = check_plugin(fs::path(XFS_TEST_BAD_PLUGINS) / "libunknown-kind.so");
    CHECK(contains(unknown.problem, "a compression plug-in, which this program does not know"));

    auto const good = check_plugin(fs::path(XFS_TEST_PLUGINS) / "libsha256.so");
    CHECK(good.problem.empty());
    CHECK(good.kind == "integrity");

    auto const order = check_plugin(fs::path(XFS_TEST_PLUGINS) / "librarest.so");
    CHECK(order.problem.empty());
    CHECK(order.kind == "chunk-order");
    REQUIRE(order.parameters.size() == 1);
    CHECK(order.parameters[0].name == "head");
    CHECK(order.parameters[0].default_value == "0");
}
