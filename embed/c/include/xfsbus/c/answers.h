/* What finds, downloads, pushes, scans and loaded policies come to. Nobody writes to these structs;
 * each of those with a _free is freed by it, with all that it points to. xfsbus/xfsbus.h has the
 * rules. A list is a number and an array of so many pointers. */
#ifndef XFSBUS_C_ANSWERS_H
#define XFSBUS_C_ANSWERS_H

#include <xfsbus/c/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- found ---- */

/* A peer that has a file, and what choosing it would mean. */
typedef struct xfsbus_found {
    size_t size;
    const char* name;
    const char* content; /* content id in hex */
    uint64_t bytes;      /* the file's size */
    const char* host;
    const char* labels; /* "key=value,...", as it describes itself */
    uint32_t port;
    int32_t self;         /* 1: it is this peer */
    double latency_ms;    /* NaN: it did not answer */
    int64_t load;         /* -1: it did not answer */
    double cost;          /* by the policy; NaN: it does not think in costs */
    double share_percent; /* how much of the file it has */
} xfsbus_found;

/* Who has it, the best first. */
typedef struct xfsbus_found_list {
    size_t size;
    size_t items_count;
    const xfsbus_found* const* items;
} xfsbus_found_list;

XFSBUS_C_API void xfsbus_found_list_free(const xfsbus_found_list* list);

/* ---- policies ---- */

/* Which policy it was, and all that its decisions follow from beside what it saw. */
typedef struct xfsbus_policy_used {
    size_t size;
    const char* name;
    const char* version;
    const char* hash;       /* SHA-256 of the file as it was loaded, in hex */
    const char* parameters; /* "key=value,..." */
    uint64_t seed;
} xfsbus_policy_used;

/* A policy in use, and what it has done since it was loaded. */
typedef struct xfsbus_policy_info {
    size_t size;
    const xfsbus_policy_used* used;
    const char* kind; /* "peer-selection", "chunk-order" or "upload-choice" */
    const char* description;
    const char* path;     /* "": it is built in, or the program's own */
    uint64_t picks;       /* decisions asked for */
    uint64_t faults;      /* calls that failed, or whose answer was nonsense */
    uint64_t slow;        /* calls that took too long */
    uint64_t over_budget; /* not called, as it had used up the second's time */
    uint64_t fallbacks;   /* decisions that the built-in default made instead */
    double seconds;       /* within the policy, all calls together */
    /* What was last reported of it: a fault, the first of an object or each thousandth; a call that
     * took too long; or that it is not called any more. "": nothing was. */
    const char* trouble;
} xfsbus_policy_info;

XFSBUS_C_API void xfsbus_policy_info_free(const xfsbus_policy_info* info);

/* ---- downloads ---- */

typedef enum xfsbus_source_state {
    XFSBUS_SOURCE_STATE_IDLE = 0, /* known, and not used now */
    XFSBUS_SOURCE_STATE_ACTIVE = 1,
    XFSBUS_SOURCE_STATE_BUSY = 2,    /* it has no place for us now, and is asked again */
    XFSBUS_SOURCE_STATE_RESTING = 3, /* it did not deliver, and is tried again */
    XFSBUS_SOURCE_STATE_LOST = 4,    /* it is gone; it may be found again */
    XFSBUS_SOURCE_STATE_OUT = 5      /* not used any more */
} xfsbus_source_state;

/* One source's part in a download. */
typedef struct xfsbus_source_use {
    size_t size;
    const char* endpoint;
    const char* words; /* its state for people: "active", "idle", or why it is not used */
    uint64_t bytes;    /* delivered and verified */
    uint64_t bytes_duplicate;
    uint64_t chunks_rejected; /* corrupt ones */
    double bytes_per_second;
    uint64_t credit_bytes;      /* that it may have on the way to us at once */
    uint64_t outstanding_bytes; /* asked of it and not here yet */
    int64_t state;              /* an xfsbus_source_state */
} xfsbus_source_use;

/* A file of a download that is over. */
typedef struct xfsbus_file {
    size_t size;
    const char* name; /* as it stands on disk below the directory */
    const char* path; /* where it is; "": it is not there, or this peer publishes it itself */
    const char* content;
    uint64_t bytes;      /* its size */
    const char* message; /* why it is not there; "": it is */
    int32_t code;        /* the same for programs, an xfsbus_code */
    int32_t present;     /* 1: it was there already, equal; nothing was fetched */
    uint64_t bytes_fetched;
    uint64_t bytes_resumed;   /* found on disk, from an earlier try or to be repaired */
    uint64_t bytes_duplicate; /* came twice */
    uint64_t chunks_rejected; /* corrupt ones */
    double seconds;
    double seconds_waited;  /* of these, with nothing on its way */
    double seconds_stalled; /* of these, with whoever reads it waiting for what was not here */
    size_t sources_count;
    const xfsbus_source_use* const* sources;
    int64_t changed; /* 1: a source did not have it any more, or sent something else */
} xfsbus_file;

