// Jobs that are begun, and the queue that tells of them.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <map>
#include <set>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

constexpr std::uint64_t bytes = 3'000'000;

/// The next event of this kind; what comes before it is dropped.
template <typename T>
T next(EventQueue const& events) {
    while (auto event = events.wait(patience)) {
        if (auto* const it = std::get_if<T>(&*event)) {
            return std::move(*it);
        }
    }
    throw std::runtime_error("the event has not come");
}

/// Waits until this download has fetched something.
void wait_for_bytes(EventQueue const& events, AnyJob const& job) {
    while (true) {
        auto const progressed = next<DownloadProgressed>(events);
        if (progressed.job == job.id() && progressed.progress.bytes_done > 0) {
            return;
        }
    }
}

DownloadRequest request_of(std::string const& name) {
    DownloadRequest request;
    request.name = name;
    return request;
}

struct Fixture {
    Fixture() { write_file(share.path() / "file.bin", bytes); }

    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
};

DownloadJob begun_download(Peer& sut, EventQueue const& events) {
    auto job = sut.start_download(request_of("file.bin"));
    wait_for_bytes(events, job);
    return job;
}

/// A file is downloaded, and meanwhile downloaded again.
struct TwoDownloads : Fixture {
    std::unique_ptr<Peer> source = source_of(tracker, share.path());
    std::unique_ptr<Peer> sut = sink_of(tracker, downloads.path(), bytes);
    EventQueue events = sut->events().value();
    DownloadJob first = begun_download(*sut, events);
    DownloadJob second = sut->start_download(request_of("file.bin"));
};

}  // namespace

TEST_CASE("The events of a download: its progress with ranges, the file with its path, its end") {
    Fixture fixture;
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes / 2);
    auto const events = sut->events().value();
    auto const job = sut->start_download(request_of("file.bin"));
    CHECK_FALSE(job.done());
    CHECK(job.result() == nullptr);

    std::uint64_t here = 0;
    while (here == 0) {
        auto const progressed = next<DownloadProgressed>(events);
        CHECK(progressed.job == job.id());
        for (auto const& file : progressed.progress.running) {
            std::uint64_t end = 0;
            for (auto const& range : file.ranges) {
                CHECK(range.begin >= end);
                CHECK(range.end > range.begin);
                end = range.end;
                here += range.end - range.begin;
            }
            CHECK(end <= bytes);
            CHECK(here == file.bytes_done);
        }
    }
    auto const file = next<FileDone>(events);
    CHECK(file.job == job.id());
    CHECK_FALSE(file.file.error);
    CHECK(file.file.path == fixture.downloads.path() / "file.bin");
    CHECK(std::filesystem::file_size(file.file.path) == bytes);
    auto const over = next<JobDone>(events);
    CHECK(over.job == job.id());
    CHECK(job.done());
    REQUIRE(job.result() != nullptr);
    CHECK(job.result()->value().bytes_fetched == bytes);
    CHECK(std::get<Result<DownloadReport>>(*over.outcome).value().files.size() == 1);
}

TEST_CASE("The events that last say how a download ended, and nothing of its files") {
    Fixture fixture;
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes);
    auto const events = sut->lasting_events().value();
    auto const job = sut->start_download(request_of("file.bin"));
    auto event = events.wait(patience);
    for (; event && !std::holds_alternative<JobDone>(*event); event = events.wait(patience)) {
        CHECK_FALSE(std::holds_alternative<FileDone>(*event));
        CHECK_FALSE(std::holds_alternative<FileAppeared>(*event));
    }
    REQUIRE(event);
    auto const& outcome = *std::get<JobDone>(*event).outcome;
    CHECK(std::get<Result<DownloadReport>>(outcome).value().files.size() == 1);
}

TEST_CASE("A find and an update are jobs, too") {
    Fixture fixture;
    auto const sut = source_of(fixture.tracker, fixture.share.path());
    auto const found = sut->start_find("file.bin");
    auto const nothing = sut->start_find("nothing");
    auto const updated = sut->start_update();
    REQUIRE(found.wait(patience));
    CHECK(found.result()->value().size() == 1);
    REQUIRE(nothing.wait(patience));
    CHECK(nothing.result()->error().code == Errc::not_found);
    REQUIRE(updated.wait(patience));
    CHECK(updated.result()->value().files == 1);
    CHECK(std::set{found.id(), nothing.id(), updated.id()}.size() == 3);
}

TEST_CASE(
    "The play head of a download may be moved at any time, and how long it stood is reported") {
    Fixture fixture;
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes);
    auto const events = sut->events().value();
    auto const job = begun_download(*sut, events);
    job.play(bytes / 2, 100 * bytes);
    job.play(0, 100 * bytes);
    REQUIRE(job.wait(patience));
    CHECK(job.result()->value().files.at(0).seconds_stalled > 0);
    job.play(0, 1);
    auto request = request_of("file.bin");
    request.force = true;
    auto const unread = sut->start_download(request);
    REQUIRE(unread.wait(patience));
    CHECK(unread.result()->value().files.at(0).seconds_stalled == 0);
}

