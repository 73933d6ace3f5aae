/* The boundary between a plug-in and the program that loads it, the host: plain C, so that it
 * survives a change of compiler, standard library or language. A plug-in exports one object, the
 * descriptor named by XFSBUS_POLICY_SYMBOL, and nothing else; a program that embeds a peer may hand
 * it a descriptor of its own in place of a plug-in. C++ authors do not need this file:
 * peer_selector.hpp, chunk_order.hpp, integrity.hpp, handout.hpp or upload_choice.hpp, and
 * export.hpp, make the descriptor from a class.
 *
 * Growth. This is ABI 2, and it only grows: whatever was built against it runs in every later host,
 * and whatever is built against a later one runs in every earlier host.
 *   - Every struct begins with `size`, its size in bytes where it was made. The elements of an
 *     array are `size` bytes apart: walk it with XFSBUS_AT, never with [].
 *   - New fields are added at the end, which is never padding. A reader takes what `size` says
 *     is there (XFSBUS_HAS) and does without the rest. No field is ever moved, removed or given
 *     another meaning.
 *   - An operation that is NULL, or beyond the size of its table, means the default, which is
 *     said with each.
 *   - A question whose purpose is not below the `purposes` of a plug-in's table is not put to
 *     it: the default answers. Reasons and flags that a plug-in does not know may appear.
 *   - What ABI 2 did not begin with is marked "later"; a reader of an early host's structs asks
 *     XFSBUS_HAS about it.
 *   - A break of these rules would have another number, and a host refuses numbers that it does
 *     not speak. ABI 1 was never released, and is refused.
 *
 * Memory. What the host passes, strings included, lives until the call returns; copy what you keep.
 * The services and the object that create has made live until destroy returns. The descriptor and
 * all that it points to are never written to, and live as long as the process: a library stays
 * mapped for ever. Strings end with NUL, and are never NULL unless that is said.
 *
 * Threads. The host never calls one object from two threads at once. It may create several objects
 * of one plug-in and use each on a thread of its own; so create and destroy may be called by
 * several threads at once.
 *
 * Time. Operations are called on the path of the data: they must not block, sleep, or do I/O. A
 * call may take 10 ms, and should take microseconds; and all calls of one object together 50 ms of
 * each second (a handout: 250 ms): when these are spent the default answers until the next second
 * begins. create may take 1 s, as nobody waits for it; loading a plug-in, and then to create and to
 * destroy an object as a trial, 5 s each.
 *
 * Faults. An operation that fails returns XFSBUS_POLICY_FAILED and writes a NUL-terminated reason
 * of at most error_size bytes into error. No exception, panic or longjmp may cross this boundary.
 * An operation that fails, and one whose answer is none that is allowed here, is a fault: the
 * default answers instead, and the user is told. An answer that comes too late is used, and
 * counted. After 16 faults in a row, without one good decision between them, and after two calls
 * of more than 10 ms within ten seconds, or one of a second, the object is given up: the default
 * answers all that would be asked of it. Other objects, those of the next download, begin
 * afresh. Nothing stands in for a hash: there a fault ends the work.
 *
 * Loading. The file is copied to memory and loaded from there. Code does not see its file's name,
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
#define XFSBUS_POLICY_ABI 2u
#define XFSBUS_POLICY_SYMBOL "xfsbus_policy_descriptor"

#define XFSBUS_KIND_PEER_SELECTION "peer-selection"
#define XFSBUS_KIND_INTEGRITY "integrity"
#define XFSBUS_KIND_CHUNK_ORDER "chunk-order"
#define XFSBUS_KIND_HANDOUT "handout"             /* later */
#define XFSBUS_KIND_UPLOAD_CHOICE "upload-choice" /* later */

#define XFSBUS_POLICY_OK 0
#define XFSBUS_POLICY_NONE (-1)
#define XFSBUS_POLICY_FAILED (-2)

/* What `size` is where nobody sets it: right in C++, zero in C. What a field is that was added
 * later: zero, and C++ compilers do not warn that it is missing. */
