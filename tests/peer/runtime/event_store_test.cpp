#include "runtime/event_store.hpp"

#include "catch.hpp"

#include <thread>

#include <poll.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using runtime::EventStore;

namespace {

DownloadProgressed progressed(std::uint64_t job, std::uint64_t bytes) {
    DownloadProgressed event{JobId{job}, {}};
    event.progress.bytes_done = bytes;
    return event;
}

bool readable(EventStore const& store) {
    pollfd fd{store.descriptor(), POLLIN, 0};
    return ::poll(&fd, 1, 0) == 1;
}

std::vector<std::size_t> kinds(EventStore& store) {
    std::vector<std::size_t> all;
    while (auto const event = store.next()) {
        all.push_back(event->index());
    }
    return all;
}

template <typename T>
std::size_t kind() {
    return Event(T{}).index();
}

}  // namespace

TEST_CASE("Of the progress of a job only the last one is kept, where the first one was") {
    EventStore sut(10);
    sut.open();
    sut.put(progressed(1, 5));
    sut.put(progressed(2, 7));
    sut.put(TrackerUp{});
    for (std::uint64_t bytes = 6; bytes < 100'000; ++bytes) {
        sut.put(progressed(1, bytes));
    }
    CHECK(std::get<DownloadProgressed>(*sut.next()).progress.bytes_done == 99'999);
    CHECK(std::get<DownloadProgressed>(*sut.next()).job == JobId{2});
    CHECK(std::holds_alternative<TrackerUp>(*sut.next()));
    CHECK_FALSE(sut.next());
    sut.put(progressed(1, 3));
    CHECK(std::get<DownloadProgressed>(*sut.next()).progress.bytes_done == 3);
}

TEST_CASE("Whoever reads slowly is told how many events are missing, and misses no end of a job") {
    EventStore sut(2);
    sut.open();
    for (auto const* name : {"a", "b", "c", "d"}) {
        sut.put(FileGone{name});
        sut.put(JobDone{JobId{1}, std::make_shared<JobOutcome>(Result<UpdateSummary>(Error{}))});
    }
    CHECK(kinds(sut) == std::vector{kind<FileGone>(), kind<JobDone>(), kind<FileGone>(),
                                    kind<JobDone>(), kind<EventsLost>(), kind<JobDone>(),
                                    kind<JobDone>()});
    // Then there is room again.
    for (auto const* name : {"e", "f", "g", "h"}) {
        sut.put(FileGone{name});
    }
    CHECK(std::get<FileGone>(*sut.next()).name == "e");
    CHECK(std::get<FileGone>(*sut.next()).name == "f");
    CHECK(std::get<EventsLost>(*sut.next()).count == 2);
}

TEST_CASE("Whoever wants no events of single files is not told of any, nor of any that was lost") {
    EventStore sut(1);
    sut.open(EventStore::Keep::lasting);
    CHECK_FALSE(sut.keeps_all());
    for (auto const* name : {"a", "b", "c"}) {
        sut.put(FileGone{name});
    }
    CHECK_FALSE(sut.next());
    sut.put(JobDone{JobId{1}, std::make_shared<JobOutcome>(Result<UpdateSummary>(Error{}))});
    CHECK(kinds(sut) == std::vector{kind<JobDone>()});
}

TEST_CASE("What somebody has asked for is kept, even if another wants less of it") {
    EventStore sut(1);
    sut.open(EventStore::Keep::lasting);
    sut.open(EventStore::Keep::all);
    sut.open(EventStore::Keep::lasting);
    CHECK(sut.keeps_all());
    sut.put(FileGone{"a"});
    CHECK(kinds(sut) == std::vector{kind<FileGone>()});
}

TEST_CASE("Of the tracker only the last word is kept") {
    EventStore sut(2);
    sut.open();
    sut.put(TrackerUp{});
    sut.put(TrackerLost{{Errc::tracker_unreachable, "gone"}});
    CHECK(std::get<TrackerLost>(*sut.next()).why.message == "gone");
    CHECK_FALSE(sut.next());
}

TEST_CASE("The descriptor can be read while there is an event") {
    EventStore sut(2);
    REQUIRE(sut.open_with_descriptor(EventStore::Keep::all));
    CHECK_FALSE(readable(sut));
    sut.put(FileGone{"a"});
    sut.put(FileGone{"b"});
    CHECK(readable(sut));
    static_cast<void>(sut.next());
    CHECK(readable(sut));
    static_cast<void>(sut.next());
    CHECK_FALSE(readable(sut));
    CHECK_FALSE(sut.next());
    sut.put(FileGone{"c"});
    CHECK(readable(sut));
}

TEST_CASE("Nothing is kept before the queue is opened, and nothing after the end") {
    EventStore sut(2);
    sut.put(TrackerUp{});
    CHECK_FALSE(sut.next());
    sut.open();
    sut.put(PeerEnded{{Errc::ended, "over"}});
    sut.put(FileGone{"a"});
    CHECK(std::get<PeerEnded>(*sut.next()).why.code == Errc::ended);
    CHECK_FALSE(sut.next());
    // Nor is it waited for.
    CHECK_FALSE(sut.wait({}));
}

TEST_CASE("A wait for an event ends when there is one, in time, or when it is stopped") {
    EventStore sut(2);
    sut.open();
    CHECK_FALSE(sut.wait(std::chrono::milliseconds(1)));
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(sut.wait(stop.get_token()));
    std::jthread const other([&] { sut.put(FileGone{"a"}); });
    CHECK(sut.wait({}));
}

TEST_CASE(
    "What a subscription tells is kept whatever else is, and says how much more there is room "
    "for") {
    EventStore store(3);
    CHECK(store.room() == 3);
    store.open(EventStore::Keep::lasting);
    for (int i = 0; i < 4; ++i) {
        store.put(ListingChanged{});
    }
    CHECK(store.room() == 0);
    CHECK(store.next());
    CHECK(store.next());
    CHECK(store.room() == 1);
}
