/* A member of the bus in a C program: shares a directory, finds files, fetches them. Plain C99,
 * also for C++ and for other languages, which can declare all of it: there are no macros that are
 * needed, and no callbacks but of what a program publishes (xfsbus/c/publish.h), of the log
 * (xfsbus/c/log.h) and of policies of its own (xfsbus/c/policy.h). docs/EMBEDDING.md has a whole
 * program, and says more on threads, signals and fork.
 *
 * Calls. Each that can fail returns XFSBUS_OK or why not, and fills the error that its last
 * argument points to, also with XFSBUS_OK; NULL: only the code is wanted. NULL where something is
 * needed is XFSBUS_ERROR_USAGE. No exception leaves the library; out of memory is
 * XFSBUS_ERROR_FAILED.
 *
 * Texts are UTF-8 and end with NUL; paths are bytes, as the system has them. None that is handed
 * out is NULL, unless that is said. What is passed in is copied before the call returns, but for
 * the bytes that a program publishes and what its own policies consist of.
 *
 * Ownership. Handles (xfsbus_peer, xfsbus_job, xfsbus_events, xfsbus_reader, xfsbus_stop,
 * xfsbus_log_queue) are freed
 * by the function that ends in _free, once; to free NULL does nothing, and to free twice is a bug
 * of the program. Answers are structs that nobody may write to, and each has its _free, which frees
 * all that it points to. An argument that takes an answer may be NULL: it is not wanted. If the
 * call fails it is set to NULL, unless that is said.
 *
 * Structs begin with their size in bytes, and only grow at their end. Those that the program fills
 * in (xfsbus_options, xfsbus_open_options, ..._request) are zero but for `size` and what it wants:
 * nought is the default everywhere. A library that is newer takes what is missing for nought; one
 * that is older refuses what it does not know unless that is nought (XFSBUS_ERROR_USAGE). In an
 * answer `size` says how much is there.
 *
 * Time. A timeout_ms below nought: as long as it takes; 0: do not wait.
 *
 * Threads. All functions may be called on any thread, at the same time, but that nobody else uses
 * what is freed. A call that waits for a peer may be under way when the peer is freed: it is
 * answered with XFSBUS_ERROR_ENDED or, where a download had begun, XFSBUS_ERROR_INTERRUPTED. */
#ifndef XFSBUS_XFSBUS_H
#define XFSBUS_XFSBUS_H

#include <xfsbus/c/answers.h>
#include <xfsbus/c/base.h>
#include <xfsbus/c/events.h>
#include <xfsbus/c/job.h>
#include <xfsbus/c/log.h>
#include <xfsbus/c/peer.h>
#include <xfsbus/c/policy.h>
#include <xfsbus/c/publish.h>
#include <xfsbus/c/reader.h>
#include <xfsbus/c/requests.h>
#include <xfsbus/c/status.h>

#endif