#ifdef __cplusplus
#define XFSBUS_SIZE_OF(type) = sizeof(type)
#define XFSBUS_LATER = {}
#else
#define XFSBUS_SIZE_OF(type)
#define XFSBUS_LATER
#endif

/* The element of an array that a host passes; first points to the one whose index is 0. */
#define XFSBUS_AT(type, first, index) \
    ((const type*)((const char*)(first) + (size_t)(index) * (first)->size))

/* Whether what object points to has this member. */
#define XFSBUS_HAS(type, object, member) \
    ((object)->size >= offsetof(type, member) + sizeof(((const type*)NULL)->member))

/* A parameter that a plug-in takes: what it is called, 1 to 64 of [A-Za-z0-9_-] and no other's
 * name; what it is if nobody says. */
typedef struct xfsbus_parameter_info {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_parameter_info);
    const char* name;
    const char* default_value;
    const char* description;
} xfsbus_parameter_info;

/* A parameter as the user gave it. */
typedef struct xfsbus_parameter {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_parameter);
    const char* name;
    const char* value;
} xfsbus_parameter;

/* A source of random numbers seeded by the host: the same seed gives the same run. */
typedef struct xfsbus_random {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_random);
    void* state;
    uint64_t (*next)(void* state);
} xfsbus_random;

/* What the host does for an object. Any thread may call these, at any time in the object's life;
 * host is handed back to each. None of them fails but as is said. */
typedef struct xfsbus_services {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_services);
    void* host;
    /* Writes a line to the program's log, under the plug-in's name; control characters are escaped.
     * For what happens seldom: it is on the path of the data. */
    void (*log)(void* host, const char* text);
    /* A steady clock, the one of xfsbus_request.now_us. */
    uint64_t (*now_us)(void* host);
    /* The state that all objects of this plug-in share in this peer, so that what one download has
     * learned is there for the next: what make returned when it was first asked for, for as long as
     * the peer runs (in xfs-peer, the process); then it is given to destroy. make is called once,
     * and again only after it has returned NULL, which is then the answer; it must not ask for the
     * state. Several threads may use it at once: it needs a lock of its own. Another build of a
     * plug-in is another plug-in. */
    /* C needs the word. NOLINTNEXTLINE(modernize-redundant-void-arg) */
    void* (*shared)(void* host, void* (*make)(void), void (*destroy)(void* state));
    /* "key=value,..." as this peer describes itself to others, or "". */
    const char* labels;
    /* later: what the program gave with this descriptor, if it brings the policy itself
     * (xfsbus/c/policy.h); a plug-in that is loaded from a file: NULL. */
    void* context XFSBUS_LATER;
} xfsbus_services;

/* ---- peer-selection: who is used, and who gets the next request? ---- */

/* Which question it is: xfsbus_request.purpose. */
#define XFSBUS_PURPOSE_REQUEST 0u   /* who is asked for this chunk? */
#define XFSBUS_PURPOSE_DUPLICATE 1u /* the same of a chunk that others are late with */
#define XFSBUS_PURPOSE_ADMIT 2u     /* a place among the sources in use is free: who gets it? */
#define XFSBUS_PURPOSE_RANK 3u    /* a user looks: who is the best? asked again without that one */
#define XFSBUS_PURPOSE_REPLACE 4u /* later: all places are taken: who comes in for whom? */
#define XFSBUS_PURPOSE_WINDOW 5u  /* later: how much may this source be asked for at once? */
#define XFSBUS_PURPOSE_TOTAL 6u   /* later: and all of them together? */
#define XFSBUS_PURPOSES 7u        /* all that this header knows */

/* Where a question is not about a chunk. */
#define XFSBUS_NO_CHUNK UINT32_MAX

