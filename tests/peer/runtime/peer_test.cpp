#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/swarm/descriptor_shares.hpp>

#include <csignal>
#include <string>

#include <sys/resource.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

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

}  // namespace

TEST_CASE("A file too large for this process fails alone, also where SIGXFSZ would end it") {
    RunningTracker const tracker;
    TempDir const share;
    TempDir const downloads;
    std::ofstream(share.path() / "big.bin") << std::string(5'000'000, 'b');
    auto from = options_for(tracker);
    from.directory = share.path();
    auto to = options_for(tracker);
    to.download_directory = downloads.path();
    REQUIRE(std::signal(SIGXFSZ, SIG_DFL) == SIG_DFL);  // nobody takes it, or leaves it out
    auto const source = Peer::start(std::move(from)).value();
    REQUIRE(source->wait_until_shared(patience));
    FileLimit const limit(4'000'000);
    auto const sink = Peer::start(std::move(to)).value();
    REQUIRE(sink->wait_for_tracker(patience));
    DownloadRequest request;
    request.name = "big.bin";
    auto const report = sink->download(request);
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

TEST_CASE("A peer does not start on descriptors that are spared for the rest of the program") {
    RunningTracker const tracker;
    TempDir const share;
    auto options = options_for(tracker);
    options.directory = share.path();
    auto const all = bus::descriptor_limit();
    options.spare_descriptors = all - bus::open_descriptors() - swarm::descriptors_least / 2;
    auto const peer = Peer::start(options);
    REQUIRE_FALSE(peer);
    CHECK(peer.error().code == Errc::failed);
    CHECK_THAT(peer.error().message, ContainsSubstring(std::to_string(options.spare_descriptors) +
                                                       " are for other things"));
    options.spare_descriptors = 0;
    CHECK(Peer::start(options));
}
