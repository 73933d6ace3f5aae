#include "guard.hpp"
#include "handles.hpp"
#include "requests.hpp"
#include "views.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/xfsbus.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace {

using namespace xfsbus;
using namespace xfsbus::c;

/// Hands out a handle of the job that `start` begins.
template <typename Start>
xfsbus_code begun(xfsbus_error* error, xfsbus_job** job, Start const& start) noexcept {
    return handed_out(error, job, "job", [&] { return Result(start()); });
}

std::uint16_t port_to_ask(std::uint32_t port) {
    return port > std::numeric_limits<std::uint16_t>::max() ? std::uint16_t{0}
                                                            : static_cast<std::uint16_t>(port);
}

}  // namespace

xfsbus_code xfsbus_peer_start(xfsbus_options const* options, xfsbus_peer** peer,
                              xfsbus_error* error) {
    return handed_out(error, peer, "peer", [&] { return peer::Peer::start(options_of(options)); });
}

void xfsbus_peer_free(xfsbus_peer* peer) {
    delete peer;
}

// ---- jobs ----

xfsbus_code xfsbus_peer_events(xfsbus_peer* peer, xfsbus_events** events, xfsbus_error* error) {
    return handed_out(error, events, "events", [&] { return the(peer).events(); });
}

xfsbus_code xfsbus_peer_lasting_events(xfsbus_peer* peer, xfsbus_events** events,
                                       xfsbus_error* error) {
    return handed_out(error, events, "events", [&] { return the(peer).lasting_events(); });
}

xfsbus_code xfsbus_peer_start_find(xfsbus_peer* peer, char const* name, xfsbus_job** job,
                                   xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_find(need_text(name, "name")); });
}

xfsbus_code xfsbus_peer_start_list(xfsbus_peer* peer, char const* pattern, xfsbus_job** job,
                                   xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_list(need_text(pattern, "pattern")); });
}

xfsbus_code xfsbus_peer_start_subscribe(xfsbus_peer* peer, char const* pattern, xfsbus_job** job,
                                        xfsbus_error* error) {
    return begun(error, job,
                 [&] { return the(peer).start_subscribe(need_text(pattern, "pattern")); });
}

xfsbus_code xfsbus_peer_start_subscription(xfsbus_peer* peer,
                                           xfsbus_subscribe_request const* request,
                                           xfsbus_job** job, xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_subscribe(request_of(request)); });
}

xfsbus_code xfsbus_peer_start_download(xfsbus_peer* peer, xfsbus_download_request const* request,
                                       xfsbus_job** job, xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_download(request_of(request)); });
}

xfsbus_code xfsbus_peer_start_push(xfsbus_peer* peer, xfsbus_push_request const* request,
                                   xfsbus_job** job, xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_push(request_of(request)); });
}

xfsbus_code xfsbus_peer_start_update(xfsbus_peer* peer, xfsbus_job** job, xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_update(); });
}

xfsbus_code xfsbus_peer_start_load_policy(xfsbus_peer* peer, char const* spec, xfsbus_job** job,
                                          xfsbus_error* error) {
    return begun(error, job, [&] { return the(peer).start_load_policy(need_text(spec, "spec")); });
}

// ---- the same, waited for ----

