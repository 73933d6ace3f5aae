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
    CHECK(given.policy == "libloadlatency.so");
    CHECK(given.chunk_order == "librarest.so");
    CHECK(given.integrity == "libsha256.so");
    CHECK(given.upload_policy == defaults.upload_policy);
    CHECK(given.sources == defaults.sources);
    CHECK(given.sources == 24);
    CHECK(given.upload_limit == 0);
    CHECK(given.download_limit == 0);
    CHECK(given.transfer_upload_limit == 0);
    CHECK(given.transfer_download_limit == 0);
    CHECK(given.accept_push == xfsbus::peer::AcceptPush::none);
}

TEST_CASE("Options about transfers reach the peer") {
    CacheHome const caches;
    auto const given =
        settings_of({"--dir", ".", "--chunk-order", "libsequential.so:window=8", "--sources", "9",
                     "--upload-policy", "libtitfortat.so:slots=9", "--accept-push",
                     "--max-upload-limit", "1K", "--max-download-limit", "2K",
                     "--max-transfer-upload-limit", "3K", "--max-transfer-download-limit", "4K"})
            .peer;
    CHECK(given.chunk_order == "libsequential.so:window=8");
    CHECK(given.upload_policy == "libtitfortat.so:slots=9");
    CHECK(given.sources == 9);
    CHECK(given.accept_push == xfsbus::peer::AcceptPush::new_files);
    CHECK(given.upload_limit == 1024);
    CHECK(given.download_limit == 2048);
    CHECK(given.transfer_upload_limit == 3072);
    CHECK(given.transfer_download_limit == 4096);
}

TEST_CASE("What is not shared is said by patterns, which may be what they like") {
    auto const none = settings_of({}).peer;
    CHECK(none.ignore.empty());
    CHECK(none.default_ignores);
    auto const given = settings_of({"--ignore", "*.o", "--ignore", "[ab]*", "--ignore", "a b,c",
                                    "--ignore=-x", "--no-default-ignores"})
                           .peer;
    CHECK(given.ignore == Words{"*.o", "[ab]*", "a b,c", "-x"});
    CHECK_FALSE(given.default_ignores);
}

TEST_CASE("How often a directory is scanned is a duration, or never") {
    CHECK_FALSE(settings_of({}).peer.rescan);
    CHECK(settings_of({"--rescan", "90s"}).peer.rescan == std::chrono::seconds(90));
    CHECK(settings_of({"--rescan", "0"}).peer.rescan == std::chrono::seconds(0));
    CHECK_THAT(refusal_of({"--rescan", "often"}), ContainsSubstring("--rescan: 'often'"));
}

TEST_CASE("A configuration file may say the same") {
    CacheHome const caches;
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "chunk-order=librandomorder.so\naccept-push=replace\n"
                           "max-transfer-download-limit=5M\n";
    auto const given =
        settings_of({"--dir", directory.path().string(), "--config", file.string()}).peer;
    CHECK(given.chunk_order == "librandomorder.so");
    CHECK(given.accept_push == xfsbus::peer::AcceptPush::replace);
    CHECK(given.transfer_download_limit == 5 * 1024 * 1024);
}

TEST_CASE("A value in a configuration file is the rest of its line") {
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "labels = rack=a,disk=ssd, room=[1,2]\n"
                           "command=find 'a file, of two.bin' # of them\n"
                           "command = \" status \"\n"
                           "policy=libloadlatency.so:alpha=1,beta=2\n"
                           "latency-file=\n"
                           "json\n"
                           "verbose=2\n";
    auto const given = settings_of({"--config", file.string()});
    CHECK(given.peer.labels == "rack=a,disk=ssd, room=[1,2]");
    CHECK(given.commands == Words{"find 'a file, of two.bin' # of them", " status "});
    CHECK(given.peer.policy == "libloadlatency.so:alpha=1,beta=2");
    CHECK(given.peer.latency_file.empty());
    CHECK(given.json);
    CHECK(given.log.level == xfsbus::LogLevel::debug);
}

TEST_CASE("What is typed counts, and not what the configuration file says of it") {
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "sources=9\njson=true\ncommand=status\nlabels=a=1\n";
    auto const given = settings_of(
        {"-s", "7", "--json=false", "-c", "peers", "-c", "files", "--config", file.string()});
    CHECK(given.peer.sources == 7);
    CHECK_FALSE(given.json);
    CHECK(given.commands == Words{"peers", "files"});
    CHECK(given.peer.labels == "a=1");
}

