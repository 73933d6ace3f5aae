/* What all calls have in common: codes, errors, the version. xfsbus/xfsbus.h has the rules. */
#ifndef XFSBUS_C_BASE_H
#define XFSBUS_C_BASE_H

#include <stddef.h>
#include <stdint.h>

#define XFSBUS_C_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Why something did not work. Later versions may have more. */
typedef enum xfsbus_code {
    XFSBUS_OK = 0,
    XFSBUS_ERROR_FAILED = 1,              /* anything without a code of its own */
    XFSBUS_ERROR_USAGE = 2,               /* asked wrongly: arguments, options, parameters */
    XFSBUS_ERROR_NOT_FOUND = 3,           /* nobody has it */
    XFSBUS_ERROR_TRACKER_UNREACHABLE = 4, /* no answer from the tracker */
    XFSBUS_ERROR_TIMEOUT = 5,             /* a deadline passed */
    XFSBUS_ERROR_NETWORK = 6,             /* an address, a socket, a peer */
    XFSBUS_ERROR_INTERRUPTED = 7,         /* stopped on request; can be resumed */
    XFSBUS_ERROR_INTEGRITY = 8,           /* bytes that are not what their hash says */
    XFSBUS_ERROR_DISK = 9,                /* full, unreadable, unwritable */
    XFSBUS_ERROR_NOT_AUTHORISED = 10,     /* not allowed */
    XFSBUS_ERROR_PLUGIN = 11,             /* a plug-in that was refused */
    XFSBUS_ERROR_ENDED = 12               /* what was asked is no more */
} xfsbus_code;

/* What went wrong: for programs, and for people. It is the caller's, and nothing of it is to be
 * freed; a message that is too long ends in "...". This struct does not grow. */
typedef struct xfsbus_error {
    int32_t code; /* an xfsbus_code */
    char message[1020];
} xfsbus_error;

/* "not-found"; of what is no code, "failed". Lives for ever. */
XFSBUS_C_API const char* xfsbus_code_name(int32_t code);

/* Of the library that is running: "0.1.0". Lives for ever. */
XFSBUS_C_API const char* xfsbus_version(void);

#ifdef __cplusplus
}
#endif

#endif
