// A plug-in whose file changes while a program uses it.
#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/policies/host/sha256.hpp>

#include <fstream>
#include <iterator>
#include <sstream>

using namespace xfsbus::policies;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

fs::path built(std::string const& name) {
    return fs::path(XFS_TEST_PLUGINS) / ("lib" + name + ".so");
}

std::string bytes_of(fs::path const& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
}

std::shared_ptr<SelectorFactory const> load(fs::path const& path) {
    return load_peer_selector({path.string(), {}}, PluginPath({}));
}

auto open_descriptors() {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

}  // namespace

TEST_CASE("A plug-in that another build was moved over is loaded anew, under the same name") {
    TempDir const dir;
    auto const path = dir.path() / "libpolicy.so";
    fs::copy_file(built("random"), path);
    auto const before = load(path);
    CHECK(before->info().name == "random");
    fs::copy_file(built("roundrobin"), dir.path() / "new");
    fs::rename(dir.path() / "new", path);
    auto const after = load(path);
    CHECK(after->info().name == "roundrobin");
    CHECK(before->info().hash != after->info().hash);
    fs::copy_file(built("random"), path, fs::copy_options::overwrite_existing);
    CHECK(load(path)->info().name == "random");
}

TEST_CASE("A plug-in in use is not disturbed by what is done to its file") {
    TempDir const dir;
    auto const path = dir.path() / "libpolicy.so";
    fs::copy_file(built("leastload"), path);
    auto const factory = load(path);
    auto const selector = factory->make(1);
    std::ofstream(path, std::ios::trunc) << "in place";
    std::vector<SourceView> sources(2);
    sources[0].load = 2;
    CHECK(selector->pick(RequestView{}, sources) == 1);
    fs::remove(path);
    CHECK(factory->make(1)->pick(RequestView{}, sources) == 1);
    CHECK(selector->counters().faults == 0);
}

TEST_CASE("The hash of a plug-in is the SHA-256 of the file that was loaded") {
    CHECK(load(built("random"))->info().hash == sha256_hex(bytes_of(built("random"))));
}

TEST_CASE("Loading plug-ins keeps no descriptor open") {
    TempDir const dir;
    static_cast<void>(load(built("random")));
    auto const before = open_descriptors();
    for (char const suffix : {'1', '2', '3'}) {
        auto const path = dir.path() / (std::string("librandom") + suffix + ".so");
        std::ofstream(path, std::ios::binary) << bytes_of(built("random")) << suffix;
        CHECK(load(path)->info().name == "random");
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("SHA-256 is what the standard says, and what the plug-in says") {
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    auto const plugin = load_integrity({"sha256", {}}, PluginPath({XFS_TEST_PLUGINS}));
    std::string message;
    for (int i = 0; i < 200; ++i) {
        message += static_cast<char>(i * 7);
        auto const ours = sha256(message);
        auto const theirs = digest(*plugin, std::as_bytes(std::span(message)));
        CHECK(std::ranges::equal(std::as_bytes(std::span(ours)), theirs));
    }
}