/* The decision to be made. */
typedef struct xfsbus_request {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_request);
    uint32_t purpose;           /* XFSBUS_PURPOSE_... */
    uint64_t now_us;            /* a steady clock; only differences mean something */
    uint64_t transfer;          /* one number for one download of one file; RANK: 0 */
    uint64_t file_bytes;        /* size of the file */
    uint64_t bytes;             /* of the chunk; ADMIT: of most chunks; RANK: of the file */
    uint64_t left_bytes;        /* of the file, not yet asked of anyone */
    uint64_t outstanding_bytes; /* asked of all sources in use, not delivered yet; RANK: 0 */
    uint64_t outstanding_most;  /* the most that this may be; RANK: 0 */
    uint32_t chunk;             /* its number, from 0; ADMIT and RANK: XFSBUS_NO_CHUNK */
    uint32_t copies;            /* how many sources in use have the chunk; 0 without one */
    uint32_t places;            /* how many sources may be in use; RANK: 0 */
    uint32_t places_used;       /* how many are */
    /* later: since when the policy holds this chunk back; else 0 */
    uint64_t held_us XFSBUS_LATER;
} xfsbus_request;

/* xfsbus_source.flags; all but the first are later */
#define XFSBUS_SOURCE_IN_USE 1u     /* it has a place, and is sent requests */
#define XFSBUS_SOURCE_ANSWERABLE 2u /* the answer to this question may be this one */
#define XFSBUS_SOURCE_HAS_CHUNK 4u  /* of the request; never set where there is none */
#define XFSBUS_SOURCE_HAS_ROOM 8u   /* more may be asked of it now */
/* REPLACE: it alone of those in use has a chunk that is needed, and gives way to a candidate that
 * has the whole file only */
#define XFSBUS_SOURCE_SOLE_HOLDER 16u
#define XFSBUS_SOURCE_LEAVING 32u /* it gives way: what it was asked for still comes */

/* What a policy may know about one source of a file at the moment of a decision. */
typedef struct xfsbus_source {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_source);
    uint32_t flags;             /* XFSBUS_SOURCE_... */
    uint64_t source_id;         /* the same source has the same id as long as the peer runs */
    const char* endpoint;       /* "IP:PORT" */
    const char* labels;         /* "key=value,..." as the source describes itself, or "" */
    double latency_ms;          /* round trip: measured, or what the latency file says */
    double rate_bytes_per_s;    /* measured rate of delivery; 0 = not known yet */
    double completeness;        /* part of the file that the source has, 0 to 1 */
    uint64_t outstanding_bytes; /* asked of the source by this transfer, not delivered yet */
    uint64_t window_bytes;      /* the most that may be outstanding; RANK: 0 */
    uint64_t delivered_bytes;   /* delivered and verified in this transfer */
    uint64_t duplicate_bytes;   /* delivered in this transfer when another had been quicker */
    uint64_t in_use_us;         /* since when it has its place; 0 without one */
    uint64_t silent_us;         /* since when nothing was heard of it; 0 if it is not in use */
    uint32_t requests;          /* chunks that make up outstanding_bytes */
    uint32_t load;              /* transfers the source was busy with when it was last asked */
    uint32_t failures;          /* times that it did not deliver in time, in this transfer */
    uint32_t failures_in_a_row; /* of these, since it last delivered */
    /* later: */
    /* of chunks that wait for it to have room */
    uint64_t held_bytes XFSBUS_LATER;
    /* rate when an earlier download used it; 0 = none did; and since when that is known */
    double history_bytes_per_s XFSBUS_LATER;
    uint64_t history_age_us XFSBUS_LATER;
    /* since when completeness is known; 0 if it is in use */
    uint64_t completeness_age_us XFSBUS_LATER;
} xfsbus_source;

/* How a request ended: xfsbus_outcome.reason. One that you do not know is a failure. */
#define XFSBUS_OUTCOME_DELIVERED 0u /* it came; verified and stored, or about to be */
#define XFSBUS_OUTCOME_DUPLICATE 1u /* it came, but another had been quicker */
#define XFSBUS_OUTCOME_LATE 2u      /* it did not come in time */
#define XFSBUS_OUTCOME_REFUSED 3u   /* the source does not want to, or does not have it any more */
#define XFSBUS_OUTCOME_LOST 4u      /* the source is gone */
#define XFSBUS_OUTCOME_CORRUPT 5u   /* the source sent something else, for this chunk or another */

