#include "runtime/policy_loader.hpp"

#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace std::chrono_literals;

namespace {

/// To create an object of it never ends, which takes a load 5 s to see.
std::string const endless = XFS_TEST_BAD_PLUGINS "/libendless-create.so";

std::ptrdiff_t threads_of_this_process() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
}

/// Until a load has begun that never ends: it has a thread of its own.
template <typename Begin>
void begin_load(Begin begin) {
    auto const before = threads_of_this_process();
    begin();
    auto const deadline = std::chrono::steady_clock::now() + test::patience;
    while (threads_of_this_process() == before) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::yield();
    }
}

/// How long it takes.
template <typename Work>
std::chrono::nanoseconds time_of(Work work) {
    auto const begun = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - begun;
}

}  // namespace

TEST_CASE("A peer that ends does not wait for a plug-in that is just being loaded") {
    test::RunningTracker const tracker;
    test::TempDir const directory;
    auto peer = test::source_of(tracker, directory.path());
    std::optional<PolicyJob> job;
    begin_load([&] { job = peer->start_load_policy(endless); });
    CHECK(time_of([&] { peer.reset(); }) < 3s);
    REQUIRE(job->done());
    CHECK_FALSE(*job->result());
}

TEST_CASE("A loader that ends tells nobody of what it is loading, and loads no more") {
    auto loader = std::make_unique<runtime::PolicyLoader>(
        policies::PluginPath(std::vector<std::filesystem::path>{}),
        std::make_shared<policies::PolicyHost>(), runtime::PeerThreads::of_one(),
        [](std::exception_ptr const&) {});
    auto const told = std::make_shared<std::atomic<int>>(0);
    auto const load = [&] {
        loader->load({.spec = endless,
                      .is_wanted = [] { return true; },
                      .on_loaded = [told](auto const&) { ++*told; }});
    };
    begin_load(load);
    load();
    CHECK(time_of([&] { loader.reset(); }) < 3s);
    CHECK(*told == 0);
}

TEST_CASE("A policy that nobody wants any more when its turn comes is not loaded") {
    runtime::PolicyLoader loader(policies::PluginPath(std::vector<std::filesystem::path>{}),
                                 std::make_shared<policies::PolicyHost>(),
                                 runtime::PeerThreads::of_one(), [](std::exception_ptr const&) {});
    std::atomic<bool> unwanted_told = false;
    std::promise<bool> told;
    std::string const policy = XFSBUS_PLUGINS "/libloadlatency.so";
    loader.load({policy, [] { return false; }, [&](auto const&) { unwanted_told = true; }});
    loader.load(
        {policy, [] { return true; }, [&](auto const& loaded) { told.set_value(loaded.ok()); }});
    auto is_loaded = told.get_future();
    REQUIRE(is_loaded.wait_for(test::patience) == std::future_status::ready);
    CHECK(is_loaded.get());
    CHECK_FALSE(unwanted_told);
}