TEST_CASE("To load a policy is a job, too, of each kind in turn") {
    Fixture fixture;
    auto const sut = source_of(fixture.tracker, fixture.share.path());
    auto const events = sut->events().value();
    auto const plugin = [](std::string const& name) {
        return XFSBUS_PLUGINS "/lib" + name + ".so";
    };
    auto const order = sut->start_load_policy(plugin("rarest") + ":head=3");
    auto const hash = sut->start_load_policy(plugin("sha256"));
    auto const nothing = sut->start_load_policy(plugin("nothing"));
    auto const selection = sut->start_load_policy(plugin("loadlatency") + ":load_weight=7");
    REQUIRE(selection.wait(patience));
    REQUIRE(order.done());
    CHECK(order.result()->value().kind == "chunk-order");
    CHECK(selection.result()->value().kind == "peer-selection");
    CHECK(hash.result()->error().code == Errc::plugin);
    CHECK(nothing.result()->error().code == Errc::plugin);
    CHECK(sut->chunk_order(patience).value().parameters.at(0).second == "3");
    CHECK(sut->policy(patience).value().parameters.at(0).second == "7");
    CHECK(sut->upload_policy(patience).value().path.empty());
    CHECK(next<JobDone>(events).job == order.id());
    auto const again = sut->load_policy(plugin("rarest"), patience);
    CHECK(again.value().parameters.at(0).second == "0");
}

TEST_CASE("A load of a policy that is cancelled is over, and so is one when its peer ends") {
    Fixture fixture;
    auto sut = source_of(fixture.tracker, fixture.share.path());
    auto const first = sut->start_load_policy(XFSBUS_PLUGINS "/libloadlatency.so:load_weight=1");
    auto const second = sut->start_load_policy(XFSBUS_PLUGINS "/libloadlatency.so:load_weight=2");
    second.cancel();
    REQUIRE(first.wait(patience));
    CHECK(second.result()->error().code == Errc::interrupted);
    auto const third = sut->start_load_policy(XFSBUS_PLUGINS "/librarest.so");
    sut.reset();
    REQUIRE(third.done());
}

TEST_CASE("A download with a name that cannot be is over at once, and says why") {
    Fixture fixture;
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path());
    auto request = request_of("file.bin");
    request.out = "../file.bin";
    auto const job = sut->start_download(request);
    REQUIRE(job.wait(patience));
    CHECK(job.result()->error().code == Errc::usage);
    job.cancel();
}

TEST_CASE("A job that is cancelled says so, and others go on") {
    Fixture fixture;
    write_file(fixture.share.path() / "other.bin", bytes);
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes);
    auto const events = sut->events().value();
    auto const cancelled = sut->start_download(request_of("file.bin"));
    auto const other = sut->start_download(request_of("other.bin"));
    wait_for_bytes(events, cancelled);
    cancelled.cancel();
    REQUIRE(cancelled.wait(patience));
    CHECK(cancelled.result()->value().files.at(0).error->code == Errc::interrupted);
    REQUIRE(other.wait(patience));
    CHECK_FALSE(other.result()->value().files.at(0).error);
}

TEST_CASE("A second download of the same file joins the first") {
    TwoDownloads const of_one;
    REQUIRE(of_one.first.wait(patience));
    REQUIRE(of_one.second.wait(patience));
    CHECK(of_one.first.result()->value().bytes_fetched == bytes);
    CHECK(of_one.second.result()->value().bytes_fetched == 0);
    CHECK_FALSE(of_one.second.result()->value().files.at(0).error);
}

TEST_CASE("A download that joined another fetches the file itself if that is cancelled") {
    TwoDownloads of_one;
    of_one.first.cancel();
    REQUIRE(of_one.second.wait(patience));
    CHECK_FALSE(of_one.second.result()->value().files.at(0).error);
    CHECK(of_one.second.result()->value().bytes_fetched > 0);
}

TEST_CASE("A download that is waited for no longer is cancelled") {
    Fixture fixture;
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto const sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes / 10);
    auto const report = sut->download(request_of("file.bin"), {}, std::chrono::milliseconds(300));
    REQUIRE(report);
    for (auto const& file : report->files) {
        CHECK(file.error->code == Errc::interrupted);
    }
    CHECK(sut->status(patience).value().downloading.empty());
}

TEST_CASE("The end of a peer ends its jobs, and their handles outlive it") {
    Fixture fixture;
    auto const source = source_of(fixture.tracker, fixture.share.path());
    auto sut = sink_of(fixture.tracker, fixture.downloads.path(), bytes / 10);
    auto const events = sut->events().value();
    auto const job = begun_download(*sut, events);
    sut.reset();
    CHECK(job.done());
    CHECK(next<JobDone>(events).job == job.id());
    CHECK(next<PeerEnded>(events).why.code == Errc::ended);
    CHECK_FALSE(events.wait());
    job.cancel();
}

TEST_CASE("The events of a peer: its tracker, its scans, its files, and the peers that it sees") {
    auto tracker = std::make_unique<RunningTracker>();
    TempDir share;
    TempDir downloads;
    write_file(share.path() / "a.bin", 100);
    auto const sut = source_of(*tracker, share.path());
    auto const events = sut->events().value();
    // What was so before is told, too.
    static_cast<void>(next<TrackerUp>(events));
    CHECK(next<Scanned>(events).summary.files == 1);
    write_file(share.path() / "b.bin", 100);
    CHECK(next<FileAppeared>(events).file.name == "b.bin");
    std::filesystem::remove(share.path() / "a.bin");
    CHECK(next<FileGone>(events).name == "a.bin");

    auto other = sink_of(*tracker, downloads.path());
    REQUIRE(sut->peers(patience).value().size() == 2);
    std::set<std::uint16_t> ports{next<PeerAppeared>(events).peer.port};
    ports.insert(next<PeerAppeared>(events).peer.port);
    auto const port = other->status(patience).value().port;
    CHECK(ports.contains(port));
    other.reset();
    auto const until = std::chrono::steady_clock::now() + patience;
    while (sut->peers(patience).value().size() == 2 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    CHECK(next<PeerGone>(events).port == port);

    tracker.reset();
    CHECK(next<TrackerLost>(events).why.code == Errc::tracker_unreachable);
}
