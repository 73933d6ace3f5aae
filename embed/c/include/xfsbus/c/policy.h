/* Policies of the program's own, in place of plug-ins: which source is asked, which chunk comes
 * next, which sink is sent a chunk, and how what the peer publishes is hashed. xfsbus/xfsbus.h has
 * the rules.
 *
 * A policy is the struct that a plug-in exports, xfsbus_descriptor of xfsbus/policies/abi.h: a
 * table of functions, and what creates and destroys the objects that they are called with. That
 * header says what each is asked, what it may answer, how long it may take, and that nothing may be
 * thrown and no longjmp leave it. A plug-in's file that is linked into a program is one, too. It
 * may be of each kind but handout, and of each kind there may be one; it goes before the plug-in
 * that xfsbus_options names.
 *
 * It is guarded as a plug-in is: an operation that fails, an answer that makes no sense and time
 * beyond the budget are counted and made good by the built-in rule (xfsbus_peer_policy, which also
 * says what was last wrong), or end the download with XFSBUS_OPTIONS_STRICT_POLICY. A hash that
 * fails ends what is being hashed. A crash is a crash of the program.
 *
 * Objects. xfsbus_peer_start has one created and destroyed as a trial, on another thread, within
 * 5 s; if that fails it is XFSBUS_ERROR_PLUGIN with the reason. Then there is one for each download
 * and each find (peer-selection), for each file that is fetched (chunk-order), for the peer
 * (upload-choice), or for each hash at work (integrity). Parameters have their default values.
 *
 * Threads. create, destroy and all operations are called on threads of the peer; one object by one
 * at a time, several objects at once. So what `context` points to needs a lock of its own. Within
 * them a call that would wait for a peer is refused (XFSBUS_ERROR_USAGE), and xfsbus_peer_free does
 * not wait; jobs may be started and cancelled. */
#ifndef XFSBUS_C_POLICY_H
#define XFSBUS_C_POLICY_H

#include <xfsbus/policies/abi.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For xfsbus_options.own_policies. The struct itself is copied by xfsbus_peer_start. */
typedef struct xfsbus_own_policy {
    size_t size;
    /* It, its operations and its parameters stay as they are until `release` is called; without
     * one, as long as the process. Several peers may have the same. */
    const xfsbus_descriptor* descriptor;
    void* context; /* what create finds as xfsbus_services.context */
    /* Called once, when no object is left and none will be created any more: when the last one of a
     * policy that another has been loaded for is gone, at the end of xfsbus_peer_free at the
     * latest, or before xfsbus_peer_start returns if that fails; later only if an object does not
     * come back from a call. On any thread. Not called if `size` makes no sense. NULL: nothing is
     * to be done. A state made by xfsbus_services.shared may be destroyed after it. */
    void (*release)(void* context);
} xfsbus_own_policy;

#ifdef __cplusplus
}
#endif

#endif
