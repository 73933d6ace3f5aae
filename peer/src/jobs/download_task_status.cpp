// What a DownloadTask tells of itself.
#include "jobs/download_task.hpp"

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto progress_every = std::chrono::milliseconds(100);
constexpr auto rate_window = std::chrono::seconds(3);

}  // namespace

DownloadProgress DownloadTask::progress() const {
    DownloadProgress progress;
    progress.name = order_.query;
    progress.bytes_done = bytes_done_;
    progress.bytes_total = bytes_total_;
    progress.files_done = report_.files.size();
    progress.files_total = files_total_;
    for (auto const& [key, running] : running_) {
        auto file = running.transfer->progress();
        progress.bytes_done += file.bytes_done;
        progress.sources = std::max(progress.sources, file.sources);
        progress.running.push_back(std::move(file));
    }
    for (auto const& [number, bundle] : bundles_) {
        auto const sources = bundle.transfer->sources_active();
        progress.sources = std::max(progress.sources, sources);
        for (auto const& ready : bundle.files) {
            auto& file = progress.running.emplace_back();
            file.name = target_name(ready.file);
            file.bytes_total = ready.file.size;
            file.sources = sources;
        }
    }
    std::ranges::sort(progress.running, {}, &FileProgress::name);
    return progress;
}

std::vector<DownloadStatus> DownloadTask::status() const {
    std::vector<DownloadStatus> files;
    for (auto const& [key, running] : running_) {
        files.push_back(running.transfer->status());
    }
    for (auto const& [number, bundle] : bundles_) {
        for (auto const& ready : bundle.files) {
            auto& file = files.emplace_back();
            file.name = target_name(ready.file);
            file.content = wire::to_hex(ready.file.content);
            file.bytes_total = ready.file.size;
            file.sources = bundle.transfer->source_status();
        }
    }
    return files;
}

void DownloadTask::report_progress() {
    progress_timer_.reset();
    if (over_ || !order_.on_progress) {
        return;
    }
    auto current = progress();
    auto const now = parts_.network.scheduler.now();
    auto fetched = report_.bytes_fetched;
    for (auto const& [key, running] : running_) {
        fetched += running.transfer->bytes_fetched();
    }
    history_.emplace_back(now, fetched);
    while (history_.size() > 2 && now - history_.front().first > rate_window) {
        history_.pop_front();
    }
    auto const& [since, bytes] = history_.front();
    if (now > since) {
        current.bytes_per_second = static_cast<double>(fetched - bytes) /
                                   std::chrono::duration<double>(now - since).count();
    }
    order_.on_progress(current);
    progress_timer_ = parts_.network.scheduler.at(now + progress_every, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) {
            self->report_progress();
        }
    });
}

}  // namespace xfsbus::peer::jobs
