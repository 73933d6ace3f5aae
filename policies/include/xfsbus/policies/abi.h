/* The boundary between a plug-in and the program that loads it: plain C, so that it survives a
 * change of compiler, standard library or language. A plug-in exports one object, the descriptor
 * named by XFSBUS_POLICY_SYMBOL. The host reads magic, abi_version and struct_size before anything
 * else, and calls nothing if they do not fit.
 *
 * C++ authors do not need this file: peer_selector.hpp, chunk_order.hpp or integrity.hpp, and
 * export.hpp, make the descriptor from a class.
 *
 * Threads: the host never calls one object from two threads at once. It may create several
 * objects of one plug-in and use each on a thread of its own; so create and destroy may be called
 * by several threads at once.
 * Errors: an operation that fails returns XFSBUS_POLICY_FAILED and writes a NUL-terminated reason
 * of at most error_size bytes into error. No exception may cross this boundary. Names of parameters
 * are 1 to 64 of [A-Za-z0-9_-], each declared once. Time: operations are called on the path of the
 * data; they must not block, sleep, or do I/O. create is called where nobody waits, and may take up
 * to a second; loading a plug-in, and then to create and to destroy an object as a trial, 5 s each.
 * Loading: the file is copied to memory and loaded from there. Code does not see its file's name,
 * and finds nothing beside it ($ORIGIN).
 */
#ifndef XFSBUS_POLICIES_ABI_H
#define XFSBUS_POLICIES_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XFSBUS_POLICY_MAGIC 0x58465350u /* "XFSP" */
#define XFSBUS_POLICY_ABI 1u
#define XFSBUS_POLICY_SYMBOL "xfsbus_policy_descriptor"

#define XFSBUS_KIND_PEER_SELECTION "peer-selection"
#define XFSBUS_KIND_INTEGRITY "integrity"
#define XFSBUS_KIND_CHUNK_ORDER "chunk-order"

#define XFSBUS_POLICY_OK 0
#define XFSBUS_POLICY_NONE (-1)
#define XFSBUS_POLICY_FAILED (-2)

/* A parameter that a plug-in takes: what it is called, what it is if nobody says. */
typedef struct xfsbus_parameter_info {
    const char* name;
    const char* default_value;
    const char* description;
} xfsbus_parameter_info;

/* A parameter as the user gave it. */
typedef struct xfsbus_parameter {
    const char* name;
    const char* value;
} xfsbus_parameter;

/* What a policy may know about one source of a file at the moment of a decision. */
typedef struct xfsbus_source {
    uint64_t source_id;         /* the same source has the same id as long as the program runs */
    const char* endpoint;       /* "IP:PORT" */
    const char* labels;         /* "key=value,..." as the source describes itself, or "" */
    double latency_ms;          /* round trip: measured, or what the latency file says */
    double rate_bytes_per_s;    /* measured rate of delivery; 0 = not known yet */
    double completeness;        /* part of the file that the source has, 0 to 1 */
    uint64_t outstanding_bytes; /* asked of the source by this transfer, not delivered yet */
    uint64_t window_bytes;      /* the most that may be outstanding */
    uint64_t delivered_bytes;   /* delivered and verified in this transfer */
    uint32_t load;              /* transfers the source was busy with when it was last asked */
    uint32_t failures;          /* requests to it that timed out or failed in this transfer */
} xfsbus_source;

/* The decision to be made: who gets the next request of this transfer? */
typedef struct xfsbus_request {
    uint64_t now_us;     /* a steady clock; only differences mean something */
    uint64_t file_bytes; /* size of the file */
    uint64_t bytes;      /* size of the request that is to be placed */
    uint64_t left_bytes; /* of the file, not yet asked of anyone */
} xfsbus_request;

/* How a request ended. */
typedef struct xfsbus_outcome {
    uint64_t bytes;      /* size of the request */
    uint64_t elapsed_us; /* from request to verified delivery, or to giving up */
    int delivered;       /* 1 delivered and verified; 0 failed, timed out or corrupt */
} xfsbus_outcome;

/* What a policy may know about one chunk that a download still needs. */
typedef struct xfsbus_chunk {
    uint32_t chunk;   /* its number in the file, from 0 */
    uint32_t chunks;  /* chunks in the file */
    uint32_t copies;  /* how many of the sources in use are known to have it */
    uint32_t sources; /* how many sources are in use */
    uint64_t bytes;   /* size of the chunk */
} xfsbus_chunk;

/* A source of random numbers seeded by the host: the same seed gives the same run. */
typedef struct xfsbus_random {
    void* state;
    uint64_t (*next)(void* state);
} xfsbus_random;

typedef struct xfsbus_peer_selector_operations {
    uint32_t struct_size;
    /* The index of the source that gets the request, or XFSBUS_POLICY_NONE, or
     * XFSBUS_POLICY_FAILED. */
    int64_t (*pick)(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                    size_t count, xfsbus_random* random, char* error, size_t error_size);
    /* What choosing this source costs, lower is better, in the policy's own unit.
     * XFSBUS_POLICY_NONE: the policy does not think in costs. */
    int (*cost)(void* self, const xfsbus_source* source, double* cost, char* error,
                size_t error_size);
    /* Told of the end of each request; a policy that does not learn does nothing. */
    int (*observe)(void* self, const xfsbus_source* source, const xfsbus_outcome* outcome,
                   char* error, size_t error_size);
} xfsbus_peer_selector_operations;

typedef struct xfsbus_integrity_operations {
    uint32_t struct_size;
    /* Bytes of a digest, 32 to 64; constant. */
    uint32_t (*digest_size)(void* self);
    int (*update)(void* self, const void* data, size_t size, char* error, size_t error_size);
    /* Writes digest_size bytes; the object is then ready for the next message. */
    int (*finish)(void* self, void* digest, char* error, size_t error_size);
} xfsbus_integrity_operations;

typedef struct xfsbus_chunk_order_operations {
    uint32_t struct_size;
    /* Writes one finite rank for each of the count chunks; the lower is asked for earlier, equal
     * ones in random order. Called with all chunks that are still needed when the download begins,
     * and with a chunk again when the number of its copies changes; the new rank replaces the old
     * one. It is on the path of every decision and must not block. */
    int (*rank)(void* self, const xfsbus_chunk* chunks, size_t count, double* ranks,
                xfsbus_random* random, char* error, size_t error_size);
} xfsbus_chunk_order_operations;

/* What XFSBUS_POLICY_SYMBOL names. In C: const xfsbus_descriptor xfsbus_policy_descriptor = {...};
 */
typedef struct xfsbus_descriptor {
    uint32_t magic;
    uint32_t abi_version;
    uint32_t struct_size;
    uint32_t parameter_count;
    const char* kind; /* XFSBUS_KIND_... */
    const char* name; /* [a-z0-9-], 1 to 32; an integrity plug-in's name stands in manifests */
    const char* version;
    const char* description;
    const xfsbus_parameter_info* parameters;
    const void* operations; /* xfs_..._operations, as the kind has it */
    /* NULL on failure, with the reason in error. */
    void* (*create)(const xfsbus_parameter* parameters, size_t count, char* error,
                    size_t error_size);
    void (*destroy)(void* self);
} xfsbus_descriptor;

#ifdef __cplusplus
}
#endif

#endif