typedef struct xfsbus_outcome {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_outcome);
    uint32_t reason;       /* XFSBUS_OUTCOME_... */
    uint64_t transfer;     /* as in the request */
    uint64_t bytes;        /* size of the chunk */
    uint64_t elapsed_us;   /* from request to the end: stored, or given up */
    uint64_t queued_bytes; /* outstanding at the source when it was asked, without this */
    uint32_t queued;       /* chunks that made up queued_bytes */
    uint32_t chunk;        /* its number, from 0 */
} xfsbus_outcome;

/* xfsbus_answer.action */
#define XFSBUS_ANSWER_DEFAULT 0u  /* as if there were no decide */
#define XFSBUS_ANSWER_CHOOSE 1u   /* source; with REPLACE, gives_way goes */
#define XFSBUS_ANSWER_WAIT_FOR 2u /* REQUEST: source has no room; the chunk waits until it has */
#define XFSBUS_ANSWER_NONE 3u     /* nobody for now */
#define XFSBUS_ANSWER_LIMIT 4u    /* WINDOW and TOTAL: bytes */

/* What decide answers; later than the rest of this header. Made by the host, all zero. */
typedef struct xfsbus_answer {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_answer);
    uint32_t action;    /* XFSBUS_ANSWER_... */
    uint32_t source;    /* an index; it must be ANSWERABLE */
    uint32_t gives_way; /* likewise; REPLACE only */
    /* WAIT_FOR and NONE: ask again after so long at the latest; 0 is 500 ms, 5 s the most. Asked
     * earlier if there are news of the chunk or of the sources. */
    uint64_t again_us;
    uint64_t bytes; /* more than the host allows is what it allows, and one chunk always may be */
} xfsbus_answer;

/* One object serves one download, of one file or of many, or one look of a user (RANK). */
typedef struct xfsbus_peer_selector_operations {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_peer_selector_operations);
    uint32_t purposes; /* XFSBUS_PURPOSES: the questions of this header; not 0 if there is a pick */
    /* Asked REQUEST, DUPLICATE, ADMIT and RANK, and shown only those who may be answered and have
     * room. The index of a source, below count, which is never 0; or XFSBUS_POLICY_NONE for nobody
     * now, and the host asks again when there are news, or after 500 ms (RANK: who is left is as
     * good as any); or XFSBUS_POLICY_FAILED. NULL: the built-in rule, the lowest
     * latency_ms + 10 x load. */
    int64_t (*pick)(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                    size_t count, xfsbus_random* random, char* error, size_t error_size);
    /* What choosing this source costs, lower is better, in the policy's own unit; not a NaN.
     * XFSBUS_POLICY_NONE: the policy does not think in costs; so does one where this is NULL. */
    int (*cost)(void* self, const xfsbus_source* source, double* cost, char* error,
                size_t error_size);
    /* Told of the end of each request, but of those that a source was too busy for and of those
     * that were called off. NULL: the policy does not learn. */
    int (*observe)(void* self, const xfsbus_source* source, const xfsbus_outcome* outcome,
                   char* error, size_t error_size);
    /* later: the questions that decide answers, a bit 1 << purpose for each; asked once, when the
     * object has been made. NULL: all but RANK, if there is a decide. */
    uint32_t (*decides)(void* self) XFSBUS_LATER;
    /* later: answers these in place of pick; the sources are
     *   REQUEST, DUPLICATE: all in use, those without the chunk and those without room too;
     *   ADMIT, REPLACE: all in use, and the candidates, which are not IN_USE;
     *   WINDOW: the one; TOTAL: all in use.
     * Who is not ANSWERABLE is shown to be known of, and may not be answered. CHOOSE of a REQUEST
     * needs HAS_ROOM. REPLACE comes twice a second while candidates wait, but not near the end; who
     * has just come may not give way; without an answer the host's rule
     * stands, which lets a source that is known to be better, or is worth trying, come in for the
     * slowest. WINDOW and TOTAL come a few times a second. If nothing is under way for two seconds
     * since the policy wants nobody, the built-in rule answers in its place until it wants somebody
     * again. XFSBUS_POLICY_OK or XFSBUS_POLICY_FAILED. NULL: pick is asked. */
    int (*decide)(void* self, const xfsbus_request* request, const xfsbus_source* sources,
                  size_t count, xfsbus_answer* answer, xfsbus_random* random, char* error,
                  size_t error_size) XFSBUS_LATER;
} xfsbus_peer_selector_operations;

