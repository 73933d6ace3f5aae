// How a FileTransfer stands.
#include "jobs/file_transfer.hpp"

#include <xfsbus/swarm/content_state.hpp>

namespace xfsbus::peer::jobs {
namespace {

SourceState state_of(swarm::DownloadSourceReport const& source) {
    using State = swarm::DownloadSource::State;
    switch (source.standing) {
        case State::active:
            return SourceState::active;
        case State::resting:
            return source.is_busy ? SourceState::busy : SourceState::resting;
        case State::lost:
            return SourceState::lost;
        case State::out:
            return SourceState::out;
        default:
            return SourceState::idle;
    }
}

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

std::vector<SourceStatus> FileTransfer::source_status() const {
    std::vector<SourceStatus> all;
    for (auto const& [id, known] : session_->download().sources().all()) {
        auto source = swarm::report_of(known, parts_.scheduler.now());
        all.push_back({.endpoint = std::move(source.endpoint),
                       .bytes = source.bytes,
                       .bytes_duplicate = source.bytes_duplicate,
                       .chunks_rejected = source.chunks_rejected,
                       .bytes_per_second = source.bytes_per_second,
                       .credit_bytes = source.window_bytes,
                       .outstanding_bytes = source.outstanding_bytes,
                       .state = state_of(source),
                       .words = std::move(source.state)});
    }
    return all;
}

DownloadedFile FileTransfer::report_of_session() const {
    auto const progress = session_->download().progress(parts_.scheduler.now());
    DownloadedFile report;
    report.bytes_resumed = progress.bytes_resumed;
    report.bytes_duplicate = progress.bytes_duplicate;
    report.chunks_rejected = progress.chunks_rejected;
    report.chunks_surplus = progress.chunks_surplus;
    report.changed = progress.changed;
    report.seconds_waited = std::chrono::duration<double>(progress.waited).count();
    report.seconds_stalled = std::chrono::duration<double>(progress.stalled).count();
    report.sources = source_status();
    return report;
}

DownloadStatus FileTransfer::status() const {
    DownloadStatus status;
    status.name = target_.name;
    status.content = wire::to_hex(target_.content);
    status.bytes_total = target_.manifest->file_bytes;
    if (session_) {
        auto const progress = session_->download().progress(parts_.scheduler.now());
        status.bytes_done = progress.bytes_stored;
        status.bytes_duplicate = progress.bytes_duplicate;
        status.chunks_rejected = progress.chunks_rejected;
        status.bytes_per_second = rate_.bytes_per_second();
        status.seconds_waited = std::chrono::duration<double>(progress.waited).count();
        status.sources = source_status();
    }
    return status;
}

FileProgress FileTransfer::progress() const {
    FileProgress progress;
    progress.name = target_.name;
    progress.bytes_total = target_.manifest->file_bytes;
    if (session_) {
        auto const current = session_->download().progress(parts_.scheduler.now());
        progress.bytes_done = current.bytes_stored;
        progress.sources = current.sources_active;
        progress.bytes_per_second = rate_.bytes_per_second();
        progress.ranges = ranges_of(*content_);
    }
    return progress;
}

}  // namespace xfsbus::peer::jobs
