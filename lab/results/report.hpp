#pragma once

#include "results/summary.hpp"

#include <string>

namespace xfsbus::lab::results {

/// One HTML page that needs nothing else, and no network: how the downloads of each policy were
/// spread, makespan and mean with their intervals, regret with the term that binds, bytes between
/// racks. Policies differ by dashes and markers, not by colour alone.
std::string report_of(Summary const& summary);

/// Text as it stands in HTML, also within quotes.
std::string html(std::string const& text);

}  // namespace xfsbus::lab::results
