/* What happens to a peer and its jobs, in order. xfsbus/xfsbus.h has the rules.
 *
 * A slow reader cannot make it grow: 1,024 of the events that may be lost are kept, of progress and
 * of the tracker the last one, and the end of each job. docs/EMBEDDING.md says which is which. */
#ifndef XFSBUS_C_EVENTS_H
#define XFSBUS_C_EVENTS_H

#include <xfsbus/c/answers.h>
#include <xfsbus/c/base.h>
#include <xfsbus/c/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Later versions may have more. */
typedef enum xfsbus_event_kind {
    XFSBUS_EVENT_PROGRESS = 1,      /* `job`, `progress`: how a download stands */
    XFSBUS_EVENT_PUSH_PROGRESS = 2, /* `job`, `push_progress` */
    XFSBUS_EVENT_FILE_DONE = 3,     /* `job`, `file`: it is there, or will not be */
    XFSBUS_EVENT_JOB_DONE = 4,      /* `job`, `code`, `message`: the last event of it */
    XFSBUS_EVENT_TRACKER_UP = 5,    /* the tracker knows this peer */
    XFSBUS_EVENT_TRACKER_LOST = 6,  /* `code`, `message` */
    XFSBUS_EVENT_SCANNED = 7,       /* `summary`: a scan of this peer's directory is over */
    XFSBUS_EVENT_FILE_APPEARED =
        8,                      /* `shared`: this peer shares it, or another content of its name */
    XFSBUS_EVENT_FILE_GONE = 9, /* `shared`, its name alone */
    XFSBUS_EVENT_PEER_APPEARED = 10,   /* `peer`: the tracker's list has it now */
    XFSBUS_EVENT_PEER_GONE = 11,       /* `peer`, its host and port alone */
    XFSBUS_EVENT_LOST = 12,            /* `count`: so many events are missing here */
    XFSBUS_EVENT_ENDED = 13,           /* `code`, `message`: the last event of all */
    XFSBUS_EVENT_LISTING_CHANGED = 14, /* `job`, `listed`, `change`: of a subscription */
    XFSBUS_EVENT_PEER_CHANGED = 15     /* `job`, `peer`, `change`: of a subscription, too */
} xfsbus_event_kind;

/* What has become of a file at all peers together: xfsbus_event.change. Later versions may have
 * more. */
typedef enum xfsbus_listing_change {
    XFSBUS_LISTING_THERE = 1,    /* it was there when the subscription began */
    XFSBUS_LISTING_APPEARED = 2, /* somebody has it; before, nobody had anything of this name */
    XFSBUS_LISTING_CHANGED = 3,  /* somebody has this content under a name that had another */
    XFSBUS_LISTING_HOLDERS = 4,  /* other numbers of peers have it */
    XFSBUS_LISTING_GONE = 5      /* nobody has anything of this name any more */
} xfsbus_listing_change;

/* What has become of another peer, as the tracker knows it: xfsbus_event.change of an
 * XFSBUS_EVENT_PEER_CHANGED. Later versions may have more. One that was lost and is back is gone
 * and has appeared; one that was started anew is another, with another id. */
typedef enum xfsbus_peer_change {
    XFSBUS_PEER_THERE = 1,    /* it was there when the subscription began */
    XFSBUS_PEER_APPEARED = 2, /* it is there now */
    XFSBUS_PEER_CHANGED = 3,  /* it has another address, or other labels */
    XFSBUS_PEER_GONE = 4      /* it is not there any more; `peer` is as it was last */
} xfsbus_peer_change;

/* What its kind does not name is 0, NULL or "". */
typedef struct xfsbus_event {
    size_t size;
    int32_t kind; /* an xfsbus_event_kind */
    int32_t code; /* an xfsbus_code */
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
    int64_t change; /* an xfsbus_listing_change, or an xfsbus_peer_change */
} xfsbus_event;

XFSBUS_C_API void xfsbus_event_free(const xfsbus_event* event);

/* A queue, from which each event is taken once. May outlive its peer. */
typedef struct xfsbus_events xfsbus_events;

XFSBUS_C_API void xfsbus_events_free(xfsbus_events* events);

/* Can be read (POLLIN) while there is an event: for poll, epoll, an event loop. Not to be read or
 * closed; it is there as long as a handle of the queue. -1: NULL was passed. */
XFSBUS_C_API int xfsbus_events_descriptor(const xfsbus_events* events);

/* Takes the next event, which is then the caller's to free. XFSBUS_OK and NULL: there is none. */
XFSBUS_C_API xfsbus_code xfsbus_events_next(const xfsbus_events* events, const xfsbus_event** event,
                                            xfsbus_error* error);

/* The same, and waits for one. XFSBUS_OK and NULL: none in time, or, after XFSBUS_EVENT_ENDED,
 * never. */
XFSBUS_C_API xfsbus_code xfsbus_events_wait(const xfsbus_events* events, int64_t timeout_ms,
                                            const xfsbus_event** event, xfsbus_error* error);

#ifdef __cplusplus
}
#endif

#endif
