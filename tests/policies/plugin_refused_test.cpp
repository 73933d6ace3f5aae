#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>

#include <fstream>

using namespace xfsbus::policies;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

PluginPath all_plugins() {
    return PluginPath({XFS_TEST_BAD_PLUGINS, XFS_TEST_PLUGINS});
}

/// Why a selection plug-in of this specification is refused.
std::string selector_refusal(std::string const& spec) {
    return refusal([&] { return load_peer_selector(parse_plugin_spec(spec), all_plugins()); });
}

std::string chunk_order_refusal(std::string const& spec) {
    return refusal([&] { return load_chunk_order(parse_plugin_spec(spec), all_plugins()); });
}

}  // namespace

TEST_CASE("A descriptor that does not fit is refused before anything is called") {
    struct Case {
        char const* plugin;
        char const* reason;
    };

    auto const c = GENERATE(
        Case{"wrong-magic", "what it exports as xfsbus_policy_descriptor is something else"},
        Case{"abi-1",
             "built for policy ABI 1, this program speaks 2; build it again against the headers"},
        Case{"first-abi",
             "built for policy ABI 1, this program speaks 2; build it again against the headers"},
        Case{"later-abi",
             "built for policy ABI 3, this program speaks 2; use a newer version of xfsbus"},
        Case{"short-descriptor", "its descriptor has 40 bytes, 80 are needed"},
        Case{"short-parameter", "it declares a parameter incompletely"},
        Case{"unknown-kind", "it is a compression plug-in, a peer-selection one is needed"},
        Case{"bad-name", "its name is not 1 to 32 of [a-z0-9-]"},
        Case{"no-parameters", "its descriptor is incomplete"},
        Case{"many-parameters", "it declares 65 parameters, at most 64 are possible"},
        Case{"nameless-parameter", "it declares a parameter '', whose name is not 1 to 64 of "},
        Case{"odd-parameter",
             "it declares a parameter 'a\\x1b[31m=', whose name is not 1 to 64 of "},
        Case{"double-parameter", "it declares the parameter 'name' twice"},
        Case{"no-create", "its descriptor is incomplete"},
        Case{"no-table", "its table of operations is incomplete"},
        Case{"no-purposes", "its table of operations is incomplete"},
        Case{"no-descriptor",
             "a shared library, but not a plug-in: it does not export "
             "xfsbus_policy_descriptor"},
        Case{"missing-symbol",
             "the system cannot load it: undefined symbol: "
             "nobody_defines_this"},
        Case{"sha256", "it is an integrity plug-in, a peer-selection one is needed"});
    auto const reason = selector_refusal(c.plugin);
    INFO(reason);
    CHECK(contains(reason, "/lib" + std::string(c.plugin) + ".so': " + c.reason));
}

TEST_CASE("A selection plug-in is refused where an integrity one is needed") {
    CHECK(contains(refusal([] {
                       return load_integrity({"roundrobin", {}}, PluginPath({XFS_TEST_PLUGINS}));
                   }),
                   "it is a peer-selection plug-in, an integrity one is needed"));
}

TEST_CASE("A hash that lacks an operation is refused: there is no default for it") {
    CHECK(
        contains(refusal([] {
                     return load_integrity({"short-hash", {}}, PluginPath({XFS_TEST_BAD_PLUGINS}));
                 }),
                 "libshort-hash.so': its table of operations is incomplete"));
}

TEST_CASE("Only a whole chunk-order plug-in is taken where one is needed") {
    CHECK(contains(chunk_order_refusal("random"),
                   "it is a peer-selection plug-in, a chunk-order one is needed"));
    CHECK(contains(selector_refusal("randomorder"),
                   "it is a chunk-order plug-in, a peer-selection one is needed"));
    CHECK(contains(chunk_order_refusal("unknown-kind"),
                   "it is a compression plug-in, a chunk-order one is needed"));
    CHECK(contains(chunk_order_refusal("no-chunk-order-table"),
                   "its table of operations is incomplete"));
    CHECK(chunk_order_refusal("randomorder") == "not refused");
}

TEST_CASE("Only a whole handout plug-in is taken where one is needed") {
    auto const handout_refusal = [](std::string const& spec) {
        return refusal([&] { return load_handout(parse_plugin_spec(spec), all_plugins()); });
    };
    CHECK(contains(handout_refusal("rarest"),
                   "it is a chunk-order plug-in, a handout one is needed"));
    CHECK(contains(selector_refusal("mixed"),
                   "it is a handout plug-in, a peer-selection one is needed; "
                   "a handout is for a tracker: xfs-tracker --handout"));
    CHECK(contains(handout_refusal("no-handout-table"), "its table of operations is incomplete"));
    CHECK(contains(handout_refusal("faulty-handout:fault=create"), "failing in create on purpose"));
    CHECK(contains(handout_refusal("samerack:far=-1"), "far: -1 is out of range"));
    CHECK(handout_refusal("samerack") == "not refused");
}

TEST_CASE("Only a whole upload-choice plug-in is taken where one is needed") {
    auto const upload_refusal = [](std::string const& spec) {
        return refusal([&] { return load_upload_choice(parse_plugin_spec(spec), all_plugins()); });
    };
    CHECK(contains(upload_refusal("mixed"),
                   "it is a handout plug-in, an upload-choice one is "
                   "needed"));
    CHECK(contains(selector_refusal("fair"),
                   "it is an upload-choice plug-in, a peer-selection one is needed; "
                   "who is served next is chosen when the peer starts, by --upload-policy"));
    CHECK(contains(upload_refusal("no-upload-choice-table"),
                   "its table of operations is incomplete"));
    CHECK(contains(upload_refusal("titfortat:slots=1"), "slots: 1 is out of range"));
    CHECK(upload_refusal("titfortat") == "not refused");
}

