/* A file that is read while it comes, or that is here already. Only bytes that are verified and on
 * disk are read. All readers of one name share one download. xfsbus/xfsbus.h has the rules. */
#ifndef XFSBUS_C_READER_H
#define XFSBUS_C_READER_H

#include <xfsbus/c/base.h>
#include <xfsbus/c/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ends calls that it was given to, from another thread; a request that comes before the call
 * counts, too. */
typedef struct xfsbus_stop xfsbus_stop;

XFSBUS_C_API xfsbus_code xfsbus_stop_create(xfsbus_stop** stop, xfsbus_error* error);

/* Not while a call has it. */
XFSBUS_C_API void xfsbus_stop_free(xfsbus_stop* stop);

/* Those calls return soon, with XFSBUS_ERROR_INTERRUPTED. */
XFSBUS_C_API void xfsbus_stop_request(xfsbus_stop* stop);

/* xfsbus_open_options.flags */
typedef enum xfsbus_open_flags {
    XFSBUS_OPEN_FORCE = 1,  /* replace a different file of that name */
    XFSBUS_OPEN_REPAIR = 2, /* the same, and use what of it is right, if it has the same size */
    XFSBUS_OPEN_KEEP = 4    /* the download goes on when the last reader of the file is freed */
} xfsbus_open_flags;

/* How a file is opened, and fetched if it is not here. */
typedef struct xfsbus_open_options {
    size_t size;
    uint64_t sources;          /* as in xfsbus_download_request */
    int64_t wait_ms;           /* the same */
    uint64_t bytes_per_second; /* at which it is read, for the order of chunks; 0: nobody knows */
    const xfsbus_stop* stop;   /* ends xfsbus_peer_open; NULL: nothing does */
    uint64_t flags;            /* of xfsbus_open_flags */
} xfsbus_open_options;

/* May outlive its peer, after whose end reads fail with XFSBUS_ERROR_ENDED. Several threads may
 * read at once. */
typedef struct xfsbus_reader xfsbus_reader;

/* Opens a file for reading: one that is shared here, or one that is fetched from now on into the
 * directory, as any other. A name, NAME@ID, or a pattern that only one file matches. Waits until
 * its size is known, which is soon. XFSBUS_ERROR_NOT_FOUND if nobody has it. A file that a job of
 * this peer fetches already is read from there, and ends with it. `options` NULL: all as it is by
 * default. */
XFSBUS_C_API xfsbus_code xfsbus_peer_open(xfsbus_peer* peer, const char* name,
                                          const xfsbus_open_options* options, int64_t timeout_ms,
                                          xfsbus_reader** reader, xfsbus_error* error);

/* With the last reader of a name its download is cancelled, unless it is kept; what was fetched
 * stays for the next try. */
XFSBUS_C_API void xfsbus_reader_free(xfsbus_reader* reader);

/* Its name below the directory of the peer, and its content id in hex; both live as long as the
 * handle. "": NULL was passed. */
XFSBUS_C_API const char* xfsbus_reader_name(const xfsbus_reader* reader);
XFSBUS_C_API const char* xfsbus_reader_content(const xfsbus_reader* reader);

/* The file's size. 0: NULL was passed. */
XFSBUS_C_API uint64_t xfsbus_reader_size(const xfsbus_reader* reader);

/* Waits until the byte at `offset` is here, then reads it and what follows and is here, too: at
 * least one byte, and as many as fit. `bytes_read` is how many; 0 with XFSBUS_OK: the file ends
 * before, or `buffer_size` is 0. What is waited for is fetched before all else, and then what
 * follows it.
 *
 * XFSBUS_ERROR_TIMEOUT: it may be tried again. XFSBUS_ERROR_INTEGRITY: the file here was changed
 * after it was verified, or another version of it is fetched now: open it again. Else why the
 * download has failed. */
XFSBUS_C_API xfsbus_code xfsbus_reader_read(const xfsbus_reader* reader, uint64_t offset,
                                            void* buffer, size_t buffer_size, int64_t timeout_ms,
                                            size_t* bytes_read, xfsbus_error* error);

/* Waits until the whole file is here and has its name, so that to free the reader ends nothing any
 * more. Errors as those of xfsbus_reader_read. */
XFSBUS_C_API xfsbus_code xfsbus_reader_wait_until_whole(const xfsbus_reader* reader,
                                                        int64_t timeout_ms, xfsbus_error* error);

#ifdef __cplusplus
}
#endif

#endif
