#include "guard.hpp"
#include "handles.hpp"
#include "views.hpp"

#include <xfsbus/peer/events.hpp>
#include <xfsbus/xfsbus.h>

#include <cstdint>
#include <optional>

namespace {

using namespace xfsbus;
using namespace xfsbus::c;

/// Hands out the event that `take` has taken from the queue, if it has one.
template <typename Take>
xfsbus_code taken(xfsbus_events const* events, xfsbus_event const** event, xfsbus_error* error,
                  Take const& take) noexcept {
    return guarded(error, [&]() -> std::optional<Error> {
        auto& to = need(event, "event");
        to = nullptr;
        if (auto const next = take(need(events, "events").queue)) {
            to = new_answer<xfsbus_event>(*next);
        }
        return std::nullopt;
    });
}

}  // namespace

void xfsbus_event_free(xfsbus_event const* event) {
    free_answer(event);
}

void xfsbus_events_free(xfsbus_events* events) {
    delete events;
}

int xfsbus_events_descriptor(xfsbus_events const* events) {
    return events == nullptr ? -1 : events->queue.descriptor();
}

xfsbus_code xfsbus_events_next(xfsbus_events const* events, xfsbus_event const** event,
                               xfsbus_error* error) {
    return taken(events, event, error, [](auto const& queue) { return queue.next(); });
}

xfsbus_code xfsbus_events_wait(xfsbus_events const* events, int64_t timeout_ms,
                               xfsbus_event const** event, xfsbus_error* error) {
    return taken(events, event, error,
                 [&](auto const& queue) { return queue.wait(wait_of(timeout_ms)); });
}
