/* Something that a peer is doing. A job goes on without its handle, and ends with its peer at the
 * latest; the handle may outlive the peer. xfsbus/xfsbus.h has the rules. */
#ifndef XFSBUS_C_JOB_H
#define XFSBUS_C_JOB_H

#include <xfsbus/c/answers.h>
#include <xfsbus/c/base.h>
#include <xfsbus/c/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfsbus_job xfsbus_job;

/* Frees the handle alone. */
XFSBUS_C_API void xfsbus_job_free(xfsbus_job* job);

/* What events call it by; no two jobs of a peer have the same. 0: NULL was passed. */
XFSBUS_C_API uint64_t xfsbus_job_id(const xfsbus_job* job);

/* 1: it is done; 0: it is not, or NULL was passed. */
XFSBUS_C_API int32_t xfsbus_job_done(const xfsbus_job* job);

/* Waits until it is done, whatever it comes to. XFSBUS_ERROR_TIMEOUT: it goes on. */
XFSBUS_C_API xfsbus_code xfsbus_job_wait(const xfsbus_job* job, int64_t timeout_ms,
                                         xfsbus_error* error);

/* Has it end soon, with XFSBUS_ERROR_INTERRUPTED for what is not done. Does not wait for that. */
XFSBUS_C_API void xfsbus_job_cancel(const xfsbus_job* job);

/* Of a download: whoever reads the file while it comes is at this byte, and reads on from there at
 * this rate as far as the file is here; 0: it stays there until the next call. */
XFSBUS_C_API xfsbus_code xfsbus_job_play(const xfsbus_job* job, uint64_t position,
                                         uint64_t bytes_per_second, xfsbus_error* error);

/* ---- what it comes to ----
 *
 * These wait like xfsbus_job_wait; XFSBUS_ERROR_TIMEOUT while xfsbus_job_done() says 0 means that
 * it goes on. XFSBUS_ERROR_USAGE: it is a job of another kind. */

XFSBUS_C_API xfsbus_code xfsbus_job_found(const xfsbus_job* job, int64_t timeout_ms,
                                          const xfsbus_found_list** found, xfsbus_error* error);

/* XFSBUS_OK only if each file is there. If one is not, its error, the first one's; and the report
 * all the same, unless nothing could be begun. */
XFSBUS_C_API xfsbus_code xfsbus_job_report(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_report** report, xfsbus_error* error);

/* XFSBUS_OK if it could be begun; each target says how it went. */
XFSBUS_C_API xfsbus_code xfsbus_job_pushed(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_pushed** pushed, xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_job_summary(const xfsbus_job* job, int64_t timeout_ms,
                                            const xfsbus_summary** summary, xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_job_policy(const xfsbus_job* job, int64_t timeout_ms,
                                           const xfsbus_policy_info** info, xfsbus_error* error);

/* Of a subscription that was cancelled: the files that it has told of and that are there. */
XFSBUS_C_API xfsbus_code xfsbus_job_listing(const xfsbus_job* job, int64_t timeout_ms,
                                            const xfsbus_listing** listing, xfsbus_error* error);

#ifdef __cplusplus
}
#endif

#endif
