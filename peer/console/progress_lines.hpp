#pragma once

#include "terminal_text.hpp"

#include <xfsbus/peer/peer.hpp>

#include <string>
#include <vector>

namespace xfsbus::console {

/// How a download goes, for a terminal of this size: a line for it, and above that, if it is one of
/// several files, a line for each that is in progress, as far as there is room. No line is wider
/// than the terminal less one column, where the cursor stays.
std::vector<std::string> progress_lines(peer::DownloadProgress const& progress,
                                        TerminalSize const& size);

/// The rows of a list for which there is room above the last line: all, or so many that one is left
/// to say how many more there are.
std::size_t rows_shown(std::size_t rows, TerminalSize const& size);

}  // namespace xfsbus::console
