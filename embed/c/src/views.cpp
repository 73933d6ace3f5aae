#include "views.hpp"

#include "codes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace xfsbus::c {
namespace {

/// Of each a view, and where they are.
template <typename From>
auto each(Arena& arena, std::vector<From> const& all) {
    using View = decltype(view(arena, all.front()));
    auto* const pointers = arena.pointers<View>(all.size());
    std::ranges::transform(all, pointers,
                           [&](From const& one) { return arena.keep(view(arena, one)); });
    return pointers;
}

template <typename From>
auto one(Arena& arena, From const& from) {
    return arena.keep(view(arena, from));
}

xfsbus_policy_used const* if_any(Arena& arena,
                                 std::shared_ptr<peer::PolicyUsed const> const& policy) {
    return policy ? one(arena, *policy) : nullptr;
}

std::string text_of(std::vector<std::pair<std::string, std::string>> const& parameters) {
    std::string text;
    for (auto const& [key, value] : parameters) {
        text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
    }
    return text;
}

xfsbus_source_state state_of(peer::SourceState state) {
    switch (state) {
        case peer::SourceState::idle:
            return XFSBUS_SOURCE_STATE_IDLE;
        case peer::SourceState::active:
            return XFSBUS_SOURCE_STATE_ACTIVE;
        case peer::SourceState::busy:
            return XFSBUS_SOURCE_STATE_BUSY;
        case peer::SourceState::resting:
            return XFSBUS_SOURCE_STATE_RESTING;
        case peer::SourceState::lost:
            return XFSBUS_SOURCE_STATE_LOST;
        case peer::SourceState::out:
            break;
    }
    return XFSBUS_SOURCE_STATE_OUT;
}

xfsbus_push_state state_of(peer::PushState state) {
    switch (state) {
        case peer::PushState::asking:
            return XFSBUS_PUSH_STATE_ASKING;
        case peer::PushState::waiting:
            return XFSBUS_PUSH_STATE_WAITING;
        case peer::PushState::fetching:
            return XFSBUS_PUSH_STATE_FETCHING;
        case peer::PushState::there:
            return XFSBUS_PUSH_STATE_THERE;
        case peer::PushState::failed:
            return XFSBUS_PUSH_STATE_FAILED;
        case peer::PushState::refused:
            break;
    }
    return XFSBUS_PUSH_STATE_REFUSED;
}

}  // namespace

xfsbus_found view(Arena& arena, peer::FoundSource const& source) {
    return {.size = sizeof(xfsbus_found),
            .name = arena.text(source.name),
            .content = arena.text(source.content),
            .bytes = source.size,
            .host = arena.text(source.host),
            .labels = arena.text(source.labels),
            .port = source.port,
            .self = source.self,
            .latency_ms = source.latency_ms.value_or(NAN),
            .load = source.load ? std::int64_t{*source.load} : -1,
            .cost = source.cost.value_or(NAN),
            .share_percent = source.share_percent};
}

xfsbus_found_list view(Arena& arena, std::vector<peer::FoundSource> const& sources) {
    return {sizeof(xfsbus_found_list), sources.size(), each(arena, sources)};
}

xfsbus_policy_used view(Arena& arena, peer::PolicyUsed const& policy) {
    return {.size = sizeof(xfsbus_policy_used),
            .name = arena.text(policy.name),
            .version = arena.text(policy.version),
            .hash = arena.text(policy.hash),
            .parameters = arena.text(text_of(policy.parameters)),
            .seed = policy.seed};
}

xfsbus_policy_info view(Arena& arena, peer::PolicyInfo const& policy) {
    return {.size = sizeof(xfsbus_policy_info),
            .used = one(arena, static_cast<peer::PolicyUsed const&>(policy)),
            .kind = arena.text(policy.kind),
            .description = arena.text(policy.description),
            .path = arena.text(policy.path.native()),
            .picks = policy.picks,
            .faults = policy.faults,
            .slow = policy.slow,
            .over_budget = policy.over_budget,
            .fallbacks = policy.fallbacks,
            .seconds = policy.seconds,
            .trouble = arena.text(policy.trouble)};
}

