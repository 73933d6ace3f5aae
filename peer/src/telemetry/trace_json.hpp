#pragma once

#include "telemetry/trace_record.hpp"

#include <string>

namespace xfsbus::peer::telemetry {

/// A record as a line of a trace, with its end: one JSON object. docs/POLICIES.md lists the fields.
[[nodiscard]] std::string to_line(TraceRecord const& record);

}  // namespace xfsbus::peer::telemetry
