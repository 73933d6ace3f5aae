"""The interface in C, as cffi reads it. Made by make_declarations.py; not to be edited."""
DECLARATIONS = """
typedef enum xfsbus_code {
    XFSBUS_OK = 0,
    XFSBUS_ERROR_FAILED = 1,
    XFSBUS_ERROR_USAGE = 2,
    XFSBUS_ERROR_NOT_FOUND = 3,
    XFSBUS_ERROR_TRACKER_UNREACHABLE = 4,
    XFSBUS_ERROR_TIMEOUT = 5,
    XFSBUS_ERROR_NETWORK = 6,
    XFSBUS_ERROR_INTERRUPTED = 7,
    XFSBUS_ERROR_INTEGRITY = 8,
    XFSBUS_ERROR_DISK = 9,
    XFSBUS_ERROR_NOT_AUTHORISED = 10,
    XFSBUS_ERROR_PLUGIN = 11,
    XFSBUS_ERROR_ENDED = 12
} xfsbus_code;
typedef struct xfsbus_error {
    int32_t code;
    char message[1020];
} xfsbus_error;
const char* xfsbus_code_name(int32_t code);
const char* xfsbus_version(void);
typedef enum xfsbus_accept_push {
    XFSBUS_ACCEPT_PUSH_NONE = 0,
    XFSBUS_ACCEPT_PUSH_NEW_FILES = 1,
    XFSBUS_ACCEPT_PUSH_REPLACE = 2
} xfsbus_accept_push;
typedef enum xfsbus_durability {
    XFSBUS_DURABILITY_POWER =
        0,
    XFSBUS_DURABILITY_PROCESS = 1
} xfsbus_durability;
typedef enum xfsbus_options_flags {
    XFSBUS_OPTIONS_STRICT_POLICY = 1,
    XFSBUS_OPTIONS_KEEP_MODE = 2,
    XFSBUS_OPTIONS_NO_HEARTBEAT = 4,
    XFSBUS_OPTIONS_NO_WATCH = 8,
    XFSBUS_OPTIONS_NO_DEFAULT_IGNORES = 16
} xfsbus_options_flags;
typedef struct xfsbus_options {
    size_t size;
    const char* tracker;
    const char* host;
    const char*
        directory;
    const char* download_directory;
    const char* cache_file;
    const char* policy;
    const char* chunk_order;
    const char* integrity;
    const char* upload_policy;
    const char* const* accept_hashes;
    const char* const* plugin_directories;
    const char* latency_file;
    const char* labels;
    const char* const* ignore;
    const char* trace_file;
    uint64_t sources;
    uint64_t upload_limit;
    uint64_t download_limit;
    uint64_t transfer_upload_limit;
    uint64_t transfer_download_limit;
    uint64_t seed;
    int64_t rescan_ms;
    uint64_t flags;
    int32_t accept_push;
    int32_t durability;
    uint32_t port;
    uint32_t data_port;
} xfsbus_options;
typedef enum xfsbus_download_flags {
    XFSBUS_DOWNLOAD_FORCE = 1,
    XFSBUS_DOWNLOAD_REPAIR = 2
} xfsbus_download_flags;
typedef struct xfsbus_download_request {
    size_t size;
    const char* name;
    const char* out;
    uint64_t sources;
    int64_t wait_ms;
    uint64_t
        play_bytes_per_second;
    uint64_t flags;
} xfsbus_download_request;
typedef enum xfsbus_push_to {
    XFSBUS_PUSH_TO_ALL = 0,
    XFSBUS_PUSH_TO_ACCEPTING = 1,
    XFSBUS_PUSH_TO_NUMBER = 2
} xfsbus_push_to;
typedef struct xfsbus_push_request {
    size_t size;
    const char* name;
    uint64_t peers;
    int64_t patience_ms;
    int64_t to;
} xfsbus_push_request;
typedef struct xfsbus_found {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes;
    const char* host;
    const char* labels;
    uint32_t port;
    int32_t self;
    double latency_ms;
    int64_t load;
    double cost;
    double share_percent;
} xfsbus_found;
typedef struct xfsbus_found_list {
    size_t size;
    size_t items_count;
    const xfsbus_found* const* items;
} xfsbus_found_list;
void xfsbus_found_list_free(const xfsbus_found_list* list);
typedef struct xfsbus_policy_used {
    size_t size;
    const char* name;
    const char* version;
    const char* hash;
    const char* parameters;
    uint64_t seed;
} xfsbus_policy_used;
typedef struct xfsbus_policy_info {
    size_t size;
    const xfsbus_policy_used* used;
    const char* kind;
    const char* description;
    const char* path;
    uint64_t picks;
    uint64_t faults;
    uint64_t slow;
    uint64_t over_budget;
    uint64_t fallbacks;
    double seconds;
} xfsbus_policy_info;
void xfsbus_policy_info_free(const xfsbus_policy_info* info);
typedef enum xfsbus_source_state {
    XFSBUS_SOURCE_STATE_IDLE = 0,
    XFSBUS_SOURCE_STATE_ACTIVE = 1,
    XFSBUS_SOURCE_STATE_BUSY = 2,
    XFSBUS_SOURCE_STATE_RESTING = 3,
    XFSBUS_SOURCE_STATE_LOST = 4,
    XFSBUS_SOURCE_STATE_OUT = 5
} xfsbus_source_state;
typedef struct xfsbus_source_use {
    size_t size;
    const char* endpoint;
    const char* words;
    uint64_t bytes;
    uint64_t bytes_duplicate;
    uint64_t chunks_rejected;
    double bytes_per_second;
    uint64_t credit_bytes;
    uint64_t outstanding_bytes;
    int64_t state;
} xfsbus_source_use;
typedef struct xfsbus_file {
    size_t size;
    const char* name;
    const char* path;
    const char* content;
    uint64_t bytes;
    const char* message;
    int32_t code;
    int32_t present;
    uint64_t bytes_fetched;
    uint64_t bytes_resumed;
    uint64_t bytes_duplicate;
    uint64_t chunks_rejected;
    double seconds;
    double seconds_waited;
    double seconds_stalled;
    size_t sources_count;
    const xfsbus_source_use* const* sources;
    int64_t changed;
} xfsbus_file;
typedef struct xfsbus_report {
    size_t size;
    size_t files_count;
    const xfsbus_file* const* files;
    uint64_t bytes_fetched;
    double seconds;
    const xfsbus_policy_used* policy;
    const xfsbus_policy_used* chunk_order;
} xfsbus_report;
void xfsbus_report_free(const xfsbus_report* report);
typedef struct xfsbus_range {
    size_t size;
    uint64_t begin;
    uint64_t end;
} xfsbus_range;
typedef struct xfsbus_file_progress {
    size_t size;
    const char* name;
    uint64_t bytes_done;
    uint64_t bytes_total;
    double bytes_per_second;
    uint64_t sources;
    size_t ranges_count;
    const xfsbus_range* const* ranges;
} xfsbus_file_progress;
typedef struct xfsbus_progress {
    size_t size;
    const char* name;
    uint64_t bytes_done;
    uint64_t bytes_total;
    uint64_t files_done;
    uint64_t files_total;
    double bytes_per_second;
    uint64_t sources;
    size_t running_count;
    const xfsbus_file_progress* const* running;
} xfsbus_progress;
typedef enum xfsbus_push_state {
    XFSBUS_PUSH_STATE_ASKING = 0,
    XFSBUS_PUSH_STATE_WAITING = 1,
    XFSBUS_PUSH_STATE_FETCHING = 2,
    XFSBUS_PUSH_STATE_THERE = 3,
    XFSBUS_PUSH_STATE_FAILED = 4,
    XFSBUS_PUSH_STATE_REFUSED = 5
} xfsbus_push_state;
typedef struct xfsbus_push_target {
    size_t size;
    const char* host;
    const char* reason;
    uint64_t bytes;
    double seconds;
    uint32_t port;
    int32_t state;
} xfsbus_push_target;
typedef struct xfsbus_pushed_file {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes;
    double seconds;
    size_t targets_count;
    const xfsbus_push_target* const* targets;
} xfsbus_pushed_file;
typedef struct xfsbus_pushed {
    size_t size;
    size_t files_count;
    const xfsbus_pushed_file* const* files;
    uint64_t left_out;
    double seconds;
    int64_t
        settled;
} xfsbus_pushed;
void xfsbus_pushed_free(const xfsbus_pushed* pushed);
typedef struct xfsbus_push_progress {
    size_t size;
    uint64_t files;
    uint64_t files_done;
    const xfsbus_pushed_file* file;
} xfsbus_push_progress;
typedef struct xfsbus_summary {
    size_t size;
    uint64_t files;
    uint64_t bytes;
    uint64_t hashed;
    uint64_t skipped;
    uint64_t links;
    uint64_t ignored;
    uint64_t private_files;
} xfsbus_summary;
void xfsbus_summary_free(const xfsbus_summary* summary);
typedef struct xfsbus_known_peer {
    size_t size;
    const char* host;
    const char* labels;
    uint64_t files;
    uint64_t heard_ms_ago;
    uint32_t port;
    uint32_t load;
    int64_t self;
} xfsbus_known_peer;
typedef struct xfsbus_peer_list {
    size_t size;
    size_t items_count;
    const xfsbus_known_peer* const* items;
} xfsbus_peer_list;
void xfsbus_peer_list_free(const xfsbus_peer_list* list);
typedef struct xfsbus_shared_file {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes;
} xfsbus_shared_file;
typedef struct xfsbus_file_list {
    size_t size;
    size_t items_count;
    const xfsbus_shared_file* const* items;
} xfsbus_file_list;
void xfsbus_file_list_free(const xfsbus_file_list* list);
typedef struct xfsbus_listed_file {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes;
    uint64_t complete;
    uint64_t partial;
} xfsbus_listed_file;
typedef struct xfsbus_listing {
    size_t size;
    size_t items_count;
    const xfsbus_listed_file* const* items;
} xfsbus_listing;
void xfsbus_listing_free(const xfsbus_listing* listing);
typedef struct xfsbus_counter {
    size_t size;
    const char* name;
    const char* unit;
    uint64_t value;
} xfsbus_counter;
typedef struct xfsbus_download_status {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes_done;
    uint64_t bytes_total;
    uint64_t bytes_duplicate;
    uint64_t chunks_rejected;
    double bytes_per_second;
    double seconds_waited;
    size_t sources_count;
    const xfsbus_source_use* const* sources;
} xfsbus_download_status;
typedef struct xfsbus_upload_status {
    size_t size;
    const char* content;
    const char* sink;
    uint64_t bytes;
    double bytes_per_second;
    uint64_t credit_bytes;
    uint64_t queued_chunks;
} xfsbus_upload_status;
typedef struct xfsbus_status {
    size_t size;
    const char* host;
    const char* tracker;
    const char* tracker_trouble;
    const char* directory;
    const xfsbus_summary* scan;
    size_t counters_count;
    const xfsbus_counter* const* counters;
    size_t downloading_count;
    const xfsbus_download_status* const* downloading;
    size_t uploading_count;
    const xfsbus_upload_status* const* uploading;
    const char* policy;
    const char* chunk_order;
    const char* integrity;
    const char* upload_policy;
    uint32_t port;
    int32_t tracker_connected;
} xfsbus_status;
void xfsbus_status_free(const xfsbus_status* status);
typedef struct xfsbus_job xfsbus_job;
void xfsbus_job_free(xfsbus_job* job);
uint64_t xfsbus_job_id(const xfsbus_job* job);
int32_t xfsbus_job_done(const xfsbus_job* job);
xfsbus_code xfsbus_job_wait(const xfsbus_job* job, int64_t timeout_ms,
                                         xfsbus_error* error);
void xfsbus_job_cancel(const xfsbus_job* job);
xfsbus_code xfsbus_job_play(const xfsbus_job* job, uint64_t position,
                                         uint64_t bytes_per_second, xfsbus_error* error);
xfsbus_code xfsbus_job_found(const xfsbus_job* job, int64_t timeout_ms,
                                          const xfsbus_found_list** found, xfsbus_error* error);
xfsbus_code xfsbus_job_report(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_report** report, xfsbus_error* error);
xfsbus_code xfsbus_job_pushed(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_pushed** pushed, xfsbus_error* error);
xfsbus_code xfsbus_job_summary(const xfsbus_job* job, int64_t timeout_ms,
                                            const xfsbus_summary** summary, xfsbus_error* error);
xfsbus_code xfsbus_job_policy(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_policy_info** info, xfsbus_error* error);
xfsbus_code xfsbus_job_listing(const xfsbus_job* job, int64_t timeout_ms,
                                            const xfsbus_listing** listing, xfsbus_error* error);
typedef enum xfsbus_event_kind {
    XFSBUS_EVENT_PROGRESS = 1,
    XFSBUS_EVENT_PUSH_PROGRESS = 2,
    XFSBUS_EVENT_FILE_DONE = 3,
    XFSBUS_EVENT_JOB_DONE = 4,
    XFSBUS_EVENT_TRACKER_UP = 5,
    XFSBUS_EVENT_TRACKER_LOST = 6,
    XFSBUS_EVENT_SCANNED = 7,
    XFSBUS_EVENT_FILE_APPEARED =
        8,
    XFSBUS_EVENT_FILE_GONE = 9,
    XFSBUS_EVENT_PEER_APPEARED = 10,
    XFSBUS_EVENT_PEER_GONE = 11,
    XFSBUS_EVENT_LOST = 12,
    XFSBUS_EVENT_ENDED = 13,
    XFSBUS_EVENT_LISTING_CHANGED = 14
} xfsbus_event_kind;
typedef enum xfsbus_listing_change {
    XFSBUS_LISTING_THERE = 1,
    XFSBUS_LISTING_APPEARED = 2,
    XFSBUS_LISTING_CHANGED = 3,
    XFSBUS_LISTING_HOLDERS = 4,
    XFSBUS_LISTING_GONE = 5
} xfsbus_listing_change;
typedef struct xfsbus_event {
    size_t size;
    int32_t kind;
    int32_t code;
    const char* message;
    uint64_t job;
    uint64_t count;
    const xfsbus_progress* progress;
    const xfsbus_push_progress* push_progress;
    const xfsbus_file* file;
    const xfsbus_summary* summary;
    const xfsbus_shared_file* shared;
    const xfsbus_known_peer* peer;
    const xfsbus_listed_file* listed;
    int64_t change;
} xfsbus_event;
void xfsbus_event_free(const xfsbus_event* event);
typedef struct xfsbus_events xfsbus_events;
void xfsbus_events_free(xfsbus_events* events);
int xfsbus_events_descriptor(const xfsbus_events* events);
xfsbus_code xfsbus_events_next(const xfsbus_events* events, const xfsbus_event** event,
                                            xfsbus_error* error);
xfsbus_code xfsbus_events_wait(const xfsbus_events* events, int64_t timeout_ms,
                                            const xfsbus_event** event, xfsbus_error* error);
typedef struct xfsbus_peer xfsbus_peer;
xfsbus_code xfsbus_peer_start(const xfsbus_options* options, xfsbus_peer** peer,
                                           xfsbus_error* error);
void xfsbus_peer_free(xfsbus_peer* peer);
xfsbus_code xfsbus_peer_events(xfsbus_peer* peer, xfsbus_events** events,
                                            xfsbus_error* error);
xfsbus_code xfsbus_peer_lasting_events(xfsbus_peer* peer, xfsbus_events** events,
                                                    xfsbus_error* error);
xfsbus_code xfsbus_peer_start_find(xfsbus_peer* peer, const char* name,
                                                xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_start_list(xfsbus_peer* peer, const char* pattern,
                                                xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_start_subscribe(xfsbus_peer* peer, const char* pattern,
                                                     xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_start_download(xfsbus_peer* peer,
                                                    const xfsbus_download_request* request,
                                                    xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_start_push(xfsbus_peer* peer,
                                                const xfsbus_push_request* request,
                                                xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_start_update(xfsbus_peer* peer, xfsbus_job** job,
                                                  xfsbus_error* error);
xfsbus_code xfsbus_peer_start_load_policy(xfsbus_peer* peer, const char* spec,
                                                       xfsbus_job** job, xfsbus_error* error);
xfsbus_code xfsbus_peer_find(xfsbus_peer* peer, const char* name, int64_t timeout_ms,
                                          const xfsbus_found_list** found, xfsbus_error* error);
xfsbus_code xfsbus_peer_listing(xfsbus_peer* peer, const char* pattern,
                                             int64_t timeout_ms, const xfsbus_listing** listing,
                                             xfsbus_error* error);
xfsbus_code xfsbus_peer_download(xfsbus_peer* peer,
                                              const xfsbus_download_request* request,
                                              int64_t timeout_ms, const xfsbus_report** report,
                                              xfsbus_error* error);
xfsbus_code xfsbus_peer_push(xfsbus_peer* peer, const xfsbus_push_request* request,
                                          int64_t timeout_ms, const xfsbus_pushed** pushed,
                                          xfsbus_error* error);
xfsbus_code xfsbus_peer_update(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_summary** summary, xfsbus_error* error);
xfsbus_code xfsbus_peer_load_policy(xfsbus_peer* peer, const char* spec,
                                                 int64_t timeout_ms,
                                                 const xfsbus_policy_info** info,
                                                 xfsbus_error* error);
xfsbus_code xfsbus_peer_wait_for_tracker(xfsbus_peer* peer, int64_t timeout_ms,
                                                      xfsbus_error* error);
xfsbus_code xfsbus_peer_wait_until_shared(xfsbus_peer* peer, int64_t timeout_ms,
                                                       const xfsbus_summary** summary,
                                                       xfsbus_error* error);
xfsbus_code xfsbus_peer_wait_until_scanned(xfsbus_peer* peer, int64_t timeout_ms,
                                                        const xfsbus_summary** summary,
                                                        xfsbus_error* error);
xfsbus_code xfsbus_peer_peers(xfsbus_peer* peer, int64_t timeout_ms,
                                           const xfsbus_peer_list** list, xfsbus_error* error);
xfsbus_code xfsbus_peer_files(xfsbus_peer* peer, int64_t timeout_ms,
                                           const xfsbus_file_list** list, xfsbus_error* error);
xfsbus_code xfsbus_peer_status(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_status** status, xfsbus_error* error);
xfsbus_code xfsbus_peer_load(xfsbus_peer* peer, const char* host, uint32_t port,
                                          int64_t timeout_ms, uint32_t* load, xfsbus_error* error);
xfsbus_code xfsbus_peer_policy(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_policy_info** info, xfsbus_error* error);
xfsbus_code xfsbus_peer_chunk_order(xfsbus_peer* peer, int64_t timeout_ms,
                                                 const xfsbus_policy_info** info,
                                                 xfsbus_error* error);
xfsbus_code xfsbus_peer_upload_policy(xfsbus_peer* peer, int64_t timeout_ms,
                                                   const xfsbus_policy_info** info,
                                                   xfsbus_error* error);
xfsbus_code xfsbus_peer_rescan(xfsbus_peer* peer, xfsbus_error* error);
typedef struct xfsbus_stop xfsbus_stop;
xfsbus_code xfsbus_stop_create(xfsbus_stop** stop, xfsbus_error* error);
void xfsbus_stop_free(xfsbus_stop* stop);
void xfsbus_stop_request(xfsbus_stop* stop);
typedef enum xfsbus_open_flags {
    XFSBUS_OPEN_FORCE = 1,
    XFSBUS_OPEN_REPAIR = 2,
    XFSBUS_OPEN_KEEP = 4
} xfsbus_open_flags;
typedef struct xfsbus_open_options {
    size_t size;
    uint64_t sources;
    int64_t wait_ms;
    uint64_t bytes_per_second;
    const xfsbus_stop* stop;
    uint64_t flags;
} xfsbus_open_options;
typedef struct xfsbus_reader xfsbus_reader;
xfsbus_code xfsbus_peer_open(xfsbus_peer* peer, const char* name,
                                          const xfsbus_open_options* options, int64_t timeout_ms,
                                          xfsbus_reader** reader, xfsbus_error* error);
void xfsbus_reader_free(xfsbus_reader* reader);
const char* xfsbus_reader_name(const xfsbus_reader* reader);
const char* xfsbus_reader_content(const xfsbus_reader* reader);
uint64_t xfsbus_reader_size(const xfsbus_reader* reader);
xfsbus_code xfsbus_reader_read(const xfsbus_reader* reader, uint64_t offset,
                                            void* buffer, size_t buffer_size, int64_t timeout_ms,
                                            size_t* bytes_read, xfsbus_error* error);
xfsbus_code xfsbus_reader_wait_until_whole(const xfsbus_reader* reader,
                                                        int64_t timeout_ms, xfsbus_error* error);
"""
