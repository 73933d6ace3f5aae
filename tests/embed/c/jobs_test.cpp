// Jobs that are begun in C, and the queue that tells of them.
#include "client.hpp"

#include <chrono>
#include <thread>

#include <poll.h>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

constexpr std::uint64_t bytes = 3'000'000;

struct Fixture {
    Fixture() { write_file(bus.share() / "file.bin", bytes); }

    Bus bus;
};

/// Waits until something of the download is here.
void wait_for_bytes(EventsHandle const& events) {
    while (next(events, XFSBUS_EVENT_PROGRESS)->progress->bytes_done == 0) {
    }
}

/// What a download comes to whose peer ends.
bool is_end(xfsbus_code code) {
    return code == XFSBUS_ERROR_ENDED || code == XFSBUS_ERROR_INTERRUPTED;
}

}  // namespace

TEST_CASE("The events of a download in C: progress with ranges, the file, the end") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    auto const sink = fixture.bus.sink(bytes / 2);
    auto const events = events_of(sink);
    auto const job = begun_download(sink, "file.bin");
    auto const id = xfsbus_job_id(job.get());
    CHECK(id != 0);
    CHECK(xfsbus_job_play(job.get(), 0, 1000, nullptr) == XFSBUS_OK);

    std::uint64_t here = 0;
    while (here == 0) {
        auto const event = next(events, XFSBUS_EVENT_PROGRESS);
        CHECK(event->job == id);
        REQUIRE(event->progress != nullptr);
        CHECK(event->file == nullptr);
        CHECK(event->message == std::string());
        for (std::size_t i = 0; i < event->progress->running_count; ++i) {
            auto const& file = *event->progress->running[i];
            CHECK(file.name == std::string("file.bin"));
            for (std::size_t k = 0; k < file.ranges_count; ++k) {
                here += file.ranges[k]->end - file.ranges[k]->begin;
            }
        }
    }
    auto const done = next(events, XFSBUS_EVENT_FILE_DONE);
    CHECK(done->job == id);
    CHECK(std::filesystem::file_size(done->file->path) == bytes);
    auto const over = next(events, XFSBUS_EVENT_JOB_DONE);
    CHECK(over->job == id);
    CHECK(over->code == XFSBUS_OK);
    CHECK(xfsbus_job_done(job.get()) == 1);
    xfsbus_report const* report = nullptr;
    REQUIRE(xfsbus_job_report(job.get(), 0, &report, nullptr) == XFSBUS_OK);
    CHECK(ReportAnswer(report)->bytes_fetched == bytes);
}

TEST_CASE("The descriptor of a queue in C can be read while there is an event") {
    Fixture const fixture;
    auto const sink = fixture.bus.sink();
    auto const events = events_of(sink);
    next(events, XFSBUS_EVENT_TRACKER_UP);
    pollfd wanted{xfsbus_events_descriptor(events.get()), POLLIN, 0};
    CHECK(poll(&wanted, 1, 0) == 0);
    xfsbus_event const* event = nullptr;
    CHECK(xfsbus_events_next(events.get(), &event, nullptr) == XFSBUS_OK);
    CHECK(event == nullptr);
    xfsbus_job* begun = nullptr;
    REQUIRE(xfsbus_peer_start_find(sink.get(), "nothing", &begun, nullptr) == XFSBUS_OK);
    JobHandle const job(begun);
    CHECK(poll(&wanted, 1, static_cast<int>(patience_ms)) == 1);
    auto const over = next(events, XFSBUS_EVENT_JOB_DONE);
    CHECK(over->job == xfsbus_job_id(job.get()));
    CHECK(over->code == XFSBUS_ERROR_NOT_FOUND);
    CHECK_THAT(over->message, ContainsSubstring("nothing"));
}

TEST_CASE("The events that last say in C how a download ended, and nothing of its files") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    auto const sink = fixture.bus.sink();
    xfsbus_events* made = nullptr;
    REQUIRE(xfsbus_peer_lasting_events(sink.get(), &made, nullptr) == XFSBUS_OK);
    EventsHandle const events(made);
    auto const job = begun_download(sink, "file.bin");
    std::int32_t kind = 0;
    while (kind != XFSBUS_EVENT_JOB_DONE) {
        xfsbus_event const* event = nullptr;
        REQUIRE(xfsbus_events_wait(events.get(), patience_ms, &event, nullptr) == XFSBUS_OK);
        REQUIRE(event != nullptr);
        kind = event->kind;
        xfsbus_event_free(event);
        CHECK(kind != XFSBUS_EVENT_FILE_DONE);
    }
}

