// NULL where something is needed.
#include "client.hpp"

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

/// Calls a function with NULL in the place of every pointer, and nought of every number.
template <typename... Arguments>
xfsbus_code with_null(xfsbus_code (*call)(Arguments...)) {
    return call(Arguments{}...);
}

}  // namespace

TEST_CASE("No call in C takes NULL for a handle, and none crashes of it") {
    auto const refused = [](auto... calls) {
        int number = 0;
        auto const one = [&](auto call) {
            INFO("call " << number++);
            CHECK(with_null(call) == XFSBUS_ERROR_USAGE);
        };
        (one(calls), ...);
    };
    refused(xfsbus_peer_start, xfsbus_peer_events, xfsbus_peer_lasting_events,
            xfsbus_peer_start_find, xfsbus_peer_start_list, xfsbus_peer_start_subscribe,
            xfsbus_peer_start_subscription, xfsbus_peer_listing, xfsbus_peer_start_download,
            xfsbus_peer_start_push, xfsbus_peer_start_update, xfsbus_peer_start_load_policy,
            xfsbus_peer_find, xfsbus_peer_download, xfsbus_peer_push, xfsbus_peer_update,
            xfsbus_peer_load_policy, xfsbus_peer_wait_for_tracker, xfsbus_peer_wait_until_shared,
            xfsbus_peer_wait_until_scanned, xfsbus_peer_peers, xfsbus_peer_files,
            xfsbus_peer_status, xfsbus_peer_load, xfsbus_peer_policy, xfsbus_peer_chunk_order,
            xfsbus_peer_upload_policy, xfsbus_peer_rescan);
    refused(xfsbus_job_wait, xfsbus_job_play, xfsbus_job_found, xfsbus_job_report,
            xfsbus_job_pushed, xfsbus_job_summary, xfsbus_job_policy, xfsbus_job_listing);
    refused(xfsbus_stop_create, xfsbus_peer_open, xfsbus_reader_read,
            xfsbus_reader_wait_until_whole);
    refused(xfsbus_events_next, xfsbus_events_wait);
    refused(xfsbus_log_queue_create, xfsbus_log_queue_take);
    refused(xfsbus_peer_publish_memory, xfsbus_peer_publish_file, xfsbus_peer_publish_blocks,
            xfsbus_peer_start_publish_memory, xfsbus_peer_start_publish_file,
            xfsbus_peer_start_publish_blocks, xfsbus_job_published, xfsbus_peer_unpublish);
}

TEST_CASE("Calls in C without a code answer NULL with nothing, and free it") {
    CHECK(xfsbus_job_id(nullptr) == 0);
    CHECK(xfsbus_job_done(nullptr) == 0);
    CHECK(xfsbus_events_descriptor(nullptr) == -1);
    CHECK(xfsbus_reader_name(nullptr) == std::string());
    CHECK(xfsbus_reader_content(nullptr) == std::string());
    CHECK(xfsbus_reader_size(nullptr) == 0);
    xfsbus_job_cancel(nullptr);
    xfsbus_stop_request(nullptr);
    xfsbus_stop_free(nullptr);
    xfsbus_reader_free(nullptr);
    xfsbus_peer_free(nullptr);
    xfsbus_job_free(nullptr);
    xfsbus_events_free(nullptr);
    xfsbus_event_free(nullptr);
    xfsbus_found_list_free(nullptr);
    xfsbus_policy_info_free(nullptr);
    xfsbus_report_free(nullptr);
    xfsbus_pushed_free(nullptr);
    xfsbus_summary_free(nullptr);
    xfsbus_peer_list_free(nullptr);
    xfsbus_file_list_free(nullptr);
    xfsbus_listing_free(nullptr);
    xfsbus_status_free(nullptr);
    xfsbus_published_free(nullptr);
    xfsbus_set_released(nullptr);
}

TEST_CASE("NULL for what else a call in C needs is refused, and said which") {
    Bus const bus;
    auto const sink = bus.sink();
    auto* const peer = sink.get();
    auto const events = events_of(sink);
    xfsbus_error error;
    xfsbus_job* job = nullptr;
    CHECK(xfsbus_peer_find(peer, nullptr, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("name is NULL"));
    CHECK(xfsbus_peer_start_find(peer, "a", nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("job is NULL"));
    CHECK(xfsbus_peer_start_download(peer, nullptr, &job, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("request is NULL"));
    CHECK(xfsbus_peer_start_load_policy(peer, nullptr, &job, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("spec is NULL"));
    CHECK(xfsbus_peer_listing(peer, nullptr, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("pattern is NULL"));
    CHECK(xfsbus_peer_open(peer, "a", nullptr, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("reader is NULL"));
    CHECK(xfsbus_peer_load(peer, "127.0.0.1", 1, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("load is NULL"));
    CHECK(xfsbus_events_next(events.get(), nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("event is NULL"));
    CHECK(job == nullptr);
}
