// What a program does for the policies that it loads.
#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// A host that keeps what it is told.
struct Host {
    std::mutex mutex;
    std::multiset<std::string> said;
    std::shared_ptr<PolicyHost> host;

    Host() {
        PolicyHost::Options options;
        options.log = [this](std::string_view plugin, std::string_view line) {
            std::scoped_lock const lock(mutex);
            said.insert(std::string(plugin) + ": " + std::string(line));
        };
        host = std::make_shared<PolicyHost>(std::move(options));
    }

    [[nodiscard]] std::shared_ptr<SelectorFactory const> load(std::string const& spec) const {
        return load_peer_selector(parse_plugin_spec(spec), PluginPath({XFS_TEST_BAD_PLUGINS}),
                                  host);
    }
};

std::string object(int number) {
    return "stateful: object\\x0a" + std::to_string(number);
}

std::string text_of(std::filesystem::path const& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("What a plug-in logs comes under its name, as one line that can be printed") {
    Host const host;
    static_cast<void>(host.load("stateful"));
    CHECK(host.said == std::multiset{object(1)});
}

TEST_CASE("What objects share outlives them, and belongs to one host") {
    Host const one;
    static_cast<void>(one.load("stateful")->make(1));
    static_cast<void>(one.load("stateful")->make(1));
    CHECK(one.said == std::multiset{object(1), object(2), object(3), object(4)});
    Host const other;
    static_cast<void>(other.load("stateful"));
    CHECK(other.said == std::multiset{object(1)});
}

TEST_CASE("A plug-in that is loaded once has states of its own for each host") {
    Host const one;
    auto const factory = one.load("stateful");
    Host const other;
    static_cast<void>(factory->for_host(other.host)->make(1));
    static_cast<void>(factory->for_host(other.host)->make(1));
    CHECK(other.said == std::multiset{object(1), object(2)});
    CHECK(one.said == std::multiset{object(1)});
}

TEST_CASE("All threads share one state") {
    Host const host;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&host] { static_cast<void>(host.load("stateful")); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (int i = 1; i <= 8; ++i) {
        CHECK(host.said.count(object(i)) == 1);
    }
}

TEST_CASE("A state that cannot be made is told to the plug-in, and tried again") {
    Host const host;
    CHECK(contains(refusal([&] { return host.load("stateful:fails=yes"); }),
                   "the shared state cannot be made"));
    CHECK(refusal([&] { return host.load("stateful"); }) == "not refused");
    CHECK(host.said == std::multiset{object(1)});
}

TEST_CASE("The shared state ends after the host and the last policy") {
    TempDir const dir;
    auto const mark = dir.path() / "mark";
    ::setenv("XFS_TEST_MARK", mark.c_str(), 1);
    auto host = std::make_unique<Host>();
    auto selector = host->load("stateful")->make(1, strict());
    host.reset();
    CHECK(text_of(mark).empty());
    selector.reset();
    // The thread that loaded it may hold on to it a moment longer.
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (text_of(mark).empty() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    CHECK(text_of(mark) == "destroyed\n");
    ::unsetenv("XFS_TEST_MARK");
}

TEST_CASE("A plug-in that is loaded without a host is lent one that says nothing") {
    auto const factory = load_peer_selector({"stateful", {}}, PluginPath({XFS_TEST_BAD_PLUGINS}));
    CHECK(factory->make(1, strict())->pick(RequestView{}, std::vector<SourceView>(1)) == 0U);
}