/* ---- integrity: is it what it should be? ---- */

/* None of these may be NULL. One object hashes one message after another. */
typedef struct xfsbus_integrity_operations {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_integrity_operations);
    /* Bytes of a digest, 32 to 64; constant. */
    uint32_t (*digest_size)(void* self);
    int (*update)(void* self, const void* data, size_t size, char* error, size_t error_size);
    /* Writes digest_size bytes; the object is then ready for the next message. */
    int (*finish)(void* self, void* digest, char* error, size_t error_size);
} xfsbus_integrity_operations;

/* ---- chunk-order: what is asked for first? ---- */

/* What a policy may know about one chunk that a download still needs. */
typedef struct xfsbus_chunk {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_chunk);
    uint32_t chunk;                     /* its number in the file, from 0 */
    uint32_t chunks;                    /* chunks in the file */
    uint32_t copies;                    /* how many of the sources in use are known to have it */
    uint32_t sources;                   /* how many sources are in use */
    uint64_t bytes;                     /* size of the chunk */
    uint64_t offset_bytes XFSBUS_LATER; /* where it begins in the file */
    /* Where somebody reads who reads the file while it comes; 0: at its beginning, or nobody. */
    uint64_t play_head_bytes XFSBUS_LATER;
    /* How fast that moves on where there is something to read; 0: not until it is set again. */
    double play_bytes_per_s XFSBUS_LATER;
} xfsbus_chunk;

/* One object serves the download of one file. */
typedef struct xfsbus_chunk_order_operations {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_chunk_order_operations);
    /* Writes one finite rank for each of the count chunks; the lower is asked for earlier, equal
     * ones in random order. Called with all chunks that are still needed when the download begins,
     * and with a chunk again when the number of its copies changes, and with all again when the
     * play head comes to another chunk or its rate changes, ten times a second at most; the new
     * rank replaces the old one. NULL: the built-in rule, the rarest first. */
    int (*rank)(void* self, const xfsbus_chunk* chunks, size_t count, double* ranks,
                xfsbus_random* random, char* error, size_t error_size);
} xfsbus_chunk_order_operations;

/* ---- handout, later: which of a file's many sources does a tracker name? ---- */

/* A find of a file that has more sources than the answer names. */
typedef struct xfsbus_handout_request {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_handout_request);
    uint32_t wanted;          /* so many are named: at least 1, and fewer than there are */
    uint64_t file_bytes;      /* size of the file */
    const char* asker_host;   /* the address that the question came from; "" if it cannot be told */
    const char* asker_labels; /* "key=value,..." as the asker describes itself; "" if it is not
                               * registered */
} xfsbus_handout_request;

/* xfsbus_handout_source.flags */
#define XFSBUS_HANDOUT_SOURCE_COMPLETE 1u /* it has the whole file */

/* What a tracker knows of one source of the file, as the source said it last. */
typedef struct xfsbus_handout_source {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_handout_source);
    uint32_t flags;      /* XFSBUS_HANDOUT_SOURCE_... */
    uint64_t source_id;  /* the same peer has the same id as long as it is registered */
    uint64_t draw;       /* drawn for this source and this find: any number, all equally likely */
    const char* host;    /* where it listens: its address, */
    const char* labels;  /* "key=value,..." as the source describes itself, or "" */
    double completeness; /* part of the file that it has, 0 to 1; 0: it has just begun to fetch */
    uint32_t port;       /* and its port */
    uint32_t load;       /* transfers that it is busy with */
} xfsbus_handout_source;

