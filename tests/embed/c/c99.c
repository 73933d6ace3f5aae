/* Every call of the header, by a compiler of C: it is declared, and the library has it. */
#include <xfsbus/xfsbus.h>

#include <stdio.h>
#include <string.h>

typedef void (*call)(void);

static const call calls[] = {
    (call)xfsbus_code_name,
    (call)xfsbus_version,
    (call)xfsbus_log_event_free,
    (call)xfsbus_log_queue_create,
    (call)xfsbus_log_queue_free,
    (call)xfsbus_log_queue_put,
    (call)xfsbus_log_queue_end,
    (call)xfsbus_log_queue_take,
    (call)xfsbus_peer_start,
    (call)xfsbus_peer_free,
    (call)xfsbus_peer_events,
    (call)xfsbus_peer_lasting_events,
    (call)xfsbus_peer_start_find,
    (call)xfsbus_peer_start_list,
    (call)xfsbus_peer_start_subscribe,
    (call)xfsbus_peer_start_subscription,
    (call)xfsbus_peer_start_download,
    (call)xfsbus_peer_start_push,
    (call)xfsbus_peer_start_update,
    (call)xfsbus_peer_start_load_policy,
    (call)xfsbus_peer_find,
    (call)xfsbus_peer_listing,
    (call)xfsbus_peer_download,
    (call)xfsbus_peer_push,
    (call)xfsbus_peer_update,
    (call)xfsbus_peer_load_policy,
    (call)xfsbus_peer_wait_for_tracker,
    (call)xfsbus_peer_wait_until_shared,
    (call)xfsbus_peer_wait_until_scanned,
    (call)xfsbus_peer_peers,
    (call)xfsbus_peer_files,
    (call)xfsbus_peer_status,
    (call)xfsbus_peer_load,
    (call)xfsbus_peer_policy,
    (call)xfsbus_peer_chunk_order,
    (call)xfsbus_peer_upload_policy,
    (call)xfsbus_peer_rescan,
    (call)xfsbus_stop_create,
    (call)xfsbus_stop_free,
    (call)xfsbus_stop_request,
    (call)xfsbus_peer_open,
    (call)xfsbus_reader_free,
    (call)xfsbus_reader_name,
    (call)xfsbus_reader_content,
    (call)xfsbus_reader_size,
    (call)xfsbus_reader_read,
    (call)xfsbus_reader_wait_until_whole,
    (call)xfsbus_job_free,
    (call)xfsbus_job_id,
    (call)xfsbus_job_done,
    (call)xfsbus_job_wait,
    (call)xfsbus_job_cancel,
    (call)xfsbus_job_play,
    (call)xfsbus_job_found,
    (call)xfsbus_job_report,
    (call)xfsbus_job_pushed,
    (call)xfsbus_job_summary,
    (call)xfsbus_job_policy,
    (call)xfsbus_job_listing,
    (call)xfsbus_events_free,
    (call)xfsbus_events_descriptor,
    (call)xfsbus_events_next,
    (call)xfsbus_events_wait,
    (call)xfsbus_event_free,
    (call)xfsbus_found_list_free,
    (call)xfsbus_policy_info_free,
    (call)xfsbus_report_free,
    (call)xfsbus_pushed_free,
    (call)xfsbus_summary_free,
    (call)xfsbus_peer_list_free,
    (call)xfsbus_file_list_free,
    (call)xfsbus_listing_free,
    (call)xfsbus_status_free,
    (call)xfsbus_peer_publish_memory,
    (call)xfsbus_peer_publish_file,
    (call)xfsbus_peer_publish_blocks,
    (call)xfsbus_peer_start_publish_memory,
    (call)xfsbus_peer_start_publish_file,
    (call)xfsbus_peer_start_publish_blocks,
    (call)xfsbus_job_published,
    (call)xfsbus_peer_unpublish,
    (call)xfsbus_set_released,
    (call)xfsbus_published_free,
};

int main(void) {
    xfsbus_options options = {0};
    xfsbus_error error;
    xfsbus_peer* peer = NULL;
    const xfsbus_code code = xfsbus_peer_start(&options, &peer, &error);
    printf("%zu calls of %s; %s: %s\n", sizeof calls / sizeof calls[0], xfsbus_version(),
           xfsbus_code_name(code), error.message);
    /* Its size was not set. */
    return code == XFSBUS_ERROR_USAGE && peer == NULL && strstr(error.message, "size") != NULL ? 0
                                                                                               : 1;
}