/* How a download went. */
typedef struct xfsbus_report {
    size_t size;
    size_t files_count;
    const xfsbus_file* const* files;
    uint64_t bytes_fetched;
    double seconds;
    const xfsbus_policy_used* policy; /* in use at the end; NULL: it failed before there was one */
    const xfsbus_policy_used* chunk_order; /* the same */
} xfsbus_report;

XFSBUS_C_API void xfsbus_report_free(const xfsbus_report* report);

/* Bytes of a file, from `begin` to before `end`. */
typedef struct xfsbus_range {
    size_t size;
    uint64_t begin;
    uint64_t end;
} xfsbus_range;

/* A file that is being fetched, while it is. */
typedef struct xfsbus_file_progress {
    size_t size;
    const char* name;
    uint64_t bytes_done;
    uint64_t bytes_total;
    double bytes_per_second; /* over the last seconds */
    uint64_t sources;        /* in use */
    /* What of it is here and right, in its temporary file: the first 64 parts at most, in order. */
    size_t ranges_count;
    const xfsbus_range* const* ranges;
} xfsbus_file_progress;

/* How a download stands. */
typedef struct xfsbus_progress {
    size_t size;
    const char* name; /* of the file, or the pattern when there are several */
    uint64_t bytes_done;
    uint64_t bytes_total;
    uint64_t files_done;
    uint64_t files_total;
    double bytes_per_second; /* over the last seconds */
    uint64_t sources;        /* in use */
    size_t running_count;
    const xfsbus_file_progress* const* running; /* the files in progress */
} xfsbus_progress;

/* ---- pushes ---- */

typedef enum xfsbus_push_state {
    XFSBUS_PUSH_STATE_ASKING = 0,  /* no answer yet, or none any more */
    XFSBUS_PUSH_STATE_WAITING = 1, /* it will fetch */
    XFSBUS_PUSH_STATE_FETCHING = 2,
    XFSBUS_PUSH_STATE_THERE = 3, /* it has the file, and has confirmed that it is this content */
    XFSBUS_PUSH_STATE_FAILED = 4,
    XFSBUS_PUSH_STATE_REFUSED = 5 /* it takes no pushes */
} xfsbus_push_state;

/* A peer that was asked to fetch a file. */
typedef struct xfsbus_push_target {
    size_t size;
    const char* host;
    const char* reason; /* why it failed or refused, or does not answer */
    uint64_t bytes;     /* of the file that it has */
    double seconds;     /* since it was asked, until it had the file */
    uint32_t port;
    int32_t state; /* an xfsbus_push_state */
} xfsbus_push_target;

/* How the push of one file stands. */
typedef struct xfsbus_pushed_file {
    size_t size;
    const char* name;
    const char* content;
    uint64_t bytes; /* its size */
    double seconds;
    size_t targets_count;
    const xfsbus_push_target* const* targets;
} xfsbus_pushed_file;

/* How a push ended. */
typedef struct xfsbus_pushed {
    size_t size;
    size_t files_count;
    const xfsbus_pushed_file* const* files;
    uint64_t left_out; /* peers that were too many to be asked */
    double seconds;
    int64_t
        settled; /* 0: the tracker's list of peers did not settle: others may lack the files, too */
} xfsbus_pushed;

XFSBUS_C_API void xfsbus_pushed_free(const xfsbus_pushed* pushed);

/* How a push stands. */
typedef struct xfsbus_push_progress {
    size_t size;
    uint64_t files;
    uint64_t files_done;
    const xfsbus_pushed_file* file; /* the first that is not done */
} xfsbus_push_progress;

/* ---- scans ---- */

/* A scan of the directory. */
typedef struct xfsbus_summary {
    size_t size;
    uint64_t files;
    uint64_t bytes;
    uint64_t hashed;
    uint64_t skipped;
    uint64_t links;         /* symbolic ones, which are not shared */
    uint64_t ignored;       /* files and directories, not counting those below them */
    uint64_t private_files; /* shared, and only their owner may read them */
} xfsbus_summary;

XFSBUS_C_API void xfsbus_summary_free(const xfsbus_summary* summary);

#ifdef __cplusplus
}
#endif

#endif