TEST_CASE("A plug-in whose objects cannot be created is refused with its own reason") {
    CHECK(contains(selector_refusal("faulty-selector:fault=create"),
                   "libfaulty-selector.so': failing in create on purpose; it takes fault "
                   "(default none), spare (default 1)"));
    CHECK(contains(selector_refusal("faulty-selector:fault=create_int"), ": unknown exception; "));
    CHECK(contains(chunk_order_refusal("faulty-chunk-order:fault=create"),
                   "libfaulty-chunk-order.so': failing in create on purpose; it takes fault"));
}

TEST_CASE("A plug-in out of which an exception comes is refused, and nothing else happens") {
    CHECK(
        contains(selector_refusal("throwing-create"),
                 "libthrowing-create.so': an exception left the plug-in: thrown\\x0ain create; "));
    CHECK(contains(selector_refusal("throwing-destroy"),
                   "libthrowing-destroy.so': an exception left the plug-in: thrown in destroy; "));
}

TEST_CASE("A plug-in that takes for ever to create an object is refused after a while") {
    CHECK(contains(selector_refusal("endless-create"),
                   "libendless-create.so': it takes more than 5 s to load or to create an object"));
    CHECK(selector_refusal("faulty-selector") == "not refused");
}

TEST_CASE("A plug-in that is cut short is refused, wherever it ends") {
    TempDir const dir;
    auto const path = dir.path() / "libcut.so";
    fs::copy_file(fs::path(XFS_TEST_PLUGINS) / "librandom.so", path);
    auto const whole = fs::file_size(path);
    auto const load = [&] { return load_peer_selector({path.string(), {}}, PluginPath({})); };
    for (auto const size : {whole / 2, whole / 4, std::uintmax_t{64}, std::uintmax_t{63}}) {
        fs::resize_file(path, size);
        INFO(size);
        CHECK(contains(refusal(load), "libcut.so': it is cut short; "));
    }
    fs::resize_file(path, 4);
    CHECK(contains(refusal(load), "not a shared library (file too short)"));
}

TEST_CASE("A file that is not a shared library is refused as such") {
    TempDir const dir;
    std::ofstream(dir.path() / "libtext.so") << std::string(1000, 'x');
    std::ofstream(dir.path() / "libempty.so").flush();
    PluginPath const path({dir.path()});
    CHECK(contains(refusal([&] {
                       return load_peer_selector({"text", {}}, path);
                   }),
                   "libtext.so': not a shared library (invalid ELF header); name a plug-in"));
    CHECK(contains(refusal([&] {
                       return load_peer_selector({"empty", {}}, path);
                   }),
                   "libempty.so': not a shared library (file too short); name a plug-in"));
}

TEST_CASE("A plug-in that anybody may write to is refused") {
    TempDir const dir;
    auto const copy = dir.path() / "libroundrobin.so";
    fs::copy_file(fs::path(XFS_TEST_PLUGINS) / "libroundrobin.so", copy);
    auto const load = [&] { return load_peer_selector({copy.string(), {}}, PluginPath({})); };
    fs::permissions(copy, fs::perms::others_write, fs::perm_options::add);
    CHECK(contains(refusal(load),
                   "anybody may write to it, so it cannot be trusted; check where "
                   "it comes from, then chmod o-w it"));
    fs::permissions(copy, fs::perms::others_write, fs::perm_options::remove);
    CHECK(refusal(load) == "not refused");
}

TEST_CASE("A parameter that the plug-in does not take is refused with those that it takes") {
    CHECK(contains(selector_refusal("loadlatency:wieght=1"),
                   "libloadlatency.so': unknown parameter 'wieght'; it takes load_weight "
                   "(default 10)"));
    CHECK(contains(selector_refusal("random:seed=1"),
                   "unknown parameter 'seed'; it takes no parameters"));
}

TEST_CASE("A parameter with a bad value, or given twice, is refused") {
    CHECK(contains(selector_refusal("loadlatency:load_weight=abc"),
                   ": load_weight: 'abc' is not a number; it takes load_weight (default 10)"));
    CHECK(contains(selector_refusal("loadlatency:load_weight=-1"),
                   ": load_weight: -1 is out of range (0 to 1e9); "));
    CHECK(contains(chunk_order_refusal("rarest:head=-1"),
                   ": head: -1 is out of range (0 to 4294967295); it takes head (default 0)"));
    CHECK(contains(selector_refusal("loadlatency:load_weight=1,load_weight=1"),
                   ": parameter 'load_weight' is given twice; give it once"));
}

TEST_CASE("A plug-in that was refused once does not stop another from loading") {
    CHECK(selector_refusal("faulty-selector:fault=create") != "not refused");
    CHECK(selector_refusal("faulty-selector") == "not refused");
}

TEST_CASE("A loaded plug-in tells what it is and which parameters are in force") {
    auto const factory = load_peer_selector(parse_plugin_spec("loadlatency:load_weight=20"),
                                            PluginPath({XFS_TEST_PLUGINS}));
    auto const& info = factory->info();
    CHECK(info.path == fs::path(XFS_TEST_PLUGINS) / "libloadlatency.so");
    CHECK(info.kind == "peer-selection");
    CHECK(info.name == "loadlatency");
    CHECK(info.version == "1.0");
    REQUIRE(info.parameters.size() == 1);
    CHECK(info.parameters[0].value == "20");
    CHECK(info.parameters[0].default_value == "10");
}
