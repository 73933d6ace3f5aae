#include "catch.hpp"
#include "jobs/manifest_fetch.hpp"
#include "sample.hpp"
#include "temp_dir.hpp"

#include <xfsbus/wire/limits.hpp>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs;

namespace {

/// None of the directories holds anything.
policies::PluginPath nowhere() {
    return policies::PluginPath(std::vector<std::filesystem::path>{});
}

std::string manifest_of(std::string const& algorithm) {
    wire::Manifest manifest;
    manifest.algorithm = algorithm;
    manifest.file_bytes = 1000;
    manifest.chunk_bytes = wire::chunk_size_for(1000);
    manifest.digest_bytes = 32;
    manifest.digests.assign(32, 'd');
    return wire::encode_manifest(manifest);
}

}  // namespace

TEST_CASE("A manifest that names an algorithm which is not here can be neither right nor wrong") {
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>());
    auto const checked = check_manifest(hashes, {}, manifest_of("nobody-has-this"));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::plugin);
    CHECK_THAT(checked.error().message, ContainsSubstring("nobody-has-this"));
}

TEST_CASE("Algorithms that are not here are asked for by several threads, and many of them") {
    constexpr std::size_t many = 128;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < many; ++i) {
        names.push_back("none" + std::to_string(i));
    }
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>(), names);
    std::vector<std::jthread> threads;
    threads.reserve(4);
    std::atomic<std::size_t> refused = 0;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (auto const& name : names) {
                refused += hashes.get(name).ok() ? 0 : 1;
            }
        });
    }
    threads.clear();
    CHECK(refused == 4 * many);
}

TEST_CASE("A hash is looked for only if it is a standard one, or the user accepts it") {
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>(), {"mine"});
    for (auto const* name : {"sha256", "sha512-256", "blake2b", "blake3", "mine"}) {
        CHECK_THAT(hashes.get(name).error().message, ContainsSubstring("not found"));
    }
    auto const error = hashes.get("crc32").error();
    CHECK(error.code == Errc::plugin);
    CHECK_THAT(error.message, ContainsSubstring("'crc32'"));
    CHECK_THAT(error.message, ContainsSubstring("--accept-hash"));
    CHECK_THAT(error.message, !ContainsSubstring("not found"));
}

TEST_CASE("Bytes that are no manifest are a lie") {
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>());
    auto const bytes =
        GENERATE(as<std::string>{}, "", "XFM", "nonsense", manifest_of("sha256").substr(0, 40),
                 manifest_of("SHA256"), manifest_of("../evil"), manifest_of(std::string(33, 'a')));
    auto const checked = check_manifest(hashes, {}, bytes);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::integrity);
}

TEST_CASE("A manifest whose digests are not as long as those of its algorithm is a lie") {
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>());
    hashes.put(xfsbus::test::sha256());
    auto const file = xfsbus::test::sample(1000);
    auto other = *file.manifest;
    other.digest_bytes = wire::limits::digest_bytes_max;
    other.digests.resize(wire::limits::digest_bytes_max);
    auto const bytes = wire::encode_manifest(other);
    auto const digest = policies::digest(*xfsbus::test::sha256(), std::as_bytes(std::span(bytes)));
    auto const content =
        wire::ContentId::from({reinterpret_cast<char const*>(digest.data()), digest.size()});
    CHECK(check_manifest(hashes, file.content, wire::encode_manifest(*file.manifest)));
    auto const checked = check_manifest(hashes, content.value(), bytes);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::integrity);
}

TEST_CASE("What is built in checks where no plug-in of its name can be loaded, and nothing else") {
    Hashes hashes(nowhere(), std::make_shared<policies::PolicyHost>());
    hashes.put_built_in(xfsbus::test::sha256());
    CHECK(hashes.get("sha256"));
    CHECK_FALSE(hashes.get("blake3"));
}

TEST_CASE("A plug-in that was not there a moment ago is not looked for at once again") {
    xfsbus::test::TempDir const directory;
    policies::PluginPath const path(std::vector<std::filesystem::path>{directory.path()});
    Hashes hashes(path, std::make_shared<policies::PolicyHost>());
    CHECK_FALSE(hashes.get("sha256"));
    std::filesystem::copy_file(std::filesystem::path(XFSBUS_PLUGINS) / "libsha256.so",
                               directory.path() / "libsha256.so");
    CHECK_FALSE(hashes.get("sha256"));
    CHECK(Hashes(path, std::make_shared<policies::PolicyHost>()).get("sha256"));
}