/* One object serves a tracker until another takes its place. */
typedef struct xfsbus_handout_operations {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_handout_operations);
    /* Writes one finite rank for each of the count sources; those of the lowest are named, the
     * lowest first, equal ones in the order of their draws; if there are complete ones, one of them
     * always, in the last place if need be. Not asked where all can be named. Asked once more for
     * the same find, with the same draws, when sources turn out to be gone: what depends on nothing
     * else then names most of them again, so that few new ones are waited for. XFSBUS_POLICY_OK or
     * XFSBUS_POLICY_FAILED. NULL: the built-in rule, half of them complete and half not. */
    int (*rank)(void* self, const xfsbus_handout_request* request,
                const xfsbus_handout_source* sources, size_t count, double* ranks, char* error,
                size_t error_size);
} xfsbus_handout_operations;

/* ---- upload-choice, later: which of the sinks that wait is sent a chunk next? ---- */

/* This peer can read another chunk, and sinks wait for one. */
typedef struct xfsbus_upload_request {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_upload_request);
    uint32_t places; /* sinks that are served, whether they wait now or not */
    uint64_t now_us; /* a steady clock; only differences mean something */
} xfsbus_upload_request;

/* A sink that waits, and the chunk that it would be sent: of those that it asks for the one that
 * has left this peer least often. */
typedef struct xfsbus_upload_sink {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_upload_sink);
    uint32_t copies;  /* of the chunk: times that it has left this peer */
    uint64_t sink_id; /* the same sink has the same id as long as it is served without a break */
    uint64_t draw;    /* drawn when it came: any number, all equally likely */
    uint64_t content; /* the same for the same content */
    uint64_t bytes;   /* of the chunk */
    /* Sent to it, counted so that who waits least is not behind for having come late: it begins
     * where the others are. Only differences mean something. */
    uint64_t share_bytes;
    uint64_t waits_us;  /* since when it waits, or was sent something last */
    uint64_t served_us; /* since when it is served */
    const char* host;   /* its address */
    /* At which rate it has delivered to this peer in the last 20 s or so; 0: it has not, or it says
     * nothing of serving anybody. */
    double delivers_bytes_per_s;
} xfsbus_upload_sink;

/* One object serves a peer as long as it runs. */
typedef struct xfsbus_upload_choice_operations {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_upload_choice_operations);
    /* Writes one finite rank for each of the count sinks; the one of the lowest is sent its chunk,
     * of equals the one of the least share_bytes. Asked for every chunk that is sent. Who has
     * waited for long is served all the same, so that a transfer does not end: of all that is sent
     * a tenth at most goes that way. XFSBUS_POLICY_OK or XFSBUS_POLICY_FAILED. NULL: the built-in
     * rule, fair by bytes. */
    int (*rank)(void* self, const xfsbus_upload_request* request, const xfsbus_upload_sink* sinks,
                size_t count, double* ranks, char* error, size_t error_size);
} xfsbus_upload_choice_operations;

/* What XFSBUS_POLICY_SYMBOL names. In C: const xfsbus_descriptor xfsbus_policy_descriptor = {...};
 * The host reads size, magic and abi_version before anything else, and calls nothing if they do not
 * fit. */
typedef struct xfsbus_descriptor {
    uint32_t size XFSBUS_SIZE_OF(xfsbus_descriptor);
    uint32_t magic;
    uint32_t abi_version;
    uint32_t parameter_count;
    const char* kind; /* XFSBUS_KIND_... */
    const char* name; /* [a-z0-9-], 1 to 32; an integrity plug-in's name stands in manifests */
    const char* version;
    const char* description;
    const xfsbus_parameter_info* parameters; /* NULL if there are none */
    const void* operations;                  /* xfsbus_..._operations, as the kind has it */
    /* NULL on failure, with the reason in error. */
    void* (*create)(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size);
    void (*destroy)(void* self);
} xfsbus_descriptor;

#ifdef __cplusplus
}
#endif

#endif
