#pragma once

#include "json_events.hpp"
#include "trace_story.hpp"

#include <string>

namespace xfsbus::console {

/// Why a download went as it did, for people: a table of its sources, and sentences. Ends with the
/// last line's end. What comes from the trace is escaped.
std::string explanation(TransferStory const& story);

/// The same for --json.
Json to_json(TransferStory const& story);

}  // namespace xfsbus::console
