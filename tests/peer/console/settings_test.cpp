#include "settings.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <stdlib.h>

using namespace xfsbus::console;
using Words = std::vector<std::string>;

namespace {

/// What the program says on stderr meanwhile.
class Captured {
  public:
    Captured() : before_(std::cerr.rdbuf(text_.rdbuf())) {}

    ~Captured() { std::cerr.rdbuf(before_); }

    Captured(Captured const&) = delete;
    Captured& operator=(Captured const&) = delete;

    [[nodiscard]] std::string text() const { return text_.str(); }

  private:
    std::ostringstream text_;
    std::streambuf* before_;
};

/// Meanwhile caches are kept in a directory of the test, not in that of whoever runs it.
class CacheHome {
  public:
    CacheHome() {
        if (char const* const before = std::getenv(variable)) {
            before_ = before;
        }
        ::setenv(variable, directory_.path().c_str(), 1);
    }

    ~CacheHome() {
        if (before_) {
            ::setenv(variable, before_->c_str(), 1);
        } else {
            ::unsetenv(variable);
        }
    }

    CacheHome(CacheHome const&) = delete;
    CacheHome& operator=(CacheHome const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return directory_.path(); }

  private:
    static constexpr char const* variable = "XDG_CACHE_HOME";

    xfsbus::test::TempDir directory_;
    std::optional<std::string> before_;
};

std::optional<int> read(Words words, Settings& settings) {
    words.insert(words.begin(), "xfs-peer");
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    return read_settings(static_cast<int>(argv.size()), argv.data(), settings);
}

Settings settings_of(Words const& words) {
    Settings settings;
    REQUIRE_FALSE(read(words, settings));
    return settings;
}

std::string refusal_of(Words const& words) {
    Captured const captured;
    Settings settings;
    CHECK(read(words, settings) == 2);
    return captured.text();
}

}  // namespace

TEST_CASE("Without options a peer takes the defaults of the library") {
    auto const given = settings_of({}).peer;
    xfsbus::peer::PeerOptions const defaults;
    CHECK(given.policy == defaults.policy);
    CHECK(given.chunk_order == defaults.chunk_order);
    CHECK(given.integrity == defaults.integrity);
    CHECK(given.sources == defaults.sources);
    CHECK(given.sources == 24);
    CHECK(given.upload_limit == 0);
    CHECK(given.download_limit == 0);
    CHECK(given.transfer_upload_limit == 0);
    CHECK(given.transfer_download_limit == 0);
    CHECK_FALSE(given.accept_push);
}

TEST_CASE("Options about transfers reach the peer") {
    CacheHome const caches;
    auto const given =
        settings_of({"--dir", ".", "--chunk-order", "libsequential.so:window=8", "--sources", "9",
                     "--accept-push", "--max-upload-limit", "1K", "--max-download-limit", "2K",
                     "--max-transfer-upload-limit", "3K", "--max-transfer-download-limit", "4K"})
            .peer;
    CHECK(given.chunk_order == "libsequential.so:window=8");
    CHECK(given.sources == 9);
    CHECK(given.accept_push);
    CHECK(given.upload_limit == 1024);
    CHECK(given.download_limit == 2048);
    CHECK(given.transfer_upload_limit == 3072);
    CHECK(given.transfer_download_limit == 4096);
}

TEST_CASE("A configuration file may say the same") {
    CacheHome const caches;
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "chunk-order=librandomorder.so\naccept-push=true\n"
                           "max-transfer-download-limit=5M\n";
    auto const given =
        settings_of({"--dir", directory.path().string(), "--config", file.string()}).peer;
    CHECK(given.chunk_order == "librandomorder.so");
    CHECK(given.accept_push);
    CHECK(given.transfer_download_limit == 5 * 1024 * 1024);
}

TEST_CASE("The index of a directory is remembered in a file whose name never changes") {
    CacheHome const caches;
    CHECK(settings_of({"--dir", "/"}).peer.cache_file ==
          caches.path() / "xfs" / "index-af63a24c860189fe.sqlite");
    CHECK(settings_of({"--dir", "/", "--no-cache"}).peer.cache_file.empty());
}

TEST_CASE("A limit that is no rate is refused by the name of its option") {
    for (std::string const option :
         {"--max-upload-limit", "--max-download-limit", "--max-transfer-upload-limit",
          "--max-transfer-download-limit"}) {
        CHECK_THAT(refusal_of({option, "fast"}), ContainsSubstring(option + ": 'fast' is no size"));
    }
}

TEST_CASE("A number of sources out of its range is refused") {
    for (std::string const sources : {"0", "257", "some"}) {
        CHECK_THAT(refusal_of({"-s", sources}), ContainsSubstring("--sources"));
    }
}

TEST_CASE("Pushes are accepted, and files served, only where there is a directory for them") {
    for (std::string const option : {"--accept-push", "--serve"}) {
        CHECK_THAT(refusal_of({option}), ContainsSubstring(option + " needs a directory"));
    }
}

TEST_CASE("A cleanup is of the directory that it names, else of the peer's, else of this one") {
    CHECK_FALSE(settings_of({}).cleanup);
    auto const cleanup = [](Words const& words) { return settings_of(words).cleanup.value(); };
    CHECK(cleanup({"cleanup"}).directory == ".");
    CHECK(cleanup({"--dir", "/a", "cleanup"}).directory == "/a");
    CHECK(cleanup({"cleanup", "/b", "--dir", "/a"}).directory == "/b");
    CHECK(cleanup({"cleanup", ""}).directory == "");  // which is none
    CHECK_THAT(refusal_of({"cleanup", "/a", "/b"}), ContainsSubstring("one directory"));
}

TEST_CASE("A cleanup only lists, whatever the age, unless it is told otherwise") {
    auto const plain = settings_of({"cleanup"}).cleanup.value();
    CHECK_FALSE(plain.remove);
    CHECK_FALSE(plain.json);
    CHECK(plain.older == std::chrono::seconds(0));
    auto const told = settings_of({"cleanup", "--older", "7d", "--remove", "--json"}).cleanup;
    REQUIRE(told);
    CHECK(told->remove);
    CHECK(told->json);
    CHECK(told->older == std::chrono::hours(7 * 24));
    CHECK_THAT(refusal_of({"cleanup", "--older", "old"}),
               ContainsSubstring("--older: 'old' is no duration"));
}
