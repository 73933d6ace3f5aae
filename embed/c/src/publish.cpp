#include "guard.hpp"
#include "handles.hpp"
#include "requests.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/xfsbus.h>

#include <atomic>
#include <cstdint>
#include <optional>

namespace {

using namespace xfsbus;
using namespace xfsbus::c;

/// The request comes first: what it hands over is released whatever comes next.
template <typename Request>
xfsbus_code published_by(xfsbus_peer* peer, Request const* given, std::int64_t timeout_ms,
                         xfsbus_published const** published, xfsbus_error* error) {
    return answered(error, published, [&] {
        auto const request = request_of(given);
        return the(peer).publish(request, wait_of(timeout_ms));
    });
}

template <typename Request>
xfsbus_code begun_publishing(xfsbus_peer* peer, Request const* given, xfsbus_job** job,
                             xfsbus_error* error) {
    if (job != nullptr) {
        *job = nullptr;
    }
    return guarded(error, [&]() -> std::optional<Error> {
        auto const request = request_of(given);
        auto& to = need(job, "job");  // before anything is begun
        to = new xfsbus_job{the(peer).start_publish(request)};
        return std::nullopt;
    });
}

}  // namespace

void xfsbus_published_free(xfsbus_published const* published) {
    free_answer(published);
}

xfsbus_code xfsbus_peer_publish_memory(xfsbus_peer* peer,
                                       xfsbus_publish_memory_request const* request,
                                       int64_t timeout_ms, xfsbus_published const** published,
                                       xfsbus_error* error) {
    return published_by(peer, request, timeout_ms, published, error);
}

xfsbus_code xfsbus_peer_publish_file(xfsbus_peer* peer, xfsbus_publish_file_request const* request,
                                     int64_t timeout_ms, xfsbus_published const** published,
                                     xfsbus_error* error) {
    return published_by(peer, request, timeout_ms, published, error);
}

xfsbus_code xfsbus_peer_publish_blocks(xfsbus_peer* peer,
                                       xfsbus_publish_blocks_request const* request,
                                       int64_t timeout_ms, xfsbus_published const** published,
                                       xfsbus_error* error) {
    return published_by(peer, request, timeout_ms, published, error);
}

xfsbus_code xfsbus_peer_start_publish_memory(xfsbus_peer* peer,
                                             xfsbus_publish_memory_request const* request,
                                             xfsbus_job** job, xfsbus_error* error) {
    return begun_publishing(peer, request, job, error);
}

xfsbus_code xfsbus_peer_start_publish_file(xfsbus_peer* peer,
                                           xfsbus_publish_file_request const* request,
                                           xfsbus_job** job, xfsbus_error* error) {
    return begun_publishing(peer, request, job, error);
}

xfsbus_code xfsbus_peer_start_publish_blocks(xfsbus_peer* peer,
                                             xfsbus_publish_blocks_request const* request,
                                             xfsbus_job** job, xfsbus_error* error) {
    return begun_publishing(peer, request, job, error);
}

xfsbus_code xfsbus_peer_unpublish(xfsbus_peer* peer, char const* name, int64_t timeout_ms,
                                  xfsbus_error* error) {
    return guarded(error, [&] {
        return error_of(the(peer).unpublish(need_text(name, "name"), wait_of(timeout_ms)));
    });
}

void xfsbus_set_released(void* user) {
    if (user != nullptr) {
        std::atomic_ref(*static_cast<int32_t*>(user)).store(1);
    }
}
