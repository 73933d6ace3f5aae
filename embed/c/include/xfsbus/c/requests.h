/* What a program fills in. Nought, but for `size`, is the default of everything; xfsbus/xfsbus.h
 * has the rules. A list of texts is an array that ends with NULL; NULL is an empty one. */
#ifndef XFSBUS_C_REQUESTS_H
#define XFSBUS_C_REQUESTS_H

#include <xfsbus/c/log.h>

#include <stddef.h>
#include <stdint.h>

struct xfsbus_own_policy;

/* What of the files that others push a peer fetches into its directory. */
typedef enum xfsbus_accept_push {
    XFSBUS_ACCEPT_PUSH_NONE = 0,
    XFSBUS_ACCEPT_PUSH_NEW_FILES = 1, /* where nothing else has the file's name */
    XFSBUS_ACCEPT_PUSH_REPLACE = 2    /* a different file of that name is replaced */
} xfsbus_accept_push;

/* What a file that is reported as there survives. */
typedef enum xfsbus_durability {
    XFSBUS_DURABILITY_POWER =
        0, /* a power cut: it is synced, with its name, before it is reported */
    XFSBUS_DURABILITY_PROCESS = 1 /* the end of the program, in whatever way */
} xfsbus_durability;

/* xfsbus_options.flags */
typedef enum xfsbus_options_flags {
    XFSBUS_OPTIONS_STRICT_POLICY = 1,      /* a policy that fails ends the download */
    XFSBUS_OPTIONS_KEEP_MODE = 2,          /* what is executable at the source is so here */
    XFSBUS_OPTIONS_NO_HEARTBEAT = 4,       /* silent until something is to be said */
    XFSBUS_OPTIONS_NO_WATCH = 8,           /* do not notice changes of the directory by itself */
    XFSBUS_OPTIONS_NO_DEFAULT_IGNORES = 16 /* share .git, *.swp, lost+found and the like, too */
} xfsbus_options_flags;

/* What a peer is to be like. */
typedef struct xfsbus_options {
    size_t size;
    const char* tracker; /* NULL: "tcp://127.0.0.1:7470" */
    /* Address to listen on, which others must be able to reach; NULL: the one from which this
     * machine reaches the tracker. */
    const char* host;
    const char*
        directory; /* to share; what is downloaded goes there too. NULL: nothing is shared */
    const char* download_directory; /* where downloads go when nothing is shared; NULL: "." */
    const char* cache_file;         /* remembers hashes across restarts; NULL: no memory */
    /* FILE[:key=value,...] of plug-ins; NULL: what is built in, which needs no file. */
    const char* policy;
    const char* chunk_order;
    const char* integrity; /* for what this peer publishes */
    const char* upload_policy;
    const char* const* accept_hashes;      /* of others, beside the standard ones */
    const char* const* plugin_directories; /* searched first */
    const char* latency_file;              /* NULL: latency is measured */
    const char* labels;                    /* "key=value,...", told to others */
    const char* const* ignore;             /* patterns of names that are not shared */
    const char* trace_file;                /* where decisions are written down; NULL: nowhere */
    uint64_t sources;                      /* most sources used at once for one file; 0: 24 */
    uint64_t upload_limit;                 /* bytes per second, of all transfers; 0: none */
    uint64_t download_limit;
    uint64_t transfer_upload_limit;   /* to one sink of one file */
    uint64_t transfer_download_limit; /* of one file, from all its sources */
    uint64_t seed;                    /* of the random numbers that policies see; 0: a random one */
    /* How often the directory is scanned without being asked; 0: as seldom as its file system
     * allows; below nought: never. */
    int64_t rescan_ms;
    uint64_t flags;          /* of xfsbus_options_flags */
    int32_t accept_push;     /* an xfsbus_accept_push */
    int32_t durability;      /* an xfsbus_durability */
    uint32_t port;           /* 0: a free one */
    uint32_t data_port;      /* where chunks come in, which sources connect to; 0: a free one */
    uint64_t published_most; /* files that may be published at once, see c/publish.h; 0: 10,000 */
    /* Told what happens, as c/log.h says; NULL: nobody is. */
    void (*log)(void* user, const xfsbus_log_event* event);
    void* log_user;
    /* Called once with it when `log` is called no more, also if no peer is started; NULL: nothing.
     */
    void (*log_release)(void* user);
    int64_t log_level; /* an xfsbus_log_level: what is less important is not told */
    /* Policies of the program's own, an array that ends with NULL, see c/policy.h; NULL: none. */
    const struct xfsbus_own_policy* const* own_policies;
} xfsbus_options;

/* xfsbus_download_request.flags */
typedef enum xfsbus_download_flags {
    XFSBUS_DOWNLOAD_FORCE = 1, /* replace a different file of that name */
    XFSBUS_DOWNLOAD_REPAIR = 2 /* the same, and use what of it is right, if it has the same size */
} xfsbus_download_flags;

/* What is to be fetched. */
typedef struct xfsbus_download_request {
    size_t size;
    const char* name; /* a name, a pattern, or NAME@ID with a prefix of the content id */
    const char* out;  /* name to give it below the directory; NULL: its own */
    uint64_t sources; /* 0: as in xfsbus_options */
    /* For so long it is waited for the tracker, for somebody who has the file, and for sources that
     * went away, before it fails; from the last time that something came. */
    int64_t wait_ms;
    uint64_t
        play_bytes_per_second; /* somebody reads the file while it comes, at this rate; 0: nobody */
    uint64_t flags;            /* of xfsbus_download_flags */
} xfsbus_download_request;

/* xfsbus_subscribe_request.flags */
typedef enum xfsbus_subscribe_flags {
    XFSBUS_SUBSCRIBE_PEERS = 1 /* to peers, too */
} xfsbus_subscribe_flags;

/* What a subscription is about. */
typedef struct xfsbus_subscribe_request {
    size_t size;
    const char* pattern; /* of files; NULL: no files */
    uint64_t flags;      /* of xfsbus_subscribe_flags */
} xfsbus_subscribe_request;

/* Which other peers shall have a file. */
typedef enum xfsbus_push_to {
    XFSBUS_PUSH_TO_ALL = 0,       /* all that are registered */
    XFSBUS_PUSH_TO_ACCEPTING = 1, /* all that take pushes */
    XFSBUS_PUSH_TO_NUMBER = 2     /* so many, those included that have it already */
} xfsbus_push_to;

/* What is to be pushed, and to whom. */
typedef struct xfsbus_push_request {
    size_t size;
    const char* name;    /* a name, a pattern, or NAME@ID with a prefix of the content id */
    uint64_t peers;      /* for XFSBUS_PUSH_TO_NUMBER */
    int64_t patience_ms; /* so long a peer may be away, and come back; 0: 60,000 */
    int64_t to;          /* an xfsbus_push_to */
} xfsbus_push_request;

#endif
