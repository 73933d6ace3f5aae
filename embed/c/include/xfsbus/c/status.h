/* What a peer knows of others and of itself. xfsbus/xfsbus.h has the rules. */
#ifndef XFSBUS_C_STATUS_H
#define XFSBUS_C_STATUS_H

#include <xfsbus/c/answers.h>
#include <xfsbus/c/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A peer that the tracker knows. */
typedef struct xfsbus_known_peer {
    size_t size;
    const char* host;
    const char* labels;
    uint64_t files;
    uint64_t heard_ms_ago;
    uint32_t port;
    uint32_t load;
    int64_t self;   /* 1: it is this peer */
    const char* id; /* in hex; another one each time that a peer is started */
} xfsbus_known_peer;

typedef struct xfsbus_peer_list {
    size_t size;
    size_t items_count;
    const xfsbus_known_peer* const* items;
} xfsbus_peer_list;

XFSBUS_C_API void xfsbus_peer_list_free(const xfsbus_peer_list* list);

/* A file that this peer shares. */
typedef struct xfsbus_shared_file {
    size_t size;
    const char* name;
    const char* content; /* content id in hex */
    uint64_t bytes;      /* its size */
} xfsbus_shared_file;

typedef struct xfsbus_file_list {
    size_t size;
    size_t items_count;
    const xfsbus_shared_file* const* items;
} xfsbus_file_list;

XFSBUS_C_API void xfsbus_file_list_free(const xfsbus_file_list* list);

/* A file that the tracker knows of: one content of one name. */
typedef struct xfsbus_listed_file {
    size_t size;
    const char* name;
    const char* content; /* content id in hex */
    uint64_t bytes;      /* its size */
    uint64_t complete;   /* peers that have all of it */
    uint64_t partial;    /* peers that have a part of it */
} xfsbus_listed_file;

/* One for each content of each name, in the order of the names. */
typedef struct xfsbus_listing {
    size_t size;
    size_t items_count;
    const xfsbus_listed_file* const* items;
} xfsbus_listing;

XFSBUS_C_API void xfsbus_listing_free(const xfsbus_listing* listing);

/* A figure that the peer tells of itself; docs/OPERATING.md has all. */
typedef struct xfsbus_counter {
    size_t size;
    const char* name;
    const char* unit;
    uint64_t value;
} xfsbus_counter;

/* A file that is being fetched. */
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

/* A file, or the part of it that is here, on its way to one sink. */
typedef struct xfsbus_upload_status {
    size_t size;
    const char* content;
    const char* sink; /* where its chunks go */
    uint64_t bytes;   /* sent */
    double bytes_per_second;
    uint64_t credit_bytes;  /* that may still be sent */
    uint64_t queued_chunks; /* asked for and not sent */
} xfsbus_upload_status;

/* How a peer is. */
typedef struct xfsbus_status {
    size_t size;
    const char* host; /* as others are told */
    const char* tracker;
    const char* tracker_trouble; /* what it refuses, and why; "": nothing */
    const char* directory;
    const xfsbus_summary* scan; /* the last whole one; nought before */
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
    int32_t tracker_connected; /* 1: registered with it, and heard of it within its lease */
} xfsbus_status;

XFSBUS_C_API void xfsbus_status_free(const xfsbus_status* status);

#ifdef __cplusplus
}
#endif

#endif
