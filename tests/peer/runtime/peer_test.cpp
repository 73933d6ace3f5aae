#include "../../bus/zmtp.hpp"
#include "catch.hpp"
#include "temp_dir.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/tracker/tracker.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/resource.h>

using namespace xfsbus;
using namespace xfsbus::peer;

namespace {

/// A tracker that runs.
class RunningTracker {
  public:
    ~RunningTracker() {
        tracker_->stop();
        thread_.join();
    }

    RunningTracker() = default;
    RunningTracker(RunningTracker const&) = delete;
    RunningTracker& operator=(RunningTracker const&) = delete;

    [[nodiscard]] std::string endpoint() const { return tracker_->endpoint().to_zmq(); }

  private:
    std::unique_ptr<tracker::Tracker> tracker_ =
        tracker::Tracker::start({.bind = {"127.0.0.1", 0}, .log = {}}).value();
    std::thread thread_{[this] { tracker_->run(); }};
};

/// Meanwhile this process may write no larger file.
class FileLimit {
  public:
    explicit FileLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit const limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }

    ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

    FileLimit(FileLimit const&) = delete;
    FileLimit& operator=(FileLimit const&) = delete;

  private:
    rlimit before_{};
};

PeerOptions options_for(RunningTracker const& tracker) {
    PeerOptions options;
    options.tracker = tracker.endpoint();
    options.plugin_directories = {XFSBUS_PLUGINS};
    return options;
}

}  // namespace

TEST_CASE("A peer that meets a fault on its own thread says so, and keeps nobody waiting") {
    test::TempDir const directory;
    std::promise<Error> failed;
    PeerOptions options;
    options.directory = directory.path();
    options.plugin_directories = {XFSBUS_PLUGINS};
    // As if there were no memory for it.
    options.log = [](LogEvent const& event) {
        if (event.level == LogLevel::debug) {
            throw std::runtime_error("no memory");
        }
    };
    options.on_failed = [&](Error const& error) { failed.set_value(error); };
    auto started = Peer::start(std::move(options));
    REQUIRE(started.ok());
    auto& sut = **started;
    auto waiting = std::async(std::launch::async,
                              [&] { return sut.wait_for_tracker(std::chrono::minutes(1)); });
    // What it refuses it tells its log.
    ZmtpStranger const stranger({"127.0.0.1", sut.status().port}, "DEALER");
    stranger.say(ZmtpStranger::frame("no message", false));

    auto const error = failed.get_future().get();
    CHECK(error.code == Errc::failed);
    CHECK(error.message.find("no memory") != std::string::npos);
    auto const answer = waiting.get();
    REQUIRE_FALSE(answer.ok());
    CHECK(sut.find("a").error() == error);
    CHECK(sut.files().empty());
}

TEST_CASE("A file too large for this process fails alone, also where SIGXFSZ would end it") {
    RunningTracker const tracker;
    test::TempDir const share;
    test::TempDir const downloads;
    std::ofstream(share.path() / "big.bin") << std::string(5'000'000, 'b');
    auto from = options_for(tracker);
    from.directory = share.path();
    auto to = options_for(tracker);
    to.download_directory = downloads.path();
    REQUIRE(std::signal(SIGXFSZ, SIG_DFL) == SIG_DFL);  // nobody takes it, or leaves it out
    auto const source = Peer::start(std::move(from)).value();
    REQUIRE(source->wait_until_shared());
    FileLimit const limit(4'000'000);
    auto const sink = Peer::start(std::move(to)).value();
    REQUIRE(sink->wait_for_tracker(std::chrono::seconds(20)));
    DownloadRequest request;
    request.name = "big.bin";
    auto const report = sink->download(std::move(request));
    REQUIRE(report);
    REQUIRE(report->files.size() == 1);
    REQUIRE(report->files[0].error);
    CHECK(report->files[0].error->code == Errc::disk);
    CHECK_THAT(report->files[0].error->message, ContainsSubstring("ulimit -f"));
    // The thread that called has the signal as it had it before.
    sigset_t blocked{};
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    CHECK(::sigismember(&blocked, SIGXFSZ) == 0);
}
