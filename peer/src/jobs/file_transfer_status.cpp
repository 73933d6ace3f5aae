// How a FileTransfer stands.
#include "jobs/file_transfer.hpp"

#include <xfsbus/swarm/content_state.hpp>

namespace xfsbus::peer::jobs {
namespace {

/// The first of them.
std::vector<ByteRange> ranges_of(swarm::ContentState const& content) {
    std::vector<ByteRange> ranges;
    auto const& layout = content.layout();
    for (std::uint32_t chunk = 0; chunk < layout.chunks; ++chunk) {
        if (!content.has().contains(chunk)) {
            continue;
        }
        auto const begin = layout.offset(chunk);
        if (ranges.empty() || ranges.back().end != begin) {
            if (ranges.size() == FileProgress::ranges_most) {
                break;
            }
            ranges.push_back({begin, begin});
        }
        ranges.back().end += layout.length(chunk);
    }
    return ranges;
}

}  // namespace

DownloadedFile FileTransfer::report_of_session() const {
    auto const progress = runner_->session().download().progress(parts_.scheduler.now());
    DownloadedFile report;
    report.bytes_resumed = progress.bytes_resumed;
    report.bytes_duplicate = progress.bytes_duplicate;
    report.chunks_rejected = progress.chunks_rejected;
    report.chunks_surplus = progress.chunks_surplus;
    report.changed = progress.changed;
    report.seconds_waited = std::chrono::duration<double>(progress.waited).count();
    report.seconds_stalled = std::chrono::duration<double>(progress.stalled).count();
    report.sources = runner_->source_status();
    return report;
}

DownloadStatus FileTransfer::status() const {
    DownloadStatus status;
    status.name = target_.name;
    status.content = wire::to_hex(target_.content);
    status.bytes_total = target_.manifest->file_bytes;
    if (runner_) {
        auto const progress = runner_->session().download().progress(parts_.scheduler.now());
        status.bytes_done = progress.bytes_stored;
        status.bytes_duplicate = progress.bytes_duplicate;
        status.chunks_rejected = progress.chunks_rejected;
        status.bytes_per_second = rate_.bytes_per_second();
        status.seconds_waited = std::chrono::duration<double>(progress.waited).count();
        status.sources = runner_->source_status();
    }
    return status;
}

FileProgress FileTransfer::progress() const {
    FileProgress progress;
    progress.name = target_.name;
    progress.bytes_total = target_.manifest->file_bytes;
    if (runner_) {
        auto const current = runner_->session().download().progress(parts_.scheduler.now());
        progress.bytes_done = current.bytes_stored;
        progress.sources = current.sources_active;
        progress.bytes_per_second = rate_.bytes_per_second();
        progress.ranges = ranges_of(*content_);
    }
    return progress;
}

}  // namespace xfsbus::peer::jobs
