/* A member of the bus. It runs threads of its own. xfsbus/xfsbus.h has the rules. */
#ifndef XFSBUS_C_PEER_H
#define XFSBUS_C_PEER_H

#include <xfsbus/c/answers.h>
#include <xfsbus/c/base.h>
#include <xfsbus/c/events.h>
#include <xfsbus/c/job.h>
#include <xfsbus/c/requests.h>
#include <xfsbus/c/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfsbus_peer xfsbus_peer;

/* Loads the plug-ins, reads the latency file, binds, starts to share and to register. Does not wait
 * for the tracker. `options` NULL: all as it is by default. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start(const xfsbus_options* options, xfsbus_peer** peer,
                                           xfsbus_error* error);

/* Says good-bye to the tracker, ends all jobs, answers all who wait, and waits for the peer's
 * threads: some milliseconds, or as long as a plug-in or a disk takes. */
XFSBUS_C_API void xfsbus_peer_free(xfsbus_peer* peer);

/* ---- jobs, which go on by themselves; `job` is to be freed ---- */

/* The queue of events; it begins with the first call, and before it nothing is kept. Each call
 * gives a handle of the same queue. */
XFSBUS_C_API xfsbus_code xfsbus_peer_events(xfsbus_peer* peer, xfsbus_events** events,
                                            xfsbus_error* error);

/* The same queue, without events of single files and of peers, of which there may be thousands a
 * second. Once xfsbus_peer_events was called all are kept. */
XFSBUS_C_API xfsbus_code xfsbus_peer_lasting_events(xfsbus_peer* peer, xfsbus_events** events,
                                                    xfsbus_error* error);

/* Who has it, now: a name, a pattern, or NAME@ID. XFSBUS_ERROR_NOT_FOUND if nobody has. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_find(xfsbus_peer* peer, const char* name,
                                                xfsbus_job** job, xfsbus_error* error);

/* The files that match the pattern, of all peers, in the order of their names, as the tracker knows
 * them: no peer is asked. There may be none. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_list(xfsbus_peer* peer, const char* pattern,
                                                xfsbus_job** job, xfsbus_error* error);

/* The same, and from then on what changes: each file is an XFSBUS_EVENT_LISTING_CHANGED in the
 * queue of events, which is to be opened before. It goes on until it is cancelled, also while the
 * tracker is away or is started anew; an error means that it cannot: XFSBUS_ERROR_USAGE if too many
 * files match. xfsbus_job_listing says what it comes to. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_subscribe(xfsbus_peer* peer, const char* pattern,
                                                     xfsbus_job** job, xfsbus_error* error);

/* The same of what the request says: each peer is an XFSBUS_EVENT_PEER_CHANGED in that queue.
 * XFSBUS_ERROR_USAGE if it is about nothing. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_subscription(xfsbus_peer* peer,
                                                        const xfsbus_subscribe_request* request,
                                                        xfsbus_job** job, xfsbus_error* error);

/* Fetches one file or all that match. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_download(xfsbus_peer* peer,
                                                    const xfsbus_download_request* request,
                                                    xfsbus_job** job, xfsbus_error* error);

/* Asks other peers to fetch one file or all that match, and watches until they have it. Those that
 * were asked go on when it is cancelled. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_push(xfsbus_peer* peer,
                                                const xfsbus_push_request* request,
                                                xfsbus_job** job, xfsbus_error* error);

/* Scans the directory and sends the whole list to the tracker. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_update(xfsbus_peer* peer, xfsbus_job** job,
                                                  xfsbus_error* error);

/* Loads a plug-in, FILE[:key=value,...], and swaps the policy of the kind that it is of. If it is
 * refused (XFSBUS_ERROR_PLUGIN) the old one stays. */
XFSBUS_C_API xfsbus_code xfsbus_peer_start_load_policy(xfsbus_peer* peer, const char* spec,
                                                       xfsbus_job** job, xfsbus_error* error);

/* ---- the same, waited for; when the time is over first the job is cancelled ---- */

XFSBUS_C_API xfsbus_code xfsbus_peer_find(xfsbus_peer* peer, const char* name, int64_t timeout_ms,
                                          const xfsbus_found_list** found, xfsbus_error* error);

