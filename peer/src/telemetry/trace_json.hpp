#pragma once

#include "telemetry/trace_record.hpp"

#include <cstdint>
#include <string>

namespace xfsbus::peer::telemetry {

/// A record as a line of a trace, with its end: one JSON object. docs/POLICIES.md lists the fields.
[[nodiscard]] std::string to_line(TraceRecord const& record);

/// The last line of a trace that came to its end.
[[nodiscard]] std::string end_line(std::uint64_t records, std::uint64_t dropped);

}  // namespace xfsbus::peer::telemetry
