#pragma once

// What the handles of C stand for.
#include "guard.hpp"

#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/job.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/peer/reader.hpp>
#include <xfsbus/xfsbus.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

struct xfsbus_peer {
    std::unique_ptr<xfsbus::peer::Peer> peer;
};

struct xfsbus_events {
    xfsbus::peer::EventQueue queue;
};

struct xfsbus_job {
    std::variant<xfsbus::peer::FindJob, xfsbus::peer::DownloadJob, xfsbus::peer::PushJob,
                 xfsbus::peer::UpdateJob, xfsbus::peer::PolicyJob, xfsbus::peer::ListJob,
                 xfsbus::peer::PublishJob>
        job;
};

struct xfsbus_reader {
    xfsbus::peer::Reader reader;
};

struct xfsbus_stop {
    std::stop_source source;
};

namespace xfsbus::c {

inline peer::Peer& the(xfsbus_peer* handle) {
    return *need(handle, "peer").peer;
}

/// Hands out a handle of what `work` returns.
template <typename Handle, typename Work>
xfsbus_code handed_out(xfsbus_error* error, Handle** to, char const* name,
                       Work const& work) noexcept {
    return guarded(error, [&]() -> std::optional<Error> {
        need(to, name) = nullptr;
        auto made = work();
        if (made) {
            *to = new Handle{std::move(*made)};
            return std::nullopt;
        }
        return made.error();
    });
}

}  // namespace xfsbus::c