/* As xfsbus_peer_start_list. */
XFSBUS_C_API xfsbus_code xfsbus_peer_listing(xfsbus_peer* peer, const char* pattern,
                                             int64_t timeout_ms, const xfsbus_listing** listing,
                                             xfsbus_error* error);

/* What is returned is said at xfsbus_job_report. When the time is over, XFSBUS_ERROR_INTERRUPTED
 * for the files that are not there; what was fetched of them is kept for the next try. */
XFSBUS_C_API xfsbus_code xfsbus_peer_download(xfsbus_peer* peer,
                                              const xfsbus_download_request* request,
                                              int64_t timeout_ms, const xfsbus_report** report,
                                              xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_peer_push(xfsbus_peer* peer, const xfsbus_push_request* request,
                                          int64_t timeout_ms, const xfsbus_pushed** pushed,
                                          xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_peer_update(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_summary** summary, xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_peer_load_policy(xfsbus_peer* peer, const char* spec,
                                                 int64_t timeout_ms,
                                                 const xfsbus_policy_info** info,
                                                 xfsbus_error* error);

/* ---- waits ---- */

/* Until the tracker knows this peer. When the time is over, with what is wrong:
 * XFSBUS_ERROR_TRACKER_UNREACHABLE, or XFSBUS_ERROR_NOT_AUTHORISED if it refuses this peer. */
XFSBUS_C_API xfsbus_code xfsbus_peer_wait_for_tracker(xfsbus_peer* peer, int64_t timeout_ms,
                                                      xfsbus_error* error);

/* Until the first scan is over and the tracker has the list, or refuses it (see
 * xfsbus_status.tracker_trouble). */
XFSBUS_C_API xfsbus_code xfsbus_peer_wait_until_shared(xfsbus_peer* peer, int64_t timeout_ms,
                                                       const xfsbus_summary** summary,
                                                       xfsbus_error* error);

/* Until the first scan is over, whatever the tracker does. */
XFSBUS_C_API xfsbus_code xfsbus_peer_wait_until_scanned(xfsbus_peer* peer, int64_t timeout_ms,
                                                        const xfsbus_summary** summary,
                                                        xfsbus_error* error);

/* ---- what there is ---- */

/* The peers that the tracker knows. */
XFSBUS_C_API xfsbus_code xfsbus_peer_peers(xfsbus_peer* peer, int64_t timeout_ms,
                                           const xfsbus_peer_list** list, xfsbus_error* error);

/* The files that this peer shares; before the end of the first scan there may be more. */
XFSBUS_C_API xfsbus_code xfsbus_peer_files(xfsbus_peer* peer, int64_t timeout_ms,
                                           const xfsbus_file_list** list, xfsbus_error* error);

XFSBUS_C_API xfsbus_code xfsbus_peer_status(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_status** status, xfsbus_error* error);

/* The number of transfers that another peer is busy with. */
XFSBUS_C_API xfsbus_code xfsbus_peer_load(xfsbus_peer* peer, const char* host, uint32_t port,
                                          int64_t timeout_ms, uint32_t* load, xfsbus_error* error);

/* Who decides which source is asked, which chunk is asked for, and which sink is sent a chunk next.
 */
XFSBUS_C_API xfsbus_code xfsbus_peer_policy(xfsbus_peer* peer, int64_t timeout_ms,
                                            const xfsbus_policy_info** info, xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_peer_chunk_order(xfsbus_peer* peer, int64_t timeout_ms,
                                                 const xfsbus_policy_info** info,
                                                 xfsbus_error* error);
XFSBUS_C_API xfsbus_code xfsbus_peer_upload_policy(xfsbus_peer* peer, int64_t timeout_ms,
                                                   const xfsbus_policy_info** info,
                                                   xfsbus_error* error);

/* Scans the directory without waiting for the end. */
XFSBUS_C_API xfsbus_code xfsbus_peer_rescan(xfsbus_peer* peer, xfsbus_error* error);

#ifdef __cplusplus
}
#endif

#endif