TEST_CASE("A download that is cancelled in C is interrupted, and has a report all the same") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    auto const sink = fixture.bus.sink(bytes / 100);
    auto const events = events_of(sink);
    auto const job = begun_download(sink, "file.bin");
    wait_for_bytes(events);
    CHECK(xfsbus_job_wait(job.get(), 0, nullptr) == XFSBUS_ERROR_TIMEOUT);
    xfsbus_report const* made = nullptr;
    CHECK(xfsbus_job_report(job.get(), 0, &made, nullptr) == XFSBUS_ERROR_TIMEOUT);
    CHECK(made == nullptr);
    CHECK(xfsbus_job_done(job.get()) == 0);
    xfsbus_job_cancel(job.get());
    CHECK(xfsbus_job_report(job.get(), patience_ms, &made, nullptr) == XFSBUS_ERROR_INTERRUPTED);
    ReportAnswer const report(made);
    REQUIRE(report);
    CHECK(report->files[0]->code == XFSBUS_ERROR_INTERRUPTED);
    CHECK(xfsbus_job_wait(job.get(), 0, nullptr) == XFSBUS_OK);
}

TEST_CASE("A job in C comes to what its kind comes to, and to nothing else") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    xfsbus_job* begun = nullptr;
    REQUIRE(xfsbus_peer_start_update(source.get(), &begun, nullptr) == XFSBUS_OK);
    JobHandle const update(begun);
    REQUIRE(xfsbus_peer_start_load_policy(source.get(), "loadlatency:load_weight=7", &begun,
                                          nullptr) == XFSBUS_OK);
    JobHandle const policy(begun);
    REQUIRE(xfsbus_peer_start_find(source.get(), "*", &begun, nullptr) == XFSBUS_OK);
    JobHandle const find(begun);

    xfsbus_summary const* summary = nullptr;
    xfsbus_policy_info const* info = nullptr;
    xfsbus_found_list const* found = nullptr;
    xfsbus_error error;
    CHECK(xfsbus_job_summary(update.get(), patience_ms, &summary, nullptr) == XFSBUS_OK);
    CHECK(SummaryAnswer(summary)->files == 1);
    CHECK(xfsbus_job_policy(policy.get(), patience_ms, &info, nullptr) == XFSBUS_OK);
    PolicyAnswer const loaded(info);
    CHECK(loaded->used->name == std::string("loadlatency"));
    CHECK(loaded->used->parameters == std::string("load_weight=7"));
    CHECK(std::string_view(loaded->used->hash).size() == 64);
    CHECK(xfsbus_job_found(find.get(), patience_ms, &found, nullptr) == XFSBUS_OK);
    CHECK(FoundAnswer(found)->items[0]->self == 1);
    CHECK(xfsbus_job_found(update.get(), patience_ms, &found, &error) == XFSBUS_ERROR_USAGE);
    CHECK(found == nullptr);
    CHECK_THAT(error.message, ContainsSubstring("another kind"));
    CHECK(xfsbus_job_pushed(find.get(), 0, nullptr, nullptr) == XFSBUS_ERROR_USAGE);
    CHECK(xfsbus_job_report(find.get(), 0, nullptr, nullptr) == XFSBUS_ERROR_USAGE);
    CHECK(xfsbus_job_play(find.get(), 0, 0, nullptr) == XFSBUS_ERROR_USAGE);
}

TEST_CASE("Jobs and queues of C outlive their peer: the jobs end, and the queue says so last") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    auto sink = fixture.bus.sink(bytes / 100);
    auto const events = events_of(sink);
    auto const job = begun_download(sink, "file.bin");
    wait_for_bytes(events);
    sink.reset();
    CHECK(xfsbus_job_done(job.get()) == 1);
    CHECK(is_end(xfsbus_job_report(job.get(), 0, nullptr, nullptr)));
    auto const ended = next(events, XFSBUS_EVENT_ENDED);
    CHECK(ended->code == XFSBUS_ERROR_ENDED);
    xfsbus_event const* event = nullptr;
    CHECK(xfsbus_events_wait(events.get(), -1, &event, nullptr) == XFSBUS_OK);
    CHECK(event == nullptr);
}

TEST_CASE("A call in C that waits is answered when the peer is freed") {
    Fixture const fixture;
    auto const source = fixture.bus.source();
    auto sink = fixture.bus.sink(bytes / 100);
    auto code = XFSBUS_OK;
    std::thread waiting([&code, peer = sink.get()] {
        auto const request = download_of("file.bin");
        code = xfsbus_peer_download(peer, &request, -1, nullptr, nullptr);
    });
    std::size_t running = 0;
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (running == 0 && std::chrono::steady_clock::now() < deadline) {
        xfsbus_status const* status = nullptr;
        REQUIRE(xfsbus_peer_status(sink.get(), patience_ms, &status, nullptr) == XFSBUS_OK);
        running = StatusAnswer(status)->downloading_count;
    }
    CHECK(running == 1);
    sink.reset();
    waiting.join();
    CHECK(is_end(code));
}
