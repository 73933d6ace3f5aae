/* What a program shares although it does not stand in the directory of its peer, if that has one:
 * bytes in memory, a file that lies elsewhere, or bytes that the program reads by itself. Others
 * find and fetch it as any shared file, until it is unpublished or the peer is freed.
 * xfsbus/xfsbus.h has the rules.
 *
 * Callbacks. `read` and `release` are called on threads of the peer, `read` also on those that read
 * the file with an xfsbus_reader of the same peer, and by several at once. No exception and no
 * longjmp may leave them. A call that would wait for a peer is refused there
 * (XFSBUS_ERROR_USAGE). `release` is called once, when `data` or `user` is not used any more: that
 * may be before the call that publishes returns, if that fails. It is not called if the request is
 * NULL, or its size makes no sense. */
#ifndef XFSBUS_C_PUBLISH_H
#define XFSBUS_C_PUBLISH_H

#include <xfsbus/c/base.h>
#include <xfsbus/c/job.h>
#include <xfsbus/c/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What was published. */
typedef struct xfsbus_published {
    size_t size;
    const char* name;
    const char* content; /* content id in hex */
    uint64_t bytes;      /* its size */
    /* What describes the content, some 32 bytes for each chunk. Kept by the program it spares the
     * reading when the same is published again, by any peer. */
    uint64_t manifest_bytes;
    const void* manifest;
} xfsbus_published;

XFSBUS_C_API void xfsbus_published_free(const xfsbus_published* published);

/* In each request:
 * `name`: under which others find it: as that of a file, relative and with '/'.
 * `manifest`: xfsbus_published.manifest of an earlier time: nothing is read now. What is sent is
 * not compared with it here: whoever fetches does that, and what does not fit is thrown away there,
 * and read again here. NULL: all is read and hashed first. */

/* Bytes in memory. */
typedef struct xfsbus_publish_memory_request {
    size_t size;
    const char* name;
    const void* data; /* nobody may change it before it is released */
    uint64_t data_bytes;
    void (*release)(void* user); /* NULL: `data` is copied before the call returns */
    void* user;
    const void* manifest;
    uint64_t manifest_bytes;
} xfsbus_publish_memory_request;

/* A file that lies elsewhere. */
typedef struct xfsbus_publish_file_request {
    size_t size;
    const char* name;
    const char* path; /* links in it are followed each time that it is read */
    const void* manifest;
    uint64_t manifest_bytes;
} xfsbus_publish_file_request;

/* Bytes that the program reads by itself, and that never change. */
typedef struct xfsbus_publish_blocks_request {
    size_t size;
    const char* name;
    uint64_t bytes; /* all of them */
    /* Fills the buffer, of 4 MiB at most, with the bytes from `offset` on: XFSBUS_OK. Any other
     * xfsbus_code: whoever fetches the file is told that it cannot be had here now; it stays
     * published, and is read again for whoever asks next. One that does not return holds up all
     * that the program publishes as memory or as blocks. */
    int32_t (*read)(void* user, uint64_t offset, void* buffer, size_t buffer_size);
    void (*release)(void* user); /* NULL: nothing is to be done */
    void* user;
    const void* manifest;
    uint64_t manifest_bytes;
} xfsbus_publish_blocks_request;

/* Done when the tracker has been told, or cannot be told now. After XFSBUS_ERROR_TIMEOUT it may be
 * shared all the same, if only the tracker was waited for. XFSBUS_ERROR_USAGE: something of the
 * directory has the name, something is published under it, or there is too much already
 * (xfsbus_options.published_most). A file that the directory gets under such a name later is not
 * shared before the other is unpublished, and this peer fetches nothing to that name.
 *
 * Nobody is sent anything but what was published. A file that is changed, or whose bytes do not fit
 * the manifest that was given, is not published any more as soon as somebody asks for it
 * (XFSBUS_EVENT_FILE_GONE). */
XFSBUS_C_API xfsbus_code xfsbus_peer_publish_memory(xfsbus_peer* peer,
                                                    const xfsbus_publish_memory_request* request,
                                                    int64_t timeout_ms,
                                                    const xfsbus_published** published,
                                                    xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_peer_publish_file(xfsbus_peer* peer,
                                                  const xfsbus_publish_file_request* request,
                                                  int64_t timeout_ms,
                                                  const xfsbus_published** published,
                                                  xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_peer_publish_blocks(xfsbus_peer* peer,
                                                    const xfsbus_publish_blocks_request* request,
                                                    int64_t timeout_ms,
                                                    const xfsbus_published** published,
                                                    xfsbus_error* error);

/* The same as jobs; xfsbus_job_published says what they come to. */
XFSBUS_C_API xfsbus_code
xfsbus_peer_start_publish_memory(xfsbus_peer* peer, const xfsbus_publish_memory_request* request,
                                 xfsbus_job** job, xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_peer_start_publish_file(xfsbus_peer* peer,
                                                        const xfsbus_publish_file_request* request,
                                                        xfsbus_job** job, xfsbus_error* error);
XFSBUS_C_API xfsbus_code
xfsbus_peer_start_publish_blocks(xfsbus_peer* peer, const xfsbus_publish_blocks_request* request,
                                 xfsbus_job** job, xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_job_published(const xfsbus_job* job, int64_t timeout_ms,
                                              const xfsbus_published** published,
                                              xfsbus_error* error);

/* It is not shared any more: whoever fetches it from here is told, and so is the tracker; a reader
 * of it reads nothing more. Then waits for the reads that are under way: when this returns
 * XFSBUS_OK, `release` has been called. After XFSBUS_ERROR_TIMEOUT that comes later.
 * XFSBUS_ERROR_NOT_FOUND: nothing is published under that name. */
XFSBUS_C_API xfsbus_code xfsbus_peer_unpublish(xfsbus_peer* peer, const char* name,
                                               int64_t timeout_ms, xfsbus_error* error);

/* A `release` for programs in languages that are not to be called on threads of the peer: sets the
 * int32_t that `user` points to, which is 0 before, to 1; the program looks at it when it likes. */
XFSBUS_C_API void xfsbus_set_released(void* user);

#ifdef __cplusplus
}
#endif

#endif
