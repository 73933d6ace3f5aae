#pragma once

#include <xfsbus/peer/peer.hpp>

#include <mutex>
#include <string>

namespace xfsbus::console {

/// One line on stderr that shows how a download goes, drawn over itself. Only for a terminal.
/// Any thread.
class ProgressBar {
  public:
    void draw(peer::DownloadProgress const& progress);
    /// Removes the line, so that something else can be written.
    void clear();

  private:
    std::mutex mutex_;
    bool drawn_ = false;
};

/// The text of the line for a terminal of so many columns.
std::string progress_line(peer::DownloadProgress const& progress, std::size_t columns);

}  // namespace xfsbus::console