xfsbus_code xfsbus_peer_find(xfsbus_peer* peer, char const* name, int64_t timeout_ms,
                             xfsbus_found_list const** found, xfsbus_error* error) {
    return answered(error, found,
                    [&] { return the(peer).find(need_text(name, "name"), wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_listing(xfsbus_peer* peer, char const* pattern, int64_t timeout_ms,
                                xfsbus_listing const** listing, xfsbus_error* error) {
    return answered(error, listing, [&] {
        return the(peer).list(need_text(pattern, "pattern"), wait_of(timeout_ms));
    });
}

xfsbus_code xfsbus_peer_download(xfsbus_peer* peer, xfsbus_download_request const* request,
                                 int64_t timeout_ms, xfsbus_report const** report,
                                 xfsbus_error* error) {
    return answered(error, report, [&] {
        return the(peer).download(request_of(request), {}, wait_of(timeout_ms));
    });
}

xfsbus_code xfsbus_peer_push(xfsbus_peer* peer, xfsbus_push_request const* request,
                             int64_t timeout_ms, xfsbus_pushed const** pushed,
                             xfsbus_error* error) {
    return answered(error, pushed,
                    [&] { return the(peer).push(request_of(request), {}, wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_update(xfsbus_peer* peer, int64_t timeout_ms,
                               xfsbus_summary const** summary, xfsbus_error* error) {
    return answered(error, summary, [&] { return the(peer).update_list(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_load_policy(xfsbus_peer* peer, char const* spec, int64_t timeout_ms,
                                    xfsbus_policy_info const** info, xfsbus_error* error) {
    return answered(error, info, [&] {
        return the(peer).load_policy(need_text(spec, "spec"), wait_of(timeout_ms));
    });
}

// ---- waits ----

xfsbus_code xfsbus_peer_wait_for_tracker(xfsbus_peer* peer, int64_t timeout_ms,
                                         xfsbus_error* error) {
    return guarded(error,
                   [&] { return error_of(the(peer).wait_for_tracker(wait_of(timeout_ms))); });
}

xfsbus_code xfsbus_peer_wait_until_shared(xfsbus_peer* peer, int64_t timeout_ms,
                                          xfsbus_summary const** summary, xfsbus_error* error) {
    return answered(error, summary,
                    [&] { return the(peer).wait_until_shared(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_wait_until_scanned(xfsbus_peer* peer, int64_t timeout_ms,
                                           xfsbus_summary const** summary, xfsbus_error* error) {
    return answered(error, summary,
                    [&] { return the(peer).wait_until_scanned(wait_of(timeout_ms)); });
}

// ---- what there is ----

xfsbus_code xfsbus_peer_peers(xfsbus_peer* peer, int64_t timeout_ms, xfsbus_peer_list const** list,
                              xfsbus_error* error) {
    return answered(error, list, [&] { return the(peer).peers(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_files(xfsbus_peer* peer, int64_t timeout_ms, xfsbus_file_list const** list,
                              xfsbus_error* error) {
    return answered(error, list, [&] { return the(peer).files(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_status(xfsbus_peer* peer, int64_t timeout_ms, xfsbus_status const** status,
                               xfsbus_error* error) {
    return answered(error, status, [&] { return the(peer).status(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_load(xfsbus_peer* peer, char const* host, uint32_t port, int64_t timeout_ms,
                             uint32_t* load, xfsbus_error* error) {
    return guarded(error, [&] {
        auto& to = need(load, "load");
        auto const answer =
            the(peer).get_load(need_text(host, "host"), port_to_ask(port), wait_of(timeout_ms));
        to = answer ? *answer : 0;
        return error_of(answer);
    });
}

xfsbus_code xfsbus_peer_policy(xfsbus_peer* peer, int64_t timeout_ms,
                               xfsbus_policy_info const** info, xfsbus_error* error) {
    return answered(error, info, [&] { return the(peer).policy(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_chunk_order(xfsbus_peer* peer, int64_t timeout_ms,
                                    xfsbus_policy_info const** info, xfsbus_error* error) {
    return answered(error, info, [&] { return the(peer).chunk_order(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_upload_policy(xfsbus_peer* peer, int64_t timeout_ms,
                                      xfsbus_policy_info const** info, xfsbus_error* error) {
    return answered(error, info, [&] { return the(peer).upload_policy(wait_of(timeout_ms)); });
}

xfsbus_code xfsbus_peer_rescan(xfsbus_peer* peer, xfsbus_error* error) {
    return guarded(error, [&]() -> std::optional<Error> {
        the(peer).rescan();
        return std::nullopt;
    });
}

// ---- answers ----

void xfsbus_found_list_free(xfsbus_found_list const* list) {
    free_answer(list);
}

void xfsbus_policy_info_free(xfsbus_policy_info const* info) {
    free_answer(info);
}

void xfsbus_report_free(xfsbus_report const* report) {
    free_answer(report);
}

void xfsbus_pushed_free(xfsbus_pushed const* pushed) {
    free_answer(pushed);
}

void xfsbus_summary_free(xfsbus_summary const* summary) {
    free_answer(summary);
}

void xfsbus_peer_list_free(xfsbus_peer_list const* list) {
    free_answer(list);
}

void xfsbus_file_list_free(xfsbus_file_list const* list) {
    free_answer(list);
}

void xfsbus_listing_free(xfsbus_listing const* listing) {
    free_answer(listing);
}

void xfsbus_status_free(xfsbus_status const* status) {
    free_answer(status);
}
