// Whoever waits for a peer has an answer: what was asked for, or why there is none.
#include "running_tracker.hpp"
#include "runtime/engine.hpp"
#include "temp_dir.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;
using runtime::Engine;
using runtime::Node;

namespace {

/// Of a peer that shares a directory, and whose tracker is not there.
PeerOptions alone(TempDir const& directory) {
    PeerOptions options;
    options.tracker = "tcp://127.0.0.1:1";
    options.directory = directory.path();
    options.plugin_directories = {XFSBUS_PLUGINS};
    return options;
}

/// Signals that a thread blocks, by the system's word.
std::uint64_t blocked_by(std::filesystem::path const& task) {
    std::ifstream status(task / "status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("SigBlk:")) {
            return std::stoull(line.substr(line.find_first_not_of(" \t", 7)), nullptr, 16);
        }
    }
    return 0;
}

std::uint64_t bit_of(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

}  // namespace

TEST_CASE("Every wait has a deadline, and can be stopped") {
    TempDir const directory;
    auto const sut = Peer::start(alone(directory)).value();
    std::stop_source stop;
    stop.request_stop();
    auto const soon = std::chrono::milliseconds(10);
    CHECK(sut->wait_for_tracker(soon).error().code == Errc::tracker_unreachable);
    CHECK(sut->wait_for_tracker(stop.get_token()).error().code == Errc::interrupted);
    CHECK(sut->wait_until_shared(soon).error().code == Errc::timeout);
    CHECK(sut->wait_until_shared(stop.get_token()).error().code == Errc::interrupted);
    CHECK(sut->peers(soon).error().code == Errc::timeout);
    CHECK(sut->peers(stop.get_token()).error().code == Errc::interrupted);
    CHECK(sut->find("a", soon).error().code == Errc::timeout);
    CHECK(sut->find("a", stop.get_token()).error().code == Errc::interrupted);
    CHECK(sut->status(patience));
    CHECK(sut->files(patience));
}

TEST_CASE("The end of a peer answers all who wait, which hold nothing of it afterwards") {
    TempDir const directory;
    auto const sut = Engine::start(alone(directory)).value();
    std::promise<void> asked;
    auto const tracker = std::async(std::launch::async, [&] {
        return sut->ask<std::monostate>({}, [&](Node& node, auto const& reply) {
            node.tracker().when_registered(reply.who(), [reply] { reply(done()); });
            asked.set_value();
        });
    });
    asked.get_future().wait();
    sut->end();
    REQUIRE(tracker.wait_for(patience) == std::future_status::ready);
    CHECK(sut->ask<int>({}, [](Node&, auto const&) {}).error().code == Errc::ended);
}

TEST_CASE("Who waits while a peer is destroyed is answered") {
    TempDir const directory;
    auto sut = Peer::start(alone(directory)).value();
    auto const find = sut->start_find("a");
    auto const update = sut->start_update();
    auto waiting = std::async(std::launch::async,
                              [=] { return find.wait(patience) && update.wait(patience); });
    sut.reset();
    CHECK(waiting.get());
    CHECK_FALSE(find.result()->ok());
    CHECK_FALSE(update.result()->ok());
}

TEST_CASE("A peer that meets a fault on its own thread says so, and keeps nobody waiting") {
    TempDir const directory;
    std::promise<Error> failed;
    auto options = alone(directory);
    options.on_failed = [&](Error const& error) { failed.set_value(error); };
    auto const sut = Engine::start(std::move(options)).value();
    auto waiting = std::async(std::launch::async,
                              [&] { return sut->ask<int>({}, [](Node&, auto const&) {}); });
    sut->post([](Node&) { throw std::runtime_error("no memory"); });
    auto const error = failed.get_future().get();
    CHECK(error.code == Errc::failed);
    CHECK_THAT(error.message, ContainsSubstring("no memory"));
    CHECK(waiting.get().error() == error);
    CHECK(sut->ask<int>({}, [](Node&, auto const&) {}).error() == error);
    sut->end();
}

TEST_CASE("The threads of a peer leave the program's signals to the program") {
    TempDir const directory;
    auto const sut = Peer::start(alone(directory)).value();
    REQUIRE(sut->wait_until_scanned(patience));
    std::size_t threads = 0;
    for (auto const& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (task.path().filename() == std::to_string(::gettid())) {
            continue;
        }
        INFO("thread " << task.path());
        auto const blocked = blocked_by(task.path());
        for (int const signal : {SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM, SIGTERM, SIGXFSZ, SIGRTMIN}) {
            CHECK((blocked & bit_of(signal)) != 0);
        }
        ++threads;
    }
    CHECK(threads > 3);
    // The thread that called has them as it had them before.
    CHECK((blocked_by("/proc/self/task/" + std::to_string(::gettid())) & bit_of(SIGUSR1)) == 0);
}