xfsbus_source_use view(Arena& arena, peer::SourceStatus const& source) {
    return {.size = sizeof(xfsbus_source_use),
            .endpoint = arena.text(source.endpoint),
            .words = arena.text(source.words),
            .bytes = source.bytes,
            .bytes_duplicate = source.bytes_duplicate,
            .chunks_rejected = source.chunks_rejected,
            .bytes_per_second = source.bytes_per_second,
            .credit_bytes = source.credit_bytes,
            .outstanding_bytes = source.outstanding_bytes,
            .state = state_of(source.state)};
}

xfsbus_file view(Arena& arena, peer::DownloadedFile const& file) {
    auto const error = file.error.value_or(Error{});
    return {.size = sizeof(xfsbus_file),
            .name = arena.text(file.name),
            .path = arena.text(file.path.native()),
            .content = arena.text(file.content),
            .bytes = file.size,
            .message = arena.text(error.message),
            .code = file.error ? code_of(error.code) : XFSBUS_OK,
            .present = file.present,
            .bytes_fetched = file.bytes_fetched,
            .bytes_resumed = file.bytes_resumed,
            .bytes_duplicate = file.bytes_duplicate,
            .chunks_rejected = file.chunks_rejected,
            .seconds = file.seconds,
            .seconds_waited = file.seconds_waited,
            .seconds_stalled = file.seconds_stalled,
            .sources_count = file.sources.size(),
            .sources = each(arena, file.sources),
            .changed = file.changed};
}

xfsbus_report view(Arena& arena, peer::DownloadReport const& report) {
    return {.size = sizeof(xfsbus_report),
            .files_count = report.files.size(),
            .files = each(arena, report.files),
            .bytes_fetched = report.bytes_fetched,
            .seconds = report.seconds,
            .policy = if_any(arena, report.policy),
            .chunk_order = if_any(arena, report.chunk_order)};
}

xfsbus_range view(Arena&, peer::ByteRange const& range) {
    return {sizeof(xfsbus_range), range.begin, range.end};
}

xfsbus_file_progress view(Arena& arena, peer::FileProgress const& file) {
    return {.size = sizeof(xfsbus_file_progress),
            .name = arena.text(file.name),
            .bytes_done = file.bytes_done,
            .bytes_total = file.bytes_total,
            .bytes_per_second = file.bytes_per_second,
            .sources = file.sources,
            .ranges_count = file.ranges.size(),
            .ranges = each(arena, file.ranges)};
}

xfsbus_progress view(Arena& arena, peer::DownloadProgress const& progress) {
    return {.size = sizeof(xfsbus_progress),
            .name = arena.text(progress.name),
            .bytes_done = progress.bytes_done,
            .bytes_total = progress.bytes_total,
            .files_done = progress.files_done,
            .files_total = progress.files_total,
            .bytes_per_second = progress.bytes_per_second,
            .sources = progress.sources,
            .running_count = progress.running.size(),
            .running = each(arena, progress.running)};
}

xfsbus_push_target view(Arena& arena, peer::PushTarget const& target) {
    return {.size = sizeof(xfsbus_push_target),
            .host = arena.text(target.host),
            .reason = arena.text(target.reason),
            .bytes = target.bytes,
            .seconds = target.seconds,
            .port = target.port,
            .state = state_of(target.state)};
}

xfsbus_pushed_file view(Arena& arena, peer::PushReport const& file) {
    return {.size = sizeof(xfsbus_pushed_file),
            .name = arena.text(file.name),
            .content = arena.text(file.content),
            .bytes = file.size,
            .seconds = file.seconds,
            .targets_count = file.targets.size(),
            .targets = each(arena, file.targets)};
}

xfsbus_pushed view(Arena& arena, peer::PushResult const& pushed) {
    return {.size = sizeof(xfsbus_pushed),
            .files_count = pushed.files.size(),
            .files = each(arena, pushed.files),
            .left_out = pushed.left_out,
            .seconds = pushed.seconds,
            .settled = pushed.settled};
}

xfsbus_push_progress view(Arena& arena, peer::PushProgress const& progress) {
    return {.size = sizeof(xfsbus_push_progress),
            .files = progress.files,
            .files_done = progress.files_done,
            .file = one(arena, progress.file)};
}

