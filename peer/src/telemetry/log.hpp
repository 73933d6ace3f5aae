#pragma once

#include "telemetry/log_events.hpp"

#include <xfsbus/wire/log.hpp>

#include <cstdint>
#include <utility>

namespace xfsbus::peer::telemetry {

/// Where the events of a peer go; nowhere if nobody listens. Reactor thread.
class Log {
  public:
    /// `least`: what is less important is not wanted.
    Log(OnLog on_event, LogLevel least) : on_event_(std::move(on_event)), least_(least) {}

    void operator()(LogEvent const& event) const {
        if (on_event_) {
            on_event_(event);
        }
    }

    /// Whether a transfer of so many bytes that went well is told of.
    [[nodiscard]] bool tells(std::uint64_t bytes) const { return is_told(least_, bytes); }

  private:
    OnLog on_event_;
    LogLevel least_;
};

}  // namespace xfsbus::peer::telemetry