TEST_CASE("What is wrong in a configuration file is told with its line") {
    auto const [line, what] = GENERATE(table<std::string, std::string>({
        {"colour=red", "'colour' is no option"},
        {"s=3", "'s' is no option"},
        {"config=other.conf", "'config' is no option"},
        {"help=true", "'help' is no option"},
        {"[peer]", "'[peer]' is no option=value"},
        {"two words", "'two words' is no option=value"},
        {"labels", "'labels' lacks its value"},
        {"json=", "'json' lacks its value"},
        {"json=perhaps", "json"},
        {"sources=many", "--sources"},
        {"sources=300", "--sources"},
        {"max-upload-limit=fast", "--max-upload-limit: 'fast'"},
        {"bind=nonsense", "'nonsense' is no address"},
        {"tracker=tcp://", "--tracker"},
        {"log-level=loud", "--log-level"},
        {"no-watch=true", "'no-watch' stands in line 2 already"},
    }));
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "# a comment\nno-watch=true\n; another\n\n" << line << "\n";
    auto const told = refusal_of({"--config", file.string()});
    INFO(told);
    CHECK_THAT(told, Catch::Matchers::StartsWith("xfs-peer: " + file.string() + ":5: "));
    CHECK_THAT(told, ContainsSubstring(what));
}

TEST_CASE("A line of a configuration file is not blamed for what the environment says") {
    xfsbus::test::TempDir const directory;
    auto const file = directory.path() / "peer.conf";
    std::ofstream(file) << "json=true\n";
    ::setenv("XFS_TRACKER", "nowhere", 1);
    auto const told = refusal_of({"--config", file.string()});
    ::unsetenv("XFS_TRACKER");
    CHECK_THAT(told, Catch::Matchers::StartsWith("xfs-peer: --tracker: 'nowhere'"));
}

TEST_CASE("A configuration file that cannot be read is refused, with the reason") {
    xfsbus::test::TempDir const directory;
    CHECK_THAT(refusal_of({"--config", (directory.path() / "none").string()}),
               ContainsSubstring("No such file"));
    CHECK_THAT(refusal_of({"--config", directory.path().string()}),
               ContainsSubstring("Is a directory"));
}

TEST_CASE("Options stand before, after and between the address and the directory") {
    CacheHome const caches;
    for (auto const& words : {Words{"-c", "download f", "127.0.0.1", "7", "/"},
                              {"127.0.0.1", "7", "/", "-c", "download f"},
                              {"127.0.0.1", "-c", "download f", "7", "/"},
                              {"127.0.0.1", "7", "-c", "download f", "/"}}) {
        auto const given = settings_of(words);
        CHECK(given.commands == Words{"download f"});
        CHECK(given.peer.host == "127.0.0.1");
        CHECK(given.peer.port == 7);
        CHECK(given.peer.directory == "/");
    }
    auto const twice = settings_of({"-c", "one", "127.0.0.1", "-c", "two", "7", "--plugin-dir",
                                    "here", "/", "--plugin-dir", "there"});
    CHECK(twice.commands == Words{"one", "two"});
    CHECK(twice.peer.plugin_directories == std::vector<std::filesystem::path>{"here", "there"});
    CHECK(twice.peer.directory == "/");
}

TEST_CASE("Hashes are accepted by the names that manifests have") {
    auto const settings =
        settings_of({"--accept-hash", "sha3-256", "--accept-hash", "mine", "-c", "peers"});
    CHECK(settings.peer.accept_hashes == Words{"sha3-256", "mine"});
    CHECK_THAT(refusal_of({"--accept-hash", "libmine.so", "-c", "peers"}),
               ContainsSubstring("--accept-hash: 'libmine.so' is no hash plug-in's name"));
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

TEST_CASE("A plug-in without a name is refused by the name of its option") {
    std::string const option = GENERATE("--policy", "--chunk-order", "--integrity");
    auto const text = refusal_of({option, ""});
    CHECK_THAT(text, ContainsSubstring(option));
    CHECK_THAT(text, ContainsSubstring("names no plug-in"));
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