xfsbus_published view(Arena& arena, peer::Published const& published) {
    return {.size = sizeof(xfsbus_published),
            .name = arena.text(published.name),
            .content = arena.text(published.content),
            .bytes = published.size,
            .manifest_bytes = published.manifest.size(),
            .manifest = arena.text(published.manifest)};
}

xfsbus_summary view(Arena&, peer::UpdateSummary const& summary) {
    return {.size = sizeof(xfsbus_summary),
            .files = summary.files,
            .bytes = summary.bytes,
            .hashed = summary.hashed,
            .skipped = summary.skipped,
            .links = summary.links,
            .ignored = summary.ignored,
            .private_files = summary.private_files};
}

xfsbus_known_peer view(Arena& arena, peer::KnownPeer const& known) {
    return {.size = sizeof(xfsbus_known_peer),
            .host = arena.text(known.host),
            .labels = arena.text(known.labels),
            .files = known.files,
            .heard_ms_ago = known.heard_ms_ago,
            .port = known.port,
            .load = known.load,
            .self = known.self,
            .id = arena.text(known.id)};
}

xfsbus_peer_list view(Arena& arena, std::vector<peer::KnownPeer> const& peers) {
    return {sizeof(xfsbus_peer_list), peers.size(), each(arena, peers)};
}

xfsbus_shared_file view(Arena& arena, peer::SharedFileInfo const& file) {
    return {.size = sizeof(xfsbus_shared_file),
            .name = arena.text(file.name),
            .content = arena.text(file.content),
            .bytes = file.size};
}

xfsbus_file_list view(Arena& arena, std::vector<peer::SharedFileInfo> const& files) {
    return {sizeof(xfsbus_file_list), files.size(), each(arena, files)};
}

xfsbus_listed_file view(Arena& arena, peer::ListedFile const& file) {
    return {.size = sizeof(xfsbus_listed_file),
            .name = arena.text(file.name),
            .content = arena.text(file.content),
            .bytes = file.size,
            .complete = file.complete,
            .partial = file.partial};
}

xfsbus_listing view(Arena& arena, std::vector<peer::ListedFile> const& files) {
    return {sizeof(xfsbus_listing), files.size(), each(arena, files)};
}

xfsbus_counter view(Arena& arena, CounterValue const& counter) {
    return {.size = sizeof(xfsbus_counter),
            .name = arena.text(counter.name),
            .unit = arena.text(counter.unit),
            .value = counter.value};
}

xfsbus_download_status view(Arena& arena, peer::DownloadStatus const& download) {
    return {.size = sizeof(xfsbus_download_status),
            .name = arena.text(download.name),
            .content = arena.text(download.content),
            .bytes_done = download.bytes_done,
            .bytes_total = download.bytes_total,
            .bytes_duplicate = download.bytes_duplicate,
            .chunks_rejected = download.chunks_rejected,
            .bytes_per_second = download.bytes_per_second,
            .seconds_waited = download.seconds_waited,
            .sources_count = download.sources.size(),
            .sources = each(arena, download.sources)};
}

xfsbus_upload_status view(Arena& arena, peer::UploadStatus const& upload) {
    return {.size = sizeof(xfsbus_upload_status),
            .content = arena.text(upload.content),
            .sink = arena.text(upload.sink),
            .bytes = upload.bytes,
            .bytes_per_second = upload.bytes_per_second,
            .credit_bytes = upload.credit_bytes,
            .queued_chunks = upload.queued_chunks};
}

xfsbus_status view(Arena& arena, peer::PeerStatus const& status) {
    return {.size = sizeof(xfsbus_status),
            .host = arena.text(status.host),
            .tracker = arena.text(status.tracker),
            .tracker_trouble = arena.text(status.tracker_trouble),
            .directory = arena.text(status.directory),
            .scan = one(arena, status.scan),
            .counters_count = status.counters.size(),
            .counters = each(arena, status.counters),
            .downloading_count = status.downloading.size(),
            .downloading = each(arena, status.downloading),
            .uploading_count = status.uploading.size(),
            .uploading = each(arena, status.uploading),
            .policy = arena.text(status.policy),
            .chunk_order = arena.text(status.chunk_order),
            .integrity = arena.text(status.integrity),
            .upload_policy = arena.text(status.upload_policy),
            .port = status.port,
            .tracker_connected = status.tracker_connected};
}

}  // namespace xfsbus::c
