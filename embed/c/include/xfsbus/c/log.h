/* What a peer says of itself, line by line: what its program may log. docs/OPERATING.md lists what
 * there is. xfsbus/xfsbus.h has the rules.
 *
 * The callback, xfsbus_options.log, is called on threads of the peer, one call at a time and never
 * within itself. The peer waits for it, so it must return soon; a call that would wait for a peer
 * is refused there (XFSBUS_ERROR_USAGE). No exception and no longjmp may leave it. It is not called
 * any more when xfsbus_options.log_release has been, which is before xfsbus_peer_free returns, and
 * before xfsbus_peer_start returns without a peer; soon after, if xfsbus_peer_free is called within
 * a callback of that peer. What it is given is there until it returns, and is not to be freed. */
#ifndef XFSBUS_C_LOG_H
#define XFSBUS_C_LOG_H

#include <xfsbus/c/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How important a line is; as xfsbus_options.log_level: what is less important is not told. */
typedef enum xfsbus_log_level {
    XFSBUS_LOG_DEBUG = 0,
    XFSBUS_LOG_INFO = 1,
    XFSBUS_LOG_WARNING = 2,
    XFSBUS_LOG_ERROR = 3,
    XFSBUS_LOG_OFF = 4 /* of no line */
} xfsbus_log_level;

/* What a field of a line holds. */
typedef enum xfsbus_log_kind {
    XFSBUS_LOG_TEXT = 1,   /* `text` */
    XFSBUS_LOG_NUMBER = 2, /* `number` */
    XFSBUS_LOG_REAL = 3    /* `real` */
} xfsbus_log_kind;

typedef struct xfsbus_log_field {
    size_t size;
    const char* name;
    const char* text; /* "" if it is none */
    uint64_t number;
    double real;
    int64_t kind; /* an xfsbus_log_kind */
} xfsbus_log_field;

/* A line. What came from others is escaped in it. */
typedef struct xfsbus_log_event {
    size_t size;
    const char* name; /* what kind of thing happened, for programs; "": a note for people */
    const char* text; /* for people */
    int64_t level;    /* an xfsbus_log_level */
    size_t fields_count;
    const xfsbus_log_field* const* fields;
} xfsbus_log_event;

XFSBUS_C_API void xfsbus_log_event_free(const xfsbus_log_event* event);

/* ---- a queue of lines, for programs that are not to be called on threads of the peer ---- */

/* It keeps so many lines that nobody has taken; of what comes then, until all of those are taken,
 * only the number is told, by a line `log-lost`. */
typedef struct xfsbus_log_queue xfsbus_log_queue;

/* `most`: of the lines that it keeps, at least 1. */
XFSBUS_C_API xfsbus_code xfsbus_log_queue_create(uint64_t most, xfsbus_log_queue** queue,
                                                 xfsbus_error* error);

/* Once no peer uses it, and nobody waits for it. */
XFSBUS_C_API void xfsbus_log_queue_free(xfsbus_log_queue* queue);

/* An xfsbus_options.log, whose `log_user` is the queue: puts a copy of the line into it. */
XFSBUS_C_API void xfsbus_log_queue_put(void* queue, const xfsbus_log_event* event);

/* Nothing more comes: who waits has the lines that are left, and then none. It can be the
 * xfsbus_options.log_release, too. */
XFSBUS_C_API void xfsbus_log_queue_end(void* queue);

/* Takes the oldest line, and waits for one; it is the caller's to free. XFSBUS_OK and NULL: there
 * is none after xfsbus_log_queue_end. XFSBUS_ERROR_TIMEOUT: none in time. */
XFSBUS_C_API xfsbus_code xfsbus_log_queue_take(xfsbus_log_queue* queue, int64_t timeout_ms,
                                               const xfsbus_log_event** event, xfsbus_error* error);

#ifdef __cplusplus
}
#endif

#endif
